package simd

import (
	"fmt"

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
	turned  []float32
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

// Sgemm computes C = alpha*op(A)*op(B) + beta*C with op(A) m x k, op(B) k x n and C m x n, all
// row-major with leading dimensions lda, ldb and ldc, as gonum's blas.Float32Level3 does, with
// these differences: C is not read if beta is 0, and 0*NaN and 0*Inf are NaN as in cuBLAS. With
// alpha 0, A and B are not read. It panics if the sizes do not fit the slices.
//
// The AVX2, AVX-512 and NEON paths give the same bits: each element is summed in order of k by fused
// multiply-adds in blocks of at most 256 steps, and the blocks are added in order. The
// error is that of such a sum: |error| <= (k+2) * 2^-24 * sum_p |a_ip*b_pj| (Higham, Accuracy
// and Stability of Numerical Algorithms, section 3.1), to first order.
func (g *Gemm) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	g.SgemmThen(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, nil)
}

// SgemmThen is [Gemm.Sgemm] followed by then on all of C, piece by piece while it is in cache.
func (g *Gemm) SgemmThen(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int, then Finisher) {
	checkOperand("A", tA, m, k, a, lda)
	checkOperand("B", tB, k, n, b, ldb)
	checkOperand("C", blas.NoTrans, m, n, c, ldc)
	if m == 0 || n == 0 {
		return
	}
	j := &g.job
	*j = job{
		m: m, n: n, k: k, tA: tA != blas.NoTrans, tB: tB != blas.NoTrans, alpha: alpha, beta: beta,
		a: a, b: b, c: c, lda: lda, ldb: ldb, ldc: ldc, then: then,
	}
	switch {
	case alpha == 0 || k == 0:
		scaleMatrix(m, n, beta, c, ldc)
		j.finish(0, m, 0, n)
	case g.kern == nil:
		portable(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
		j.finish(0, m, 0, n)
	default:
		if j.worthTurning() {
			g.turn()
		}
		g.blocked()
	}
	*j = job{} // drops the operands
}

// Finisher is work on a product right after it, done by the worker that finished a piece: on C[r0:r1, c0:c1],
// from several goroutines at once. Every element of C is in exactly one piece.
type Finisher interface{ Finish(r0, r1, c0, c1 int) }

// job is one product on its way.
type job struct {
	m, n, k       int
	tA, tB        bool
	alpha, beta   float32
	a, b, c       []float32
	lda, ldb, ldc int
	out           []float32 // C, where c is its transpose (gemm_turned.go)
	ldout         int
	then          Finisher
	plan          plan
}

// finish hands on a piece of C.
func (j *job) finish(r0, r1, c0, c1 int) {
	if j.then != nil {
		j.then.Finish(r0, r1, c0, c1)
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
