package cpu

import (
	"math"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu/simd"
)

// updateOps are the operations of this file: see [operations].
type updateOps struct {
	squares squaresOp
	update  updateOp
}

// Check writes the step's loss and gradient norms to the guard.
func (d *Device) check(o backend.Check) {
	if !d.begin("Check", o.Check()) {
		return
	}
	out, g, loss, k := d.sums(o.Guard), d.floats(o.Grads), d.floats(o.Rows), d.clock(o.Clock)
	if !d.ready() || out[backend.GuardStep] != 0 {
		return
	}
	d.ops.sum = sumOp{d, loss}
	out[backend.GuardLoss] = d.sum(&d.ops.sum, len(loss), light) / float64(o.Rows.Rows)
	begin := 0
	for i, end := range o.Ends {
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

func (o *squaresOp) part(s *scratch, i, lo, hi int) {
	o.dev.partials[i] = s.path.SumSquares(o.v[lo:hi])
}

// Update moves the parameters one step.
func (d *Device) update(o backend.Update) {
	if !d.begin("Update", o.Check()) {
		return
	}
	watch, k := d.sums(o.Guard), d.clock(o.Clock)
	u := &d.ops.update
	*u = updateOp{p: d.floats(o.Params), g: d.floats(o.Grads), kind: o.Optimiser.Kind, decayed: o.Optimiser.Decayed}
	if o.Optimiser.Kind.Moments() > 0 {
		u.m = d.floats(o.M)
	}
	if o.Optimiser.Kind.Moments() > 1 {
		u.v = d.floats(o.V)
	}
	if !d.ready() || watch[backend.GuardStep] != 0 {
		return
	}
	u.set(o.Optimiser, k.hyper(), total(watch[backend.GuardNorm:]))
	d.each(u, o.Params.Len(), heavy)
}

type updateOp struct {
	p, g, m, v []float32
	kind       backend.OptimiserKind
	decayed    int
	decay      float32
	adam       simd.Adam // without decay
	sgd        simd.SGD  // without decay
}

// set computes in float64 what the elements share.
func (u *updateOp) set(o backend.Optimiser, h backend.Hyper, norm float64) {
	shrink := float32(1)
	if o.Clip > 0 {
		shrink = float32(min(1, float64(o.Clip)/math.Sqrt(norm)))
	}
	u.decay = o.WeightDecay
	u.sgd = simd.SGD{GradScale: shrink, LR: h.LR, Momentum: h.Momentum}
	u.adam = simd.Adam{
		GradScale: shrink,
		Beta1:     o.Beta1, Rest1: float32(1 - float64(o.Beta1)),
		Beta2: o.Beta2, Rest2: float32(1 - float64(o.Beta2)),
		RootScale: h.Correct2, Eps: o.Eps,
		Step: float32(float64(h.LR) * float64(h.Correct1)),
	}
}

// part parts again where weight decay ends.
func (u *updateOp) part(s *scratch, _, lo, hi int) {
	mid := min(max(u.decayed, lo), hi)
	u.move(s.path, lo, mid, u.decay)
	u.move(s.path, mid, hi, 0)
}

// move is the rule on elements lo to hi, which decay that much.
func (u *updateOp) move(path simd.Path, lo, hi int, decay float32) {
	if lo == hi {
		return
	}
	p, g := u.p[lo:hi], u.g[lo:hi]
	sgd, adam := u.sgd, u.adam
	sgd.L2, adam.L2 = decay, decay
	switch u.kind {
	case backend.SGD:
		path.SGD(p, g, sgd)
	case backend.Momentum:
		path.Momentum(p, g, u.m[lo:hi], sgd)
	case backend.Nesterov:
		path.Nesterov(p, g, u.m[lo:hi], sgd)
	case backend.Adam:
		path.Adam(p, g, u.m[lo:hi], u.v[lo:hi], adam)
	case backend.AdamW:
		adam.L2, adam.Shrink = 0, sgd.LR*decay
		path.Adam(p, g, u.m[lo:hi], u.v[lo:hi], adam)
	}
}
