package cpu

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu/simd"
)

// linearOps are the operations of this file: see [operations].
type linearOps struct {
	bias       biasOp
	slope      slopeOp
	columnSums columnSumsOp
}

// Linear is y = s(x W^T + b).
func (d *Device) linear(o backend.Linear) {
	if !d.begin("Linear", o.Check()) {
		return
	}
	yv, xv, wv := d.floats(o.Y), d.floats(o.X), d.floats(o.W)
	d.ops.bias = biasOp{path: d.path, act: o.Act, cols: o.Y.Cols, y: yv, pre: d.floats(o.Pre), b: d.floats(o.B)}
	var then simd.Finisher
	if o.Act != backend.Identity || !o.Pre.None() || !o.B.None() {
		then = &d.ops.bias
	}
	d.product(yv, xv, wv, o.Y.Rows, o.Y.Cols, o.X.Cols, false, !o.Transposed, 0, then)
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
func (d *Device) linearBackInput(o backend.LinearBackInput) {
	if !d.begin("LinearBackInput", o.Check()) {
		return
	}
	v := d.floats(o.DX)
	var then simd.Finisher
	if o.Act != backend.Identity {
		d.ops.slope = slopeOp{path: d.path, act: o.Act, cols: o.DX.Cols, dx: v, v: d.floats(o.Saved)}
		then = &d.ops.slope
	}
	d.product(v, d.floats(o.DY), d.floats(o.W), o.DX.Rows, o.DX.Cols, o.DY.Cols, false, o.Transposed, 0, then)
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
func (d *Device) linearBackWeights(o backend.LinearBackWeights) {
	if !d.begin("LinearBackWeights", o.Check()) {
		return
	}
	beta := float32(0)
	if o.Accumulate {
		beta = 1
	}
	a, b := d.floats(o.DY), d.floats(o.X)
	d.ops.columnSums = columnSumsOp{out: d.floats(o.DB), v: a, rows: o.DY.Rows, cols: o.DY.Cols, scale: 1, accumulate: o.Accumulate}
	if o.Transposed {
		a, b = b, a
	}
	d.product(d.floats(o.DW), a, b, o.DW.Rows, o.DW.Cols, o.DY.Rows, true, false, beta, nil)
	if !o.DB.None() {
		d.run(&d.ops.columnSums, o.DY.Cols, narrow)
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
