package cpu

import (
	"unsafe"

	"gonum.org/v1/gonum/blas"
)

// products is the matrix product of gonum's blas.Float32Level3, under two terms
// more: a zero does not hide a NaN that it is multiplied by, and the bits do not
// depend on where in memory the operands are.
type products interface {
	Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int)
}

// product is C = op(A) op(B) + beta C of row-major matrices, C being m x n and k
// the side that is summed over. Beta 0 does not read C.
func (d *Device) product(c, a, b []float32, m, n, k int, transA, transB bool, beta float32) {
	if !d.ready() {
		return
	}
	ta, lda := blas.NoTrans, k
	if transA {
		ta, lda = blas.Trans, m
	}
	tb, ldb := blas.NoTrans, n
	if transB {
		tb, ldb = blas.Trans, k
	}
	d.gemm.Sgemm(ta, tb, m, n, k, 1, a, lda, b, ldb, beta, c, n)
}

// evenProducts moves the operands of gonum's products to a cache line's start
// where its bits depend on it: where B is transposed, rows are multiplied by a dot
// product, which begins with the elements before the first 16-byte boundary.
type evenProducts struct {
	of   products
	a, b []float32
}

func (e *evenProducts) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	if tB != blas.NoTrans {
		a, b = even(&e.a, a), even(&e.b, b)
	}
	e.of.Sgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

// even is v, or a copy of it in scratch if it does not start at a cache line.
func even(scratch *[]float32, v []float32) []float32 {
	if uintptr(unsafe.Pointer(unsafe.SliceData(v)))%64 == 0 {
		return v
	}
	if cap(*scratch) < len(v) {
		*scratch = aligned(len(v))
	}
	w := (*scratch)[:len(v)]
	copy(w, v)
	return w
}
