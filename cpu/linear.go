package cpu

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu/simd"
)

// Linear is y = s(x W^T + b).
func (d *Device) Linear(y, pre, x, w, b backend.Tensor, act backend.Activation, transposed bool) {
	if !d.begin("Linear", backend.CheckLinear(y, pre, x, w, b, act, transposed)) {
		return
	}
	yv, xv, wv := d.floats(y), d.floats(x), d.floats(w)
	d.ops.bias = biasOp{d.path, act, y.Cols, yv, d.floats(pre), d.floats(b)}
	var then simd.Finisher
	if act != backend.Identity || !pre.None() || !b.None() {
		then = &d.ops.bias
	}
	d.product(yv, xv, wv, y.Rows, y.Cols, x.Cols, false, !transposed, 0, then)
}

// biasOp is pre = y + b and y = s(y + b).
type biasOp struct {
	path      simd.Path
	act       backend.Activation
	cols      int
	y, pre, b []float32
}

func (o *biasOp) Finish(r0, r1, c0, c1 int) {
	for r := r0; r < r1; r++ {
		from, to := r*o.cols+c0, r*o.cols+c1
		y := o.y[from:to]
		switch {
		case o.b == nil && o.pre == nil:
			o.path.Activate(o.act, y, y)
		case o.pre == nil:
			o.path.ActivateBias(o.act, y, y, o.b[c0:c1])
		default:
			pre := o.pre[from:to]
			if o.b != nil {
				o.path.Add(y, y, o.b[c0:c1])
			}
			copy(pre, y)
			o.path.Activate(o.act, y, pre)
		}
	}
}

// LinearBackInput is dx = (dy W) . s'(saved).
func (d *Device) LinearBackInput(dx, dy, w, saved backend.Tensor, act backend.Activation, transposed bool) {
	if !d.begin("LinearBackInput", backend.CheckLinearBackInput(dx, dy, w, saved, act, transposed)) {
		return
	}
	v := d.floats(dx)
	var then simd.Finisher
	if act != backend.Identity {
		d.ops.slope = slopeOp{d.path, act, dx.Cols, v, d.floats(saved)}
		then = &d.ops.slope
	}
	d.product(v, d.floats(dy), d.floats(w), dx.Rows, dx.Cols, dy.Cols, false, transposed, 0, then)
}

// slopeOp is dx = dx . s'(saved).
type slopeOp struct {
	path  simd.Path
	act   backend.Activation
	cols  int
	dx, v []float32
}

func (o *slopeOp) Finish(r0, r1, c0, c1 int) {
	for r := r0; r < r1; r++ {
		from, to := r*o.cols+c0, r*o.cols+c1
		o.path.Derive(o.act, o.dx[from:to], o.dx[from:to], o.v[from:to])
	}
}

// LinearBackWeights is dw = dy^T x and db = column sums of dy.
func (d *Device) LinearBackWeights(dw, db, dy, x backend.Tensor, transposed, accumulate bool) {
	if !d.begin("LinearBackWeights", backend.CheckLinearBackWeights(dw, db, dy, x, transposed)) {
		return
	}
	beta := float32(0)
	if accumulate {
		beta = 1
	}
	a, b := d.floats(dy), d.floats(x)
	d.ops.columnSums = columnSumsOp{d.floats(db), a, dy.Rows, dy.Cols, 1, accumulate}
	if transposed {
		a, b = b, a
	}
	d.product(d.floats(dw), a, b, dw.Rows, dw.Cols, dy.Rows, true, false, beta, nil)
	if !db.None() {
		d.run(&d.ops.columnSums, dy.Cols, narrow)
	}
}

// columnSumsOp is out[j] = scale * sum over the rows of v, or adds that.
type columnSumsOp struct {
	out, v     []float32
	rows, cols int
	scale      float64
	accumulate bool
}

// rowsAtOnce is how many rows are added in float32 before float64 takes over.
const rowsAtOnce = 16

func (o *columnSumsOp) part(s *scratch, _, lo, hi int) {
	sums := s.sums[:hi-lo]
	clear(sums)
	for r := 0; r < o.rows; r += rowsAtOnce {
		s.path.AddRows(sums, o.v[r*o.cols+lo:], o.cols, min(rowsAtOnce, o.rows-r))
	}
	for j, sum := range sums {
		sum *= o.scale
		if o.accumulate {
			sum += float64(o.out[lo+j])
		}
		o.out[lo+j] = float32(sum)
	}
}
