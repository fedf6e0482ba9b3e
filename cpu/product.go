package cpu

import (
	"unsafe"

	"gonum.org/v1/gonum/blas"

	"github.com/aegpu/aegpu/cpu/simd"
)

// product is C = op(A) op(B) + beta C of row-major matrices, C being m x n and k
// the side that is summed over, and then, if it is not nil, all over C. Beta 0 does
// not read C.
func (d *Device) product(c, a, b []float32, m, n, k int, transA, transB bool, beta float32, then simd.Finisher) {
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
	if d.path == simd.Gonum {
		if transB {
			a, b = d.even(0, a), d.even(1, b)
		}
		d.gemm.Sgemm(ta, tb, m, n, k, 1, a, lda, b, ldb, beta, c, n)
		if then != nil {
			d.finishing = finishOp{then, n}
			d.eachRow(&d.finishing, m, n, heavy)
		}
		return
	}
	d.gemm.SgemmThen(ta, tb, m, n, k, 1, a, lda, b, ldb, beta, c, n, then)
}

// finishOp finishes rows.
type finishOp struct {
	then simd.Finisher
	cols int
}

func (o *finishOp) part(_ *scratch, _, lo, hi int) { o.then.Finish(lo, hi, 0, o.cols) }

// even is v, or a copy of it in scratch memory i if it does not start at a cache
// line. The bits of gonum's products depend on where their operands are: with B
// transposed it multiplies rows by a dot product, which begins with the elements
// before the first 16-byte boundary.
func (d *Device) even(i int, v []float32) []float32 {
	if uintptr(unsafe.Pointer(unsafe.SliceData(v)))%line == 0 {
		return v
	}
	if cap(d.moved[i]) < len(v) {
		d.moved[i] = simd.Floats(len(v))
	}
	w := d.moved[i][:len(v)]
	copy(w, v)
	return w
}
