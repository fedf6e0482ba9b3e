package simd

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// The portable loops compute in float64 and round once, so their bounds are tighter than those
// of the vector paths.

func unary(f func(float64) float64) func(dst, src []float32) {
	return func(dst, src []float32) {
		for i, x := range src {
			dst[i] = float32(f(float64(x)))
		}
	}
}

func biased(f func(float64) float64) func(dst, src, bias []float32) {
	return func(dst, src, bias []float32) {
		for i, x := range src {
			dst[i] = float32(f(float64(x + bias[i])))
		}
	}
}

func slope(f func(float64) float64) func(dst, dy, saved []float32) {
	return func(dst, dy, saved []float32) {
		for i, x := range saved {
			dst[i] = float32(float64(dy[i]) * f(float64(x)))
		}
	}
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

func relu(x float64) float64 { return max(x, 0) }

func leakyReLU(x float64) float64 { return max(x, backend.LeakySlope*x) }

func elu(x float64) float64 {
	if x > 0 {
		return x
	}
	return math.Expm1(x)
}

func normalCDF(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

func normalPDF(x float64) float64 { return math.Exp(-x*x/2) / math.Sqrt(2*math.Pi) }

func gelu(x float64) float64 { return x * normalCDF(x) }

func silu(x float64) float64 { return x * sigmoid(x) }

// step is 1 above 0 and otherwise below.
func step(below float64) func(float64) float64 {
	return func(y float64) float64 {
		if y > 0 {
			return 1
		}
		return below
	}
}

var portableLoops = loops{
	exp: unary(math.Exp), expm1: unary(math.Expm1), log: unary(math.Log), tanh: unary(math.Tanh),
	sigmoid: unary(sigmoid), softplus: unary(softplus), normalCDF: unary(normalCDF), normalPDF: unary(normalPDF),
	relu: unary(relu), leakyReLU: unary(leakyReLU), elu: unary(elu), gelu: unary(gelu), silu: unary(silu),

	tanhBias: biased(math.Tanh), sigmoidBias: biased(sigmoid), softplusBias: biased(softplus),
	reluBias: biased(relu), leakyReLUBias: biased(leakyReLU), eluBias: biased(elu),

	tanhBack:      slope(func(y float64) float64 { return 1 - y*y }),
	sigmoidBack:   slope(func(y float64) float64 { return y * (1 - y) }),
	softplusBack:  slope(func(y float64) float64 { return -math.Expm1(-y) }),
	reluBack:      slope(step(0)),
	leakyReLUBack: slope(step(backend.LeakySlope)),
	eluBack:       slope(func(y float64) float64 { return min(y, 0) + 1 }),
	geluBack:      slope(func(a float64) float64 { return normalCDF(a) + a*normalPDF(a) }),
	siluBack: slope(func(a float64) float64 {
		g := sigmoid(a)
		return g * (1 + a*(1-g))
	}),

	add: func(dst, a, b []float32) {
		for i := range dst {
			dst[i] = a[i] + b[i]
		}
	},
	mul: func(dst, a, b []float32) {
		for i := range dst {
			dst[i] = a[i] * b[i]
		}
	},
	scale: func(dst, src []float32, k float32) {
		for i, x := range src {
			dst[i] = k * x
		}
	},
	axpy: func(dst, src []float32, k float32) {
		for i, x := range src {
			dst[i] += k * x
		}
	},
	dequantise: func(dst []float32, src []uint8, top float32) {
		for i, x := range src {
			dst[i] = float32(x) / top
		}
	},
	addRows: addRows,
	sum: func(x []float32) float64 {
		return inLanes(len(x), func(i int) float64 { return float64(x[i]) })
	},
	sumSquares: func(x []float32) float64 {
		return inLanes(len(x), func(i int) float64 { return float64(x[i]) * float64(x[i]) })
	},
	bceLogits: portableBCE,
	bceLoss: func(logits, target []float32) float64 {
		return inLanes(len(logits), func(i int) float64 { return bce(logits[i], target[i]) })
	},
	squaredError: func(grad, x, target []float32, scale float32) float64 {
		return inLanes(len(x), func(i int) float64 {
			d := x[i] - target[i]
			grad[i] = d * scale
			return float64(d) * float64(d)
		})
	},
	adam: portableAdam,
	sgd: func(p, g []float32, s SGD) {
		for i := range p {
			p[i] -= s.LR * (s.GradScale*g[i] + s.L2*p[i])
		}
	},
	momentum: func(p, g, m []float32, s SGD) {
		for i := range p {
			m[i] = normal(s.Momentum*m[i] + (s.GradScale*g[i] + s.L2*p[i]))
			p[i] -= s.LR * m[i]
		}
	},
	nesterov: func(p, g, m []float32, s SGD) {
		for i := range p {
			x := s.GradScale*g[i] + s.L2*p[i]
			m[i] = normal(s.Momentum*m[i] + x)
			p[i] -= s.LR * (x + s.Momentum*m[i])
		}
	},
}

// inLanes adds f(0), f(1), ... in the order of the vector paths.
func inLanes(n int, f func(i int) float64) float64 {
	var l [lanesOfSum]float64
	for i := range n {
		l[i%lanesOfSum] += f(i)
	}
	return total(&l)
}

// bce is softplus(x) - x t.
func bce(x, t float32) float64 {
	return max(float64(x), 0) - float64(x)*float64(t) + math.Log1p(math.Exp(-math.Abs(float64(x))))
}

func portableBCE(grad, logits, target []float32, scale float32) float64 {
	return inLanes(len(logits), func(i int) float64 {
		x, t := logits[i], target[i]
		grad[i] = float32((sigmoid(float64(x)) - float64(t)) * float64(scale))
		return bce(x, t)
	})
}

// normal is x, or 0 where that is subnormal, as the vector paths have it.
func normal(x float32) float32 {
	if x > -0x1p-126 && x < 0x1p-126 {
		return 0
	}
	return x
}

func portableAdam(p, g, m, v []float32, a Adam) {
	for i := range p {
		x := a.GradScale*g[i] + a.L2*p[i]
		m[i] = normal(a.Beta1*m[i] + a.Rest1*x)
		v[i] = normal(a.Beta2*v[i] + a.Rest2*x*x)
		root := float32(math.Sqrt(float64(v[i])))
		p[i] = p[i] - a.Shrink*p[i] - a.Step*m[i]/(root*a.RootScale+a.Eps)
	}
}

func addRows(sums []float64, src []float32, stride, rows int) {
	for j := range sums {
		x := src[j]
		for r := 1; r < rows; r++ {
			x += src[r*stride+j]
		}
		sums[j] += float64(x)
	}
}
