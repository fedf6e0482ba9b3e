package cpu

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// Check writes the step's loss and gradient norms to the guard.
func (d *Device) Check(guard backend.Sums, grads backend.Tensor, ends []int, rows backend.Tensor, c backend.Clock) {
	if !d.begin("Check", backend.CheckCheck(guard, grads, ends, rows)) {
		return
	}
	out, g, loss, k := d.sums(guard), d.floats(grads), d.floats(rows), d.clock(c)
	if !d.ready() || out[backend.GuardStep] != 0 {
		return
	}
	d.ops.sum = sumOp{d, loss}
	out[backend.GuardLoss] = d.sum(&d.ops.sum, len(loss), light) / float64(rows.Rows)
	begin := 0
	for i, end := range ends {
		d.ops.squares = squaresOp{d, g[begin:end]}
		out[backend.GuardNorm+i] = d.sum(&d.ops.squares, end-begin, light)
		begin = end
	}
	for _, x := range out[backend.GuardLoss:] {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			out[backend.GuardStep] = float64(k.Step + 1)
		}
	}
}

type squaresOp struct {
	dev *Device
	v   []float32
}

func (o *squaresOp) part(i, lo, hi int) { o.dev.partials[i] = squares(o.v[lo:hi]) }

// Update moves the parameters one step.
func (d *Device) Update(params, grads, m, v backend.Tensor, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	if !d.begin("Update", backend.CheckUpdate(params, grads, m, v, o, guard)) {
		return
	}
	watch, k := d.sums(guard), d.clock(c)
	u := &d.ops.update
	*u = updateOp{p: d.floats(params), g: d.floats(grads), kind: o.Kind, decayed: o.Decayed}
	if o.Kind.Moments() > 0 {
		u.m = d.floats(m)
	}
	if o.Kind.Moments() > 1 {
		u.v = d.floats(v)
	}
	if !d.ready() || watch[backend.GuardStep] != 0 {
		return
	}
	u.set(o, k.hyper(), total(watch[backend.GuardNorm:]))
	d.each(u, params.Len(), heavy)
}

type updateOp struct {
	p, g, m, v                  []float32
	kind                        backend.OptimiserKind
	decayed                     int
	shrink, lr, momentum, decay float32
	b1, b2, c1, c2, eps         float32
	rest1, rest2                float32 // 1-b1, 1-b2
}

// set computes what one step's elements share, in float64.
func (u *updateOp) set(o backend.Optimiser, h backend.Hyper, norm float64) {
	u.shrink = 1
	if o.Clip > 0 {
		u.shrink = float32(min(1, float64(o.Clip)/math.Sqrt(norm)))
	}
	u.decay, u.lr, u.momentum = o.WeightDecay, h.LR, h.Momentum
	u.b1, u.b2, u.eps = o.Beta1, o.Beta2, o.Eps
	u.rest1, u.rest2 = float32(1-float64(o.Beta1)), float32(1-float64(o.Beta2))
	u.c1, u.c2 = float32(float64(h.LR)*float64(h.Correct1)), h.Correct2
}

// part parts again where weight decay ends.
func (u *updateOp) part(_, lo, hi int) {
	mid := min(max(u.decayed, lo), hi)
	u.move(lo, mid, u.decay)
	u.move(mid, hi, 0)
}

// move is the rule on elements lo to hi, which decay that much.
func (u *updateOp) move(lo, hi int, decay float32) {
	if lo == hi {
		return
	}
	p, g := u.p[lo:hi], u.g[lo:hi]
	switch u.kind {
	case backend.SGD:
		u.sgd(p, g, decay)
	case backend.Momentum:
		u.heavyBall(p, g, u.m[lo:hi], decay)
	case backend.Nesterov:
		u.nesterov(p, g, u.m[lo:hi], decay)
	case backend.Adam:
		u.adam(p, g, u.m[lo:hi], u.v[lo:hi], decay, 0)
	case backend.AdamW:
		u.adam(p, g, u.m[lo:hi], u.v[lo:hi], 0, u.lr*decay)
	}
}

func (u *updateOp) sgd(p, g []float32, decay float32) {
	for i, x := range g[:len(p)] {
		p[i] -= u.lr * (u.shrink*x + decay*p[i])
	}
}

func (u *updateOp) heavyBall(p, g, m []float32, decay float32) {
	m = m[:len(p)]
	for i, x := range g[:len(p)] {
		m[i] = u.momentum*m[i] + (u.shrink*x + decay*p[i])
		p[i] -= u.lr * m[i]
	}
}

func (u *updateOp) nesterov(p, g, m []float32, decay float32) {
	m = m[:len(p)]
	for i, x := range g[:len(p)] {
		x = u.shrink*x + decay*p[i]
		m[i] = u.momentum*m[i] + x
		p[i] -= u.lr * (x + u.momentum*m[i])
	}
}

// adam decays through the gradient and apart from it.
func (u *updateOp) adam(p, g, m, v []float32, decay, apart float32) {
	m, v = m[:len(p)], v[:len(p)]
	for i, x := range g[:len(p)] {
		x = u.shrink*x + decay*p[i]
		m[i] = u.b1*m[i] + u.rest1*x
		v[i] = u.b2*v[i] + u.rest2*x*x
		root := float32(math.Sqrt(float64(v[i])))
		p[i] -= apart*p[i] + u.c1*m[i]/(root*u.c2+u.eps)
	}
}
