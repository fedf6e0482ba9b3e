package cpu

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// lossOps are the operations of this file: see [operations].
type lossOps struct {
	loss lossOp
}

// Loss is each row's loss and the scaled gradient.
func (d *Device) loss(op backend.Loss) {
	if !d.begin("Loss", op.Check()) {
		return
	}
	o := &d.ops.loss
	*o = lossOp{dout: d.floats(op.DOut), rows: d.floats(op.Rows), out: d.floats(op.Out), target: d.floats(op.Target),
		cols: op.Out.Cols, width: op.Target.Cols, samples: op.Out.Rows / op.Target.Rows, kind: op.Kind, scale: op.Scale}
	if op.Kind == backend.Categorical && d.ready() {
		d.classes(o.target, op.Out.Cols)
	}
	d.eachRow(o, op.Out.Rows, op.Out.Cols, heavy)
}

// classes demands class numbers below n.
func (d *Device) classes(target []float32, n int) {
	for r, x := range target {
		if !(x >= 0 && int(x) < n) {
			d.fail("target %d is %v, expected a class below %d", r, x, n)
			return
		}
	}
}

type lossOp struct {
	dout, rows, out, target []float32
	cols, width, samples    int
	kind                    backend.LossKind
	scale                   float32
}

func (o *lossOp) part(s *scratch, _, lo, hi int) {
	for r := lo; r < hi; r++ {
		out := o.out[r*o.cols : (r+1)*o.cols]
		x := o.target[r/o.samples*o.width:][:o.width]
		var grad []float32
		if o.dout != nil {
			grad = o.dout[r*o.cols : (r+1)*o.cols]
		}
		o.rows[r] = float32(o.row(s, grad, out, x))
	}
}

// row is the loss of one row. grad is nil where it is not wanted, and may be out.
func (o *lossOp) row(s *scratch, grad, out, x []float32) float64 {
	switch o.kind {
	case backend.Categorical:
		return s.categorical(grad, out, int(x[0]), o.scale)
	case backend.GaussianNLL:
		return s.gaussianNLL(grad, out, x, o.scale)
	case backend.Bernoulli:
		return s.path.BCELogits(grad, out, x, o.scale)
	}
	if grad != nil {
		return s.path.SquaredError(grad, out, x, 2*o.scale)
	}
	sum := 0.0
	for ; len(x) > 0; out, x = next(out), next(x) {
		n := min(block, len(x))
		sum += s.path.SquaredError(s.a[:n], out[:n], x[:n], 0)
	}
	return sum
}

// gaussianNLL is sum ((x-mu)^2 e^-l + l + ln 2 pi) / 2, out being (mu, l).
func (s *scratch) gaussianNLL(grad, out, x []float32, scale float32) float64 {
	width := len(x)
	sum := float64(width) * math.Log(2*math.Pi)
	for from := 0; from < width; from += block {
		to := min(from+block, width)
		mu, logVar := out[from:to], out[width+from:width+to]
		terms, inside := s.gaussianTerms(mu, logVar, x[from:to])
		sum += terms
		if grad != nil {
			gl := grad[width+from : width+to]
			if !inside {
				zeroClamped(s.d[:len(gl)], logVar)
			}
			s.gaussianGradient(grad[from:to], gl, scale)
			if !inside {
				s.path.Mul(gl, gl, s.d[:len(gl)])
			}
		}
	}
	return sum / 2
}

// gaussianTerms is sum (x-mu)^2 e^-l + l of a block, and whether all l are within
// their bounds. It leaves (x-mu) e^-l in s.a and (x-mu)^2 e^-l in s.b.
func (s *scratch) gaussianTerms(mu, logVar, x []float32) (sum float64, inside bool) {
	n := len(x)
	precise, square, e, terms := s.a[:n], s.b[:n], s.c[:n], s.e[:n]
	inside = clampLogVars(terms, logVar)
	s.path.Scale(precise, terms, -1)
	s.path.Exp(precise, precise)
	copy(e, x)
	s.path.Axpy(e, mu, -1)
	s.path.Mul(precise, precise, e)
	s.path.Mul(square, precise, e)
	s.path.Add(terms, terms, square)
	return s.path.Sum(terms), inside
}

// gaussianGradient is gmu = -scale s.a and gl = scale (1 - s.b) / 2.
func (s *scratch) gaussianGradient(gmu, gl []float32, scale float32) {
	n := len(gmu)
	s.path.Scale(gmu, s.a[:n], -scale)
	s.path.Scale(gl, s.ones[:n], 0.5*scale)
	s.path.Axpy(gl, s.b[:n], -0.5*scale)
}

// categorical is logsumexp(o) - o[class].
func (s *scratch) categorical(grad, out []float32, class int, scale float32) float64 {
	top := out[0]
	for _, o := range out {
		top = max(top, o)
	}
	sum, own := 0.0, float64(out[class])
	for from := 0; from < len(out); from += block {
		part := out[from:min(from+block, len(out))]
		e := s.a[:len(part)]
		if grad != nil {
			e = grad[from:][:len(part)]
		}
		for j, o := range part {
			e[j] = o - top
		}
		s.path.Exp(e, e)
		sum += s.path.Sum(e)
	}
	if grad != nil {
		s.path.Scale(grad, grad, scale/float32(sum))
		grad[class] -= scale
	}
	return float64(top) + math.Log(sum) - own
}

// Correct counts the rows whose largest logit is the target class.
func (d *Device) correct(op backend.Correct) {
	if !d.begin("Correct", op.Check()) {
		return
	}
	acc, out, want := d.sums(op.Sums), d.floats(op.Logits), d.floats(op.Target)
	if !d.ready() {
		return
	}
	for r, class := range want {
		row := out[r*op.Logits.Cols : (r+1)*op.Logits.Cols]
		best := 0
		for j, o := range row {
			if o > row[best] {
				best = j
			}
		}
		if float32(best) == class {
			acc[op.Slot]++
		}
	}
}
