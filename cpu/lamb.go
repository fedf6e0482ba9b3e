package cpu

import (
	"math"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu/simd"
)

// lambOps are the operations of this file: see [operations].
type lambOps struct {
	lamb lambOp
	axpy axpyOp
}

// UpdateLAMB moves the parameters one step of LAMB, a tensor at a time: its
// moments, direction and norms in one pass, the step in another.
func (d *Device) updateLAMB(o backend.UpdateLAMB) {
	if !d.begin("UpdateLAMB", o.Check()) {
		return
	}
	p, r, mean, square := d.floats(o.Params), d.floats(o.Grads), d.floats(o.M), d.floats(o.V)
	watch, ratios, k := d.sums(o.Guard), d.sums(o.Trust), d.clock(o.Clock)
	if !d.ready() || watch[backend.GuardStep] != 0 {
		return
	}
	h := k.hyper()
	var rule updateOp
	rule.set(o.Optimiser, h, total(watch[backend.GuardNorm:]))
	direction := lambDirection(rule.adam, h)
	begin := 0
	for t, end := range o.Ends {
		n := end - begin
		d.ops.lamb = lambOp{dev: d, p: p[begin:end], r: r[begin:end], m: mean[begin:end], v: square[begin:end],
			adam: direction, decay: o.Optimiser.WeightDecay, decayed: min(max(o.Optimiser.Decayed-begin, 0), n)}
		d.needPartials(2 * maxPieces)
		d.each(&d.ops.lamb, n, heavy)
		pp, rr := total(d.partials[:maxPieces]), total(d.partials[maxPieces:])
		ratios[t] = 1
		if end <= o.Optimiser.Decayed && pp > 0 && rr > 0 {
			ratios[t] = math.Sqrt(pp / rr)
		}
		d.ops.axpy = axpyOp{p[begin:end], r[begin:end], float32(-float64(h.LR) * ratios[t])}
		d.each(&d.ops.axpy, n, light)
		begin = end
	}
}

// lambDirection is a step of Adam made one that, with the gradient in the place
// of the parameters, leaves the direction there: g - 1 g + Correct1 m / (...).
func lambDirection(a simd.Adam, h backend.Hyper) simd.Adam {
	a.Shrink, a.Step = 1, -h.Correct1
	return a
}

type lambOp struct {
	dev        *Device
	p, r, m, v []float32 // of one tensor; r comes in as the gradient
	adam       simd.Adam
	decay      float32
	decayed    int
}

// part leaves |p|^2 and |r|^2 of the piece.
func (o *lambOp) part(s *scratch, i, lo, hi int) {
	p, r := o.p[lo:hi], o.r[lo:hi]
	s.path.Adam(r, r, o.m[lo:hi], o.v[lo:hi], o.adam)
	if n := min(o.decayed, hi) - lo; n > 0 && o.decay != 0 {
		s.path.Axpy(r[:n], p[:n], o.decay)
	}
	o.dev.partials[i] = s.path.SumSquares(p)
	o.dev.partials[maxPieces+i] = s.path.SumSquares(r)
}

// axpyOp is dst += k src.
type axpyOp struct {
	dst, src []float32
	k        float32
}

func (o *axpyOp) part(s *scratch, _, lo, hi int) { s.path.Axpy(o.dst[lo:hi], o.src[lo:hi], o.k) }
