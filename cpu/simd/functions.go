package simd

// The functions below set dst[i] = f(src[i]). src is at least as long as dst; they may be the
// same slice and must not overlap otherwise. NaN gives NaN. Error bounds are in units in the last
// place of the true value (denormal ones included) and hold for every float32. In brackets is
// the largest error that TestFunctionsWholeRange has met on the vector paths, over all float32 for exp,
// log, tanh, sigmoid and softplus and over every 101st for the others. The portable path is within 1 ulp.

// Exp is e^x: 0 below -103.97, Inf above 88.72. 2 ulp [1.06].
func (p Path) Exp(dst, src []float32) { p.do().exp(dst, src[:len(dst)]) }

// Expm1 is e^x - 1, accurate near 0; a zero's sign is lost. 3 ulp [1.60].
func (p Path) Expm1(dst, src []float32) { p.do().expm1(dst, src[:len(dst)]) }

// Log is ln x: -Inf at 0 and -0, NaN below. 2 ulp [0.86].
func (p Path) Log(dst, src []float32) { p.do().log(dst, src[:len(dst)]) }

// Sigmoid is 1/(1 + e^-x). 3 ulp [2.40].
func (p Path) Sigmoid(dst, src []float32) { p.do().sigmoid(dst, src[:len(dst)]) }

// NormalCDF is the standard normal's distribution function. 8 ulp [5.39].
func (p Path) NormalCDF(dst, src []float32) { p.do().normalCDF(dst, src[:len(dst)]) }

// NormalPDF is the standard normal's density e^(-x^2/2) / sqrt(2 pi). 4 ulp [2.64].
func (p Path) NormalPDF(dst, src []float32) { p.do().normalPDF(dst, src[:len(dst)]) }

// Add is dst = a + b.
func (p Path) Add(dst, a, b []float32) { p.do().add(dst, a[:len(dst)], b[:len(dst)]) }

// Mul is dst = a * b, elementwise.
func (p Path) Mul(dst, a, b []float32) { p.do().mul(dst, a[:len(dst)], b[:len(dst)]) }

// Scale is dst = k * src.
func (p Path) Scale(dst, src []float32, k float32) { p.do().scale(dst, src[:len(dst)], k) }

// Axpy is dst += k * src, fused on the vector paths.
func (p Path) Axpy(dst, src []float32, k float32) { p.do().axpy(dst, src[:len(dst)], k) }

// Dequantise is dst = float32(src) / top, the same bits on every path.
func (p Path) Dequantise(dst []float32, src []uint8, top float32) {
	p.do().dequantise(dst, src[:len(dst)], top)
}

// AddRows adds the column sums of some rows to sums: sums[j] += sum of src[r*stride+j] over r in [0, rows), rows at
// least 1. A column is added in order in float32, which is why rows should be few. The same bits on every path.
func (p Path) AddRows(sums []float64, src []float32, stride, rows int) {
	if len(sums) > 0 {
		_ = src[(rows-1)*stride+len(sums)-1]
		p.do().addRows(sums, src, stride, rows)
	}
}

// Sum is the sum of x in float64: sixteen sums of every sixteenth element side by side, then a
// fixed tree. The same bits on every path. For the same bits from any number of workers, cut x
// into pieces of a fixed size and add the pieces' sums in order.
func (p Path) Sum(x []float32) float64 { return p.do().sum(x) }

// SumSquares is the sum of the squares of x, like [Path.Sum].
func (p Path) SumSquares(x []float32) float64 { return p.do().sumSquares(x) }
