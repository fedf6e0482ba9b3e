//go:build cuda

package cublaslt

// #include "lt.h"
import "C"

// Epilogue is what happens to a product before it is stored.
type Epilogue uint32

// The epilogues, with the values of cublasLtEpilogue_t. Bias has one element per
// row of D; BGradA and BGradB store the sums of A's rows and of B's columns over k
// there. The mask of a ReLU is one bit per element of D, set where it is
// positive (Aux); DReLU zeroes D where the bit is clear, and DReLUBGrad also stores the
// sums of D's rows.
const (
	Plain      Epilogue = 1
	ReLU       Epilogue = 2
	Bias       Epilogue = 4
	ReLUBias   Epilogue = 6
	Aux        Epilogue = 128 // added to an epilogue with ReLU
	DReLU      Epilogue = 136
	DReLUBGrad Epilogue = 152
	BGradA     Epilogue = 256
	BGradB     Epilogue = 512
)

// HasBias reports whether there is a vector beside D, read or written.
func (e Epilogue) HasBias() bool { return e&(Bias|(DReLUBGrad-DReLU)|BGradA|BGradB) != 0 }

// HasAux reports whether there is a mask.
func (e Epilogue) HasAux() bool { return e&Aux != 0 }

// AuxAlign is what the leading dimension of a ReLU mask is a multiple of, in bits.
const AuxAlign = 128

// Type is the element type of a matrix. A bias is of the type of D.
type Type int

// Element types, with the values of cudaDataType.
const (
	F32  Type = 0
	BF16 Type = 14
)

// Compute is how products are accumulated.
type Compute int

// Compute types, with the values of cublasComputeType_t.
const (
	Compute32F  Compute = 68
	ComputeTF32 Compute = 77
)

// Spec is D (M x N) = op(A) op(B) + Beta D, column-major, op(A): M x K.
type Spec struct {
	M, N, K                int
	LDA, LDB, LDD          int
	TransA, TransB         bool
	Type                   Type // of A and B
	TypeD                  Type // F32, or BF16 where A and B are
	Compute                Compute
	Epilogue               Epilogue
	AuxLD                  int
	AlignA, AlignB, AlignD int // of the operands' addresses, in bytes
	Beta                   float32
}

// Plan is a product with its algorithms, of which one is chosen.
type Plan struct {
	h Handle
	p C.lt_plan
}

func (s Spec) c() C.lt_spec {
	return C.lt_spec{
		m: C.uint64_t(s.M), n: C.uint64_t(s.N), k: C.uint64_t(s.K),
		lda: C.int64_t(s.LDA), ldb: C.int64_t(s.LDB), ldd: C.int64_t(s.LDD),
		trans_a: flag(s.TransA), trans_b: flag(s.TransB),
		_type: C.int(s.Type), type_d: C.int(s.TypeD), compute: C.int(s.Compute),
		epilogue: C.uint(s.Epilogue), aux_ld: C.int64_t(s.AuxLD),
		align_a: C.uint32_t(s.AlignA), align_b: C.uint32_t(s.AlignB), align_d: C.uint32_t(s.AlignD),
		beta: C.float(s.Beta),
	}
}

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

// Plan asks for algorithms of s with at most workspace bytes and chooses the first
// that the library proposes, so that every run uses the same. bias and aux are
// addresses like those of the runs to come, 0 where the epilogue has none.
func (h Handle) Plan(s Spec, workspace int, bias, aux uintptr) (*Plan, error) {
	p := &Plan{h: h}
	cs := s.c()
	if err := result(C.lt_plan_make(h.h, &cs, C.size_t(workspace), C.uintptr_t(bias), C.uintptr_t(aux), &p.p)); err != nil {
		return nil, err
	}
	return p, nil
}

// Candidates is how many algorithms there are to choose from.
func (p *Plan) Candidates() int { return int(p.p.candidates) }

// Choose has the runs to come use candidate i.
func (p *Plan) Choose(i int) { p.p.chosen = C.int(i) }

// Algorithm is what the library calls the chosen candidate, which only the library reads.
func (p *Plan) Algorithm() (opaque [8]uint64) {
	for i, v := range p.p.algo[p.p.chosen] {
		opaque[i] = uint64(v)
	}
	return opaque
}

// Run enqueues the product on a stream. work is the workspace, of size bytes.
func (p *Plan) Run(a, b, d, bias, aux, work uintptr, size int, stream uintptr) error {
	return result(C.lt_plan_run(p.h.h, &p.p, C.uintptr_t(a), C.uintptr_t(b), C.uintptr_t(d), C.uintptr_t(bias),
		C.uintptr_t(aux), C.uintptr_t(work), C.size_t(size), C.uintptr_t(stream)))
}

// Free gives the plan back.
func (p *Plan) Free() { C.lt_plan_free(&p.p) }
