package cpu

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// apply is dst = s(src). dst may be src.
func apply(act backend.Activation, dst, src []float32) {
	switch act {
	case backend.Identity:
		copy(dst, src) // at no cost where dst is src
	case backend.ReLU:
		for i, a := range src[:len(dst)] {
			dst[i] = max(a, 0)
		}
	case backend.LeakyReLU:
		for i, a := range src[:len(dst)] {
			dst[i] = max(a, backend.LeakySlope*a)
		}
	case backend.ELU:
		elu(dst, src)
	case backend.GELU:
		gelu(dst, src)
	case backend.SiLU:
		silu(dst, src)
	case backend.Softplus:
		softplusTo(dst, src)
	case backend.Sigmoid:
		sigmoidTo(dst, src)
	case backend.Tanh:
		tanhTo(dst, src)
	}
}

// elu takes e^a - 1 of the negative elements only, so that none overflows.
func elu(dst, src []float32) {
	var e [block]float32
	for ; len(dst) > 0; dst, src = next(dst), next(src) {
		n := min(block, len(dst))
		for i, a := range src[:n] {
			e[i] = min(a, 0)
		}
		expm1To(e[:n], e[:n])
		for i, a := range src[:n] {
			dst[i] = max(a, 0) + e[i]
		}
	}
}

// gelu is a times the normal distribution of a.
func gelu(dst, src []float32) {
	var g [block]float32
	for ; len(dst) > 0; dst, src = next(dst), next(src) {
		n := min(block, len(dst))
		cdfTo(g[:n], src[:n])
		multiply(dst[:n], src[:n], g[:n])
	}
}

// silu is a times the logistic function of a.
func silu(dst, src []float32) {
	var g [block]float32
	for ; len(dst) > 0; dst, src = next(dst), next(src) {
		n := min(block, len(dst))
		sigmoidTo(g[:n], src[:n])
		multiply(dst[:n], src[:n], g[:n])
	}
}

// next is v after its first block.
func next(v []float32) []float32 { return v[min(block, len(v)):] }

// positive is 1 where v > 0, otherwise 0, without a branch that a processor
// would guess wrong half of the time.
func positive(v float32) float32 {
	// The bits of a positive number are 1 to those of infinity.
	b := uint64(math.Float32bits(v)-1) - 0x7F800000
	return math.Float32frombits(uint32(int64(b)>>63) & 0x3F800000)
}

// derive is dst = dy . s'(v). dst may be dy.
func derive(act backend.Activation, dst, dy, v []float32) {
	v, dy = v[:len(dst)], dy[:len(dst)]
	switch act {
	case backend.Identity:
		copy(dst, dy)
	case backend.ReLU:
		for i, y := range v {
			dst[i] = dy[i] * positive(y)
		}
	case backend.Sigmoid:
		for i, y := range v {
			dst[i] = dy[i] * (y * (1 - y))
		}
	case backend.Tanh:
		for i, y := range v {
			dst[i] = dy[i] * ((1 - y) * (1 + y))
		}
	default:
		var s [block]float32
		for ; len(dst) > 0; dst, dy, v = next(dst), next(dy), next(v) {
			n := min(block, len(dst))
			slope(act, s[:n], v[:n])
			multiply(dst[:n], dy[:n], s[:n])
		}
	}
}

// slope is dst = s'(v), for at most a block of elements.
func slope(act backend.Activation, dst, v []float32) {
	v = v[:len(dst)]
	switch act {
	case backend.Identity:
		fill(dst, 1)
	case backend.ReLU:
		for i, y := range v {
			dst[i] = positive(y)
		}
	case backend.LeakyReLU:
		for i, y := range v {
			dst[i] = backend.LeakySlope + (1-backend.LeakySlope)*positive(y)
		}
	case backend.ELU:
		for i, y := range v {
			dst[i] = min(y, 0) + 1
		}
	case backend.GELU:
		var p [block]float32
		pdfTo(p[:len(v)], v)
		cdfTo(dst, v)
		for i, a := range v {
			dst[i] += a * p[i]
		}
	case backend.SiLU:
		sigmoidTo(dst, v)
		for i, a := range v {
			g := dst[i]
			dst[i] = g * (1 + a*(1-g))
		}
	case backend.Softplus:
		for i, y := range v {
			dst[i] = -y
		}
		expm1To(dst, dst)
		times(dst, dst, -1)
	case backend.Sigmoid:
		for i, y := range v {
			dst[i] = y * (1 - y)
		}
	case backend.Tanh:
		for i, y := range v {
			dst[i] = (1 - y) * (1 + y)
		}
	}
}

// curve is dst = s”(v), for at most a block of elements.
func curve(act backend.Activation, dst, v []float32) {
	v = v[:len(dst)]
	switch act {
	case backend.ELU:
		for i, y := range v {
			dst[i] = (y + 1) * (1 - positive(y))
		}
	case backend.GELU:
		pdfTo(dst, v)
		for i, a := range v {
			dst[i] *= 2 - a*a
		}
	case backend.SiLU:
		sigmoidTo(dst, v)
		for i, a := range v {
			g := dst[i]
			dst[i] = g * (1 - g) * (2 + a*(1-2*g))
		}
	case backend.Softplus:
		for i, y := range v {
			dst[i] = -y
		}
		expm1To(dst, dst)
		for i, e := range dst {
			dst[i] = -e * (1 + e)
		}
	case backend.Sigmoid:
		for i, y := range v {
			dst[i] = y * (1 - y) * (1 - 2*y)
		}
	case backend.Tanh:
		for i, y := range v {
			dst[i] = -2 * y * (1 - y) * (1 + y)
		}
	default:
		clear(dst)
	}
}

func fill(dst []float32, a float32) {
	for i := range dst {
		dst[i] = a
	}
}

// Activate is y = s(x).
func (d *Device) Activate(y, x backend.Tensor, act backend.Activation) {
	if d.begin("Activate", backend.CheckActivate(y, x, act)) {
		d.ops.activate = activateOp{act, d.floats(y), d.floats(x)}
		d.each(&d.ops.activate, y.Len(), heavy)
	}
}

type activateOp struct {
	act  backend.Activation
	y, x []float32
}

func (o *activateOp) part(_, lo, hi int) { apply(o.act, o.y[lo:hi], o.x[lo:hi]) }

// ActivateBack is dx = dy . s'(saved).
func (d *Device) ActivateBack(dx, dy, saved backend.Tensor, act backend.Activation) {
	if !d.begin("ActivateBack", backend.CheckActivateBack(dx, dy, saved, act)) {
		return
	}
	if act == backend.Identity {
		saved = dy // not looked at
	}
	d.ops.derive = deriveOp{act, d.floats(dx), d.floats(dy), d.floats(saved)}
	d.each(&d.ops.derive, dx.Len(), heavy)
}

type deriveOp struct {
	act       backend.Activation
	dx, dy, v []float32
}

func (o *deriveOp) part(_, lo, hi int) { derive(o.act, o.dx[lo:hi], o.dy[lo:hi], o.v[lo:hi]) }
