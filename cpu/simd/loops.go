package simd

// loops is one path's elementwise loops. All slices of a call have one length. Scalars go by
// value: a pointer handed to a function value would move to the heap at every call.
type loops struct {
	exp, expm1, log, tanh, sigmoid, softplus, normalCDF, normalPDF func(dst, src []float32)

	relu, leakyReLU, elu, gelu, silu func(dst, src []float32)

	tanhBias, sigmoidBias, softplusBias, reluBias, leakyReLUBias, eluBias func(dst, src, bias []float32)

	tanhBack, sigmoidBack, softplusBack, reluBack, leakyReLUBack, eluBack, geluBack, siluBack func(dst, dy, saved []float32)

	add, mul    func(dst, a, b []float32)
	scale, axpy func(dst, src []float32, k float32)
	dequantise  func(dst []float32, src []uint8, top float32)

	addRows         func(sums []float64, src []float32, stride, rows int)
	sum, sumSquares func(x []float32) float64
	bceLogits       func(grad, logits, target []float32, scale float32) float64
	bceLoss         func(logits, target []float32) float64
	squaredError    func(grad, x, target []float32, scale float32) float64

	adam               func(p, g, m, v []float32, a Adam)
	sgd                func(p, g []float32, s SGD)
	momentum, nesterov func(p, g, m []float32, s SGD)
}

// do returns the loops of p, the portable ones where p has none.
func (p Path) do() *loops {
	if int(p) < len(pathLoops) {
		return pathLoops[p]
	}
	return &portableLoops
}

// lanesOfSum is how many float64 sums run side by side, on every path.
const lanesOfSum = 16

// total adds the side-by-side sums in a fixed tree.
func total(l *[lanesOfSum]float64) float64 {
	for width := lanesOfSum / 2; width > 0; width /= 2 {
		for i := range width {
			l[i] += l[i+width]
		}
	}
	return l[0]
}

// tailDequantise does the elements of dst that do not fill a vector of that many lanes.
func tailDequantise(dst []float32, src []uint8, top float32, lanes int) {
	for i := len(dst) &^ (lanes - 1); i < len(dst); i++ {
		dst[i] = float32(src[i]) / top
	}
}

// tailRows does the columns that do not fill a vector of that many lanes.
func tailRows(sums []float64, src []float32, stride, rows, lanes int) {
	if whole := len(sums) &^ (lanes - 1); whole < len(sums) {
		addRows(sums[whole:], src[whole:], stride, rows)
	}
}
