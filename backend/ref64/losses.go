package ref64

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// Loss is each row's loss and the scaled gradient.
func (d *Device) loss(op backend.Loss) {
	if d.stop(op.Check()) {
		return
	}
	samples := op.Out.Rows / op.Target.Rows
	for r := range op.Out.Rows {
		o := row(op.Out, r)
		loss, grad := loss(op.Kind, o, row(op.Target, r/samples))
		vec(op.Rows)[r] = loss
		if !op.DOut.None() {
			for j, g := range grad {
				row(op.DOut, r)[j] = float64(op.Scale) * g
			}
		}
	}
}

func row(t backend.Tensor, r int) []float64 { return vec(t)[r*t.Cols : (r+1)*t.Cols] }

// loss is the loss of network output o on target x, and its gradient by o.
func loss(kind backend.LossKind, o, x []float64) (sum float64, grad []float64) {
	grad = make([]float64, len(o))
	switch kind {
	case backend.SquaredError:
		for j := range o {
			sum += (o[j] - x[j]) * (o[j] - x[j])
			grad[j] = 2 * (o[j] - x[j])
		}
	case backend.Bernoulli:
		for j := range o {
			sum += softplus(o[j]) - o[j]*x[j]
			grad[j] = sigmoid(o[j]) - x[j]
		}
	case backend.GaussianNLL:
		for j := range x {
			l, inside := clampLogVar(o[len(x)+j])
			e, v := x[j]-o[j], math.Exp(-l)
			sum += (e*e*v + l + math.Log(2*math.Pi)) / 2
			grad[j] = -e * v
			grad[len(x)+j] = inside * (1 - e*e*v) / 2
		}
	case backend.Categorical:
		all := logSumExp(o)
		for j := range o {
			grad[j] = math.Exp(o[j] - all)
		}
		class := int(x[0])
		grad[class]--
		sum = all - o[class]
	}
	return sum, grad
}

// clampLogVar is l within its bounds, and 1 where it was there (0 outside).
func clampLogVar(l float64) (clamped, inside float64) {
	out := l < backend.MinLogVar || l > backend.MaxLogVar
	return min(max(l, backend.MinLogVar), backend.MaxLogVar), pick(out, 0, 1)
}

func logSumExp(v []float64) float64 {
	top, sum := math.Inf(-1), 0.0
	for _, x := range v {
		top = max(top, x)
	}
	for _, x := range v {
		sum += math.Exp(x - top)
	}
	return top + math.Log(sum)
}

// Correct counts the rows whose largest logit is the target class.
func (d *Device) correct(op backend.Correct) {
	if d.stop(op.Check()) {
		return
	}
	for r := range op.Logits.Rows {
		best := 0
		for j, o := range row(op.Logits, r) {
			if o > row(op.Logits, r)[best] {
				best = j
			}
		}
		if float64(best) == vec(op.Target)[r] {
			sums(op.Sums)[op.Slot]++
		}
	}
}

// Accumulate is s[i] += scale * sum of v.
func (d *Device) accumulate(o backend.Accumulate) {
	if d.stop(o.Check()) {
		return
	}
	for _, x := range vec(o.V) {
		sums(o.Sums)[o.Slot] += o.Scale * x
	}
}
