package ref64

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

func sigmoid(a float64) float64 { return 1 / (1 + math.Exp(-a)) }

// softplus is log(1 + e^a) without overflow. max is Go's, which keeps NaN.
func softplus(a float64) float64 { return max(a, 0) + math.Log1p(math.Exp(-math.Abs(a))) }

// cdf and pdf are the standard normal's.
func cdf(a float64) float64 { return math.Erfc(-a/math.Sqrt2) / 2 }
func pdf(a float64) float64 { return math.Exp(-a*a/2) / math.Sqrt(2*math.Pi) }

// function is s(a).
func function(act backend.Activation, a float64) float64 {
	switch act {
	case backend.ReLU:
		return max(0, a)
	case backend.LeakyReLU:
		if a > 0 {
			return a
		}
		return backend.LeakySlope * a
	case backend.ELU:
		if a > 0 {
			return a
		}
		return math.Expm1(a)
	case backend.GELU:
		return a * cdf(a)
	case backend.SiLU:
		return a * sigmoid(a)
	case backend.Softplus:
		return softplus(a)
	case backend.Sigmoid:
		return sigmoid(a)
	case backend.Tanh:
		return math.Tanh(a)
	}
	return a
}

// first is s', a function of what [backend.Activation] says is saved.
func first(act backend.Activation, v float64) float64 {
	switch act {
	case backend.ReLU:
		return pick(v > 0, 1, 0)
	case backend.LeakyReLU:
		return pick(v > 0, 1, backend.LeakySlope)
	case backend.ELU:
		return pick(v > 0, 1, v+1)
	case backend.GELU:
		return cdf(v) + v*pdf(v)
	case backend.SiLU:
		g := sigmoid(v)
		return g * (1 + v*(1-g))
	case backend.Softplus:
		return -math.Expm1(-v)
	case backend.Sigmoid:
		return v * (1 - v)
	case backend.Tanh:
		return 1 - v*v
	}
	return 1
}

// second is the second derivative, a function of the same value.
func second(act backend.Activation, v float64) float64 {
	switch act {
	case backend.ELU:
		return pick(v > 0, 0, v+1)
	case backend.GELU:
		return (2 - v*v) * pdf(v)
	case backend.SiLU:
		g := sigmoid(v)
		return g * (1 - g) * (2 + v*(1-2*g))
	case backend.Softplus:
		return -math.Exp(-v) * math.Expm1(-v)
	case backend.Sigmoid:
		return v * (1 - v) * (1 - 2*v)
	case backend.Tanh:
		return -2 * v * (1 - v*v)
	}
	return 0
}

func pick(yes bool, a, b float64) float64 {
	if yes {
		return a
	}
	return b
}
