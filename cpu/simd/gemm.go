package simd

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"gonum.org/v1/gonum/blas"
)

// Gemm computes float32 matrix products. It owns the memory its operands are packed into, which
// grows at first use, so calls after the first of their shape allocate nothing. Calls on one Gemm
// must not overlap.
type Gemm struct {
	path    Path
	pool    *Pool
	kern    *kernels // nil on the Gonum path
	packed  []float32
	scratch []*scratch // one a worker
	job     job

	packTask, tileTask func(worker, i int) // bound once: a method value is an allocation
}

// NewGemm returns products on the given path, spread over pool.
func NewGemm(path Path, pool *Pool) *Gemm {
	g := &Gemm{path: path, pool: pool, kern: kernelsFor(path)}
	for i := 0; i < pool.Workers(); i++ {
		g.scratch = append(g.scratch, newScratch())
	}
	g.packTask, g.tileTask = g.packOne, g.tileOne
	return g
}

// Path is the path the products run on.
func (g *Gemm) Path() Path { return g.path }

// Sgemm computes C = alpha*op(A)*op(B) + beta*C with op(A) m x k, op(B) k x n and C m x n, all
// row-major with leading dimensions lda, ldb and ldc, as gonum's blas.Float32Level3 does, with
// these differences: C is not read if beta is 0, and 0*NaN and 0*Inf are NaN as in cuBLAS. With
// alpha 0, A and B are not read. It panics if the sizes do not fit the slices.
//
// The AVX2 and AVX-512 paths give the same bits: each element is summed in order of k by fused
// multiply-adds in blocks of at most 256 steps, and the blocks are added in order. The
// error is that of such a sum: |error| <= (k+2) * 2^-24 * sum_p |a_ip*b_pj| (Higham, Accuracy
// and Stability of Numerical Algorithms, section 3.1), to first order.
func (g *Gemm) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	g.SgemmThen(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, nil)
}

// SgemmThen is [Gemm.Sgemm] followed by then on all of C, piece by piece while it is in cache.
func (g *Gemm) SgemmThen(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int, then *Epilogue) {
	checkOperand("A", tA, m, k, a, lda)
	checkOperand("B", tB, k, n, b, ldb)
	checkOperand("C", blas.NoTrans, m, n, c, ldc)
	if m == 0 || n == 0 {
		return
	}
	j := &g.job
	*j = job{
		m: m, n: n, k: k, tA: tA != blas.NoTrans, tB: tB != blas.NoTrans, alpha: alpha, beta: beta,
		a: a, b: b, c: c, lda: lda, ldb: ldb, ldc: ldc, then: then, path: g.path,
	}
	switch {
	case alpha == 0 || k == 0:
		scaleMatrix(m, n, beta, c, ldc)
		j.finish(0, m, 0, n)
	case g.kern == nil:
		portable(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
		j.finish(0, m, 0, n)
	default:
		g.blocked()
	}
	*j = job{} // drops the operands
}

// Epilogue is work on C right after the product, done by the worker that finished a piece.
// Every element of C is in exactly one piece. The parts below are done in order.
type Epilogue struct {
	// Bias, of n elements, is added to every row of C.
	Bias []float32
	// Pre, m x n at leading dimension LDPre, gets C with the bias; nil to keep none.
	Pre   []float32
	LDPre int
	// Act is applied to C.
	Act backend.Activation
	// Saved, m x n at leading dimension LDSaved, is what Deriv is a function of: C *= Deriv'(Saved).
	Saved   []float32
	LDSaved int
	Deriv   backend.Activation
	// Done, if not nil, is called for each finished piece C[r0:r1, c0:c1], from several goroutines at once.
	Done func(r0, r1, c0, c1 int)
}

// job is one product on its way.
type job struct {
	m, n, k       int
	tA, tB        bool
	alpha, beta   float32
	a, b, c       []float32
	lda, ldb, ldc int
	then          *Epilogue
	path          Path
	plan          plan
}

// finish runs the epilogue on C[r0:r1, c0:c1].
func (j *job) finish(r0, r1, c0, c1 int) {
	e := j.then
	if e == nil {
		return
	}
	for r := r0; r < r1; r++ {
		e.row(j.path, r, c0, c1, j.c[r*j.ldc+c0:r*j.ldc+c1])
	}
	if e.Done != nil {
		e.Done(r0, r1, c0, c1)
	}
}

// row runs the epilogue on C[r, c0:c1], which is y.
func (e *Epilogue) row(p Path, r, c0, c1 int, y []float32) {
	switch {
	case e.Bias != nil && e.Pre != nil:
		pre := e.Pre[r*e.LDPre+c0:]
		p.Add(pre[:len(y)], y, e.Bias[c0:c1])
		p.Activate(e.Act, y, pre)
	case e.Bias != nil:
		p.ActivateBias(e.Act, y, y, e.Bias[c0:c1])
	default:
		if e.Pre != nil {
			copy(e.Pre[r*e.LDPre+c0:][:len(y)], y)
		}
		if e.Act != backend.Identity {
			p.Activate(e.Act, y, y)
		}
	}
	if e.Deriv != backend.Identity {
		p.Derive(e.Deriv, y, y, e.Saved[r*e.LDSaved+c0:])
	}
}

// checkOperand panics unless x holds op(X) of rows x cols at leading dimension ld.
func checkOperand(name string, t blas.Transpose, rows, cols int, x []float32, ld int) {
	switch t {
	case blas.NoTrans:
	case blas.Trans, blas.ConjTrans:
		rows, cols = cols, rows
	default:
		panic(fmt.Sprintf("simd: Sgemm: bad transpose %q of %s", byte(t), name))
	}
	if rows < 0 || cols < 0 {
		panic(fmt.Sprintf("simd: Sgemm: %s is %d x %d", name, rows, cols))
	}
	if ld < max(1, cols) {
		panic(fmt.Sprintf("simd: Sgemm: %s has %d columns but leading dimension %d", name, cols, ld))
	}
	if rows > 0 && cols > 0 && len(x) < (rows-1)*ld+cols {
		panic(fmt.Sprintf("simd: Sgemm: %s of %d x %d at leading dimension %d needs %d elements, has %d",
			name, rows, cols, ld, (rows-1)*ld+cols, len(x)))
	}
}

// scaleMatrix is C *= beta, writing zeros without reading C if beta is 0.
func scaleMatrix(m, n int, beta float32, c []float32, ldc int) {
	for i := 0; i < m; i++ {
		row := c[i*ldc : i*ldc+n]
		if beta == 0 {
			clear(row)
			continue
		}
		for j := range row {
			row[j] *= beta
		}
	}
}
