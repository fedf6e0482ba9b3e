//go:build cuda

package gpu

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
	"github.com/aegpu/aegpu/gpu/plan"
	"github.com/aegpu/aegpu/kernels"
	"gorgonia.org/cu"
)

// workspaceSize is the memory that cuBLASLt may use inside a product.
const workspaceSize = 32 << 20

// planKey is what the choice of an algorithm depends on.
type planKey struct {
	spec cublaslt.Spec
	bias int // its alignment
}

// keyOf is the product as cuBLASLt sees it. A row-major matrix is its transpose in
// column-major order, so c = op(a) op(b) is c' = op(b)' op(a)': the operands change
// places and shapes turn, and transposes stay with their operand. This is the one
// place where the two orders meet.
func (d *Device) keyOf(q *plan.Product) planKey {
	s := cublaslt.Spec{
		M: q.C.Cols, N: q.C.Rows, K: q.Inner(),
		TransA: q.TransB, LDA: q.B.LD, AlignA: aligned(q.B.At),
		TransB: q.TransA, LDB: q.A.LD, AlignB: aligned(q.A.At),
		LDD: q.C.LD, AlignD: aligned(q.C.At), AuxLD: q.MaskLD,
		Type: typeOf(q.A), TypeD: typeOf(q.C), Compute: cublaslt.Compute32F, Epilogue: epilogueOf(q.Epilogue),
	}
	if q.Precision == TF32 {
		s.Compute = cublaslt.ComputeTF32
	}
	if q.Accumulate {
		s.Beta = 1
	}
	return planKey{s, aligned(q.Bias)}
}

func typeOf(m plan.Matrix) cublaslt.Type {
	if m.Half {
		return cublaslt.BF16
	}
	return cublaslt.F32
}

// epilogueOf is an epilogue as cuBLASLt names it, the operands having changed places.
func epilogueOf(e plan.Epilogue) cublaslt.Epilogue {
	switch e {
	case plan.Bias:
		return cublaslt.Bias
	case plan.ReLU:
		return cublaslt.ReLU
	case plan.Bias | plan.ReLU:
		return cublaslt.ReLUBias
	case plan.ReLU | plan.WriteMask:
		return cublaslt.ReLU | cublaslt.Aux
	case plan.Bias | plan.ReLU | plan.WriteMask:
		return cublaslt.ReLUBias | cublaslt.Aux
	case plan.ApplyMask:
		return cublaslt.DReLU
	case plan.SumA:
		return cublaslt.BGradB
	case plan.SumB:
		return cublaslt.BGradA
	}
	return cublaslt.Plain
}

// aligned is the largest power of two up to 256 that divides where p points. Buffers
// and scratch are memory of their own, which begins on such a boundary.
func aligned(p kernels.Pointer) int {
	at := cu.DevicePtr(p.Offset)
	if b, ok := p.Base.(*block); ok {
		at += b.at
	}
	return int(min(256, (at|256)&-(at|256)))
}

// refused reports whether it is known that the library has no such product.
func (d *Device) refused(q plan.Product) bool {
	algorithm, known := d.plans[d.keyOf(&q)]
	return known && algorithm == nil
}

func (d *Device) planOptions(step bool) plan.Options {
	return plan.Options{Precision: d.options.Precision, Step: step, OneStream: d.options.OneStream, Ranks: d.ranks != nil, SMs: d.sms,
		OnHost: func(m backend.Memory) bool { b, ok := m.(*block); return ok && b.host != nil }}
}

// planned is the plan of a list, for all of whose products there are algorithms. What
// the library refuses is planned without.
func (d *Device) planned(list backend.List, step bool) (*plan.Plan, error) {
	options := d.planOptions(step)
	options.Refused = d.refused
	for {
		p, err := plan.Make(list, options)
		if err != nil {
			return nil, err
		}
		all, err := d.askAll(p)
		if all || err != nil {
			return p, err
		}
	}
}

// askAll has algorithms for the products of a plan, and reports whether there are for
// all of them.
func (d *Device) askAll(p *plan.Plan) (all bool, err error) {
	all = true
	for _, q := range p.Products() {
		key := d.keyOf(q)
		algorithm, known := d.plans[key]
		if !known {
			algorithm, err = d.ask(key, d.like(q.Bias), d.like(q.Mask))
			d.plans[key] = algorithm
		}
		if algorithm == nil && !known && !errors.Is(err, cublaslt.ErrUnsupported) {
			return false, err
		}
		if algorithm == nil && q.Plain() {
			return false, fmt.Errorf("%v: %w", q, err)
		}
		all = all && algorithm != nil
	}
	return all, nil
}

// like is an address like that of the runs to come, 0 for none.
func (d *Device) like(p kernels.Pointer) uintptr {
	if b, ok := p.Base.(*block); ok {
		return uintptr(b.at) + uintptr(p.Offset)
	}
	if p.Base != nil {
		return uintptr(d.workspace.at)
	}
	return 0
}

// ask has the library propose algorithms and chooses one, which has run once when ask
// returns: what the library loads for it is then loaded before a capture begins.
func (d *Device) ask(key planKey, bias, mask uintptr) (*cublaslt.Plan, error) {
	a := &asked{spec: key.spec, bias: key.bias}
	d.asked = append(d.asked, a)
	algorithm, err := d.lt.Plan(key.spec, workspaceSize, bias, mask)
	if _, held := d.held.find(a.product()); err != nil && held {
		a.err = d.unusable("names an algorithm for a product that has none here: %v", err)
		return nil, a.err
	}
	if err != nil {
		a.err = err
		return nil, fmt.Errorf("%w: %w", cublaslt.ErrUnsupported, err)
	}
	a.candidates = algorithm.Candidates()
	err = d.tune(algorithm, a)
	if err == nil {
		err = d.together(algorithm, a)
	}
	if err != nil {
		a.err = err
		algorithm.Free()
		return nil, err
	}
	a.algorithm = algorithm.Algorithm()
	return algorithm, nil
}

// errApart is the error of a derivative that the library makes in a launch after the
// product. On an H100 that launch took up to 20 us for 4 million elements, and with it
// goes the mask that the layer before has to write.
var errApart = fmt.Errorf("a launch of its own, for which there is a faster kernel: %w", cublaslt.ErrUnsupported)

// together refuses the derivative of ReLU where the library makes more launches of it
// than of the product alone. One that is held is taken as it is.
func (d *Device) together(algorithm *cublaslt.Plan, a *asked) error {
	if _, held := d.held.find(a.product()); held || a.spec.Epilogue != cublaslt.DReLU {
		return nil
	}
	plain := a.spec
	plain.Epilogue, plain.AuxLD = cublaslt.Plain, 0
	alone, err := d.lt.Plan(plain, workspaceSize, 0, 0)
	if err != nil {
		return nil // there is nothing in its place
	}
	defer alone.Free()
	var fused, unfused int
	_, err = d.onTrack(a.spec, true, func(t *track) (err error) {
		if fused, err = t.nodes(algorithm); err != nil {
			return err
		}
		t.operands[4] = 0
		unfused, err = t.nodes(alone)
		return err
	})
	if err == nil && fused > unfused {
		err = errApart
	}
	return err
}

// errRefused is the error of a product that the library refuses only when it is
// enqueued.
var errRefused = fmt.Errorf("refused where it was enqueued: %w", cublaslt.ErrUnsupported)

// refuse notes that there is no such product.
func (d *Device) refuse(key planKey, why error) {
	d.plans[key].Free()
	d.plans[key] = nil
	for _, a := range d.asked {
		if (planKey{a.spec, a.bias}) == key && a.err == nil {
			a.err = why
		}
	}
}

func streamOf(s cu.Stream) uintptr { return uintptr(unsafe.Pointer(s.C())) }
