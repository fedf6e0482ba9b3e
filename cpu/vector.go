package cpu

import "math"

// The functions over slices that an instruction set can speed up. dst may be src;
// both have one length. These compute in float64 and round once.

// block is the elements that functions over slices are chained on: small enough
// for a buffer on the stack.
const block = 256

func expTo(dst, src []float32) {
	for i, a := range src[:len(dst)] {
		dst[i] = float32(math.Exp(float64(a)))
	}
}

func sigmoidTo(dst, src []float32) {
	for i, a := range src[:len(dst)] {
		dst[i] = float32(1 / (1 + math.Exp(-float64(a))))
	}
}

func tanhTo(dst, src []float32) {
	for i, a := range src[:len(dst)] {
		dst[i] = float32(math.Tanh(float64(a)))
	}
}

// softplusTo is log(1 + e^a) without overflow. max is Go's, which keeps NaN.
func softplusTo(dst, src []float32) {
	for i, a := range src[:len(dst)] {
		a := float64(a)
		dst[i] = float32(max(a, 0) + math.Log1p(math.Exp(-math.Abs(a))))
	}
}

func expm1To(dst, src []float32) {
	for i, a := range src[:len(dst)] {
		dst[i] = float32(math.Expm1(float64(a)))
	}
}

// cdfTo is the standard normal's distribution, pdfTo its density.
func cdfTo(dst, src []float32) {
	for i, a := range src[:len(dst)] {
		dst[i] = float32(math.Erfc(float64(a)*(-1/math.Sqrt2)) / 2)
	}
}

func pdfTo(dst, src []float32) {
	const root = 0.3989422804014327 // 1 / sqrt(2 pi)
	for i, a := range src[:len(dst)] {
		a := float64(a)
		dst[i] = float32(root * math.Exp(-a*a/2))
	}
}

// axpy is y += a x.
func axpy(y, x []float32, a float32) {
	for i, v := range x[:len(y)] {
		y[i] += a * v
	}
}

// add is y += x.
func add(y, x []float32) {
	for i, v := range x[:len(y)] {
		y[i] += v
	}
}

// multiply is z = x y.
func multiply(z, x, y []float32) {
	x, y = x[:len(z)], y[:len(z)]
	for i, v := range x {
		z[i] = v * y[i]
	}
}

// times is y = a x.
func times(y, x []float32, a float32) {
	for i, v := range x[:len(y)] {
		y[i] = a * v
	}
}

// squares is the sum of v^2. Four sums hide the latency of an addition.
func squares(v []float32) float64 {
	var s0, s1, s2, s3 float64
	for ; len(v) >= 4; v = v[4:] {
		a, b, c, e := float64(v[0]), float64(v[1]), float64(v[2]), float64(v[3])
		s0 += a * a
		s1 += b * b
		s2 += c * c
		s3 += e * e
	}
	for _, a := range v {
		s0 += float64(a) * float64(a)
	}
	return s0 + s1 + (s2 + s3)
}

// plain is the sum of v.
func plain(v []float32) float64 {
	var s0, s1, s2, s3 float64
	for ; len(v) >= 4; v = v[4:] {
		s0 += float64(v[0])
		s1 += float64(v[1])
		s2 += float64(v[2])
		s3 += float64(v[3])
	}
	for _, a := range v {
		s0 += float64(a)
	}
	return s0 + s1 + (s2 + s3)
}
