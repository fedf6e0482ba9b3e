package simd

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// portable is the product where there is no assembly. gonum leaves out products with a zero
// factor and so loses 0*NaN and 0*Inf: operands with such elements take the plain loop.
func portable(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	if beta == 0 {
		scaleMatrix(m, n, 0, c, ldc)
		beta = 1
	}
	if finite(a, tA, m, k, lda) && finite(b, tB, k, n, ldb) {
		gonum.Implementation{}.Sgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
		return
	}
	at := strides(tA, lda)
	bt := strides(tB, ldb)
	for i := 0; i < m; i++ {
		for j := 0; j < n; j++ {
			var sum float32
			for p := 0; p < k; p++ {
				sum += a[i*at[0]+p*at[1]] * b[p*bt[0]+j*bt[1]]
			}
			c[i*ldc+j] = alpha*sum + beta*c[i*ldc+j]
		}
	}
}

// strides are the distances between rows and between columns of op(X).
func strides(t blas.Transpose, ld int) [2]int {
	if t == blas.NoTrans {
		return [2]int{ld, 1}
	}
	return [2]int{1, ld}
}

// finite says whether op(X) of rows x cols has neither NaN nor Inf.
func finite(x []float32, t blas.Transpose, rows, cols, ld int) bool {
	if t != blas.NoTrans {
		rows, cols = cols, rows
	}
	for i := 0; i < rows; i++ {
		for _, v := range x[i*ld : i*ld+cols] {
			if math.Float32bits(v)&0x7f800000 == 0x7f800000 {
				return false
			}
		}
	}
	return true
}
