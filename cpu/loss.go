package cpu

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// Loss is each row's loss and the scaled gradient.
func (d *Device) Loss(dout, rows, out, target backend.Tensor, kind backend.LossKind, scale float32) {
	if !d.begin("Loss", backend.CheckLoss(dout, rows, out, target, kind)) {
		return
	}
	o := &d.ops.loss
	*o = lossOp{d.floats(dout), d.floats(rows), d.floats(out), d.floats(target),
		out.Cols, target.Cols, out.Rows / target.Rows, kind, scale}
	if kind == backend.Categorical && d.ready() {
		d.classes(o.target, out.Cols)
	}
	d.eachRow(o, out.Rows, out.Cols, heavy)
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

func (o *lossOp) part(_, lo, hi int) {
	var discard [block]float32 // the gradient that is not wanted
	for r := lo; r < hi; r++ {
		out := o.out[r*o.cols : (r+1)*o.cols]
		x := o.target[r/o.samples*o.width:][:o.width]
		var grad []float32
		if o.dout != nil {
			grad = o.dout[r*o.cols : (r+1)*o.cols]
		}
		o.rows[r] = float32(o.row(grad, out, x, &discard))
	}
}

// row is the loss of one row. grad is empty where it is not wanted, and may be out.
func (o *lossOp) row(grad, out, x []float32, discard *[block]float32) float64 {
	if o.kind == backend.Categorical {
		return categorical(grad, out, int(x[0]), o.scale)
	}
	sum := 0.0
	for from := 0; from < len(x); from += block {
		to := min(from+block, len(x))
		g := discard[:to-from]
		if len(grad) > 0 {
			g = grad[from:to]
		}
		switch o.kind {
		case backend.SquaredError:
			sum += squaredError(g, out[from:to], x[from:to], o.scale)
		case backend.Bernoulli:
			sum += bernoulli(g, out[from:to], x[from:to], o.scale)
		case backend.GaussianNLL:
			var gl [block]float32
			logVar := out[len(x)+from : len(x)+to]
			sum += gaussianNLL(g, gl[:to-from], out[from:to], logVar, x[from:to], o.scale)
			if len(grad) > 0 {
				copy(grad[len(x)+from:len(x)+to], gl[:])
			}
		}
	}
	return sum
}

// squaredError is sum (o - x)^2. Four sums hide the latency of an addition.
func squaredError(grad, out, x []float32, scale float32) float64 {
	grad, x = grad[:len(out)], x[:len(out)]
	scale *= 2
	var s [4]float64
	for i, o := range out {
		e := o - x[i]
		s[i&3] += float64(e) * float64(e)
		grad[i] = scale * e
	}
	return s[0] + s[1] + (s[2] + s[3])
}

// bernoulli is sum max(o, 0) - o x + log(1 + e^-|o|). The logarithm is taken once,
// of the product of a block's factors, which are at most 2.
func bernoulli(grad, out, x []float32, scale float32) float64 {
	grad, x = grad[:len(out)], x[:len(out)]
	var e [block]float32
	for i, o := range out {
		e[i] = -float32(math.Abs(float64(o)))
	}
	expTo(e[:len(out)], e[:len(out)])
	sum, product := [2]float64{}, [2]float64{1, 1}
	for i, o := range out {
		sum[i&1] += float64(max(o, 0)) - float64(o)*float64(x[i])
		product[i&1] *= 1 + float64(e[i])
		// The logistic function of |o|, turned over where o < 0.
		g := 1 / (1 + e[i])
		p := g
		if o < 0 {
			p = e[i] * g
		}
		grad[i] = scale * (p - x[i])
	}
	return sum[0] + sum[1] + math.Log(product[0]*product[1])
}

// gaussianNLL is sum ((x-mu)^2 e^-l + l + ln 2 pi) / 2, gl the gradient by l.
func gaussianNLL(grad, gl, mu, logVar, x []float32, scale float32) float64 {
	n := len(x)
	grad, gl, mu, logVar = grad[:n], gl[:n], mu[:n], logVar[:n]
	var precision [block]float32
	for i, l := range logVar {
		precision[i] = -clampLogVar(l)
	}
	expTo(precision[:n], precision[:n])
	sum := 0.0
	for i, x := range x {
		l := clampLogVar(logVar[i])
		e := x - mu[i]
		ev := e * precision[i]
		sum += float64(e)*float64(ev) + float64(l)
		grad[i] = -scale * ev
		gl[i] = 0
		if !clamped(logVar[i]) {
			gl[i] = scale * 0.5 * (1 - e*ev)
		}
	}
	return (sum + float64(n)*math.Log(2*math.Pi)) / 2
}

// clamped reports whether a bound took l's gradient.
func clamped(l float32) bool { return l < backend.MinLogVar || l > backend.MaxLogVar }

// clampLogVar is l within its bounds. min and max are Go's, which keep NaN.
func clampLogVar(l float32) float32 {
	return min(max(l, backend.MinLogVar), backend.MaxLogVar)
}

// categorical is logsumexp(o) - o[class].
func categorical(grad, out []float32, class int, scale float32) float64 {
	top := out[0]
	for _, o := range out {
		top = max(top, o)
	}
	sum, own := 0.0, float64(out[class])
	var discard [block]float32
	for from := 0; from < len(out); from += block {
		part := out[from:min(from+block, len(out))]
		e := discard[:len(part)]
		if len(grad) > 0 {
			e = grad[from:][:len(part)]
		}
		expFrom(e, part, top)
		sum += plain(e)
	}
	if len(grad) > 0 {
		times(grad, grad, scale/float32(sum))
		grad[class] -= scale
	}
	return float64(top) + math.Log(sum) - own
}

// expFrom is dst = e^(src - top).
func expFrom(dst, src []float32, top float32) {
	for i, o := range src[:len(dst)] {
		dst[i] = o - top
	}
	expTo(dst, dst)
}

// Correct counts the rows whose largest logit is the target class.
func (d *Device) Correct(s backend.Sums, i int, logits, target backend.Tensor) {
	if !d.begin("Correct", backend.CheckCorrect(s, i, logits, target)) {
		return
	}
	acc, out, want := d.sums(s), d.floats(logits), d.floats(target)
	if !d.ready() {
		return
	}
	for r, class := range want {
		row := out[r*logits.Cols : (r+1)*logits.Cols]
		best := 0
		for j, o := range row {
			if o > row[best] {
				best = j
			}
		}
		if float32(best) == class {
			acc[i]++
		}
	}
}
