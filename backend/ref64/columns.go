package ref64

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// ColumnLoss is each row's loss, the elements' losses and the scaled gradients.
func (d *Device) columnLoss(op backend.ColumnLoss) {
	if d.stop(op.Check()) {
		return
	}
	cols, samples := op.Out.Cols, op.Out.Rows/op.Target.Rows
	size, by := 1.0, make([]float64, op.Spreads()*cols)
	for r := range op.Out.Rows {
		if !op.Size.None() {
			size = vec(op.Size)[r/samples]
		}
		x, sum, weight := row(op.Target, r/samples), 0.0, 1.0
		if !op.Weights.None() {
			weight = vec(op.Weights)[r]
		}
		each, grad := make([]float64, cols), make([]float64, cols)
		for _, c := range op.Columns {
			columns(c, each, grad, by, row(op.Out, r), x, vec(op.Spread), size, weight)
			for j := c.From; j < c.To && op.Even && c.Kind == backend.GaussianColumn; j++ {
				grad[j] *= math.Exp(backend.SpreadRate*vec(op.Spread)[j]) + backend.MinVariance
			}
		}
		for j, loss := range each {
			sum += loss
			if !op.Each.None() {
				row(op.Each, r)[j] = loss
			}
			if !op.DOut.None() {
				row(op.DOut, r)[j] = float64(op.Scale) * grad[j]
			}
		}
		vec(op.Rows)[r] = sum
	}
	for i := range vec(op.DSpread) {
		if !op.Accumulate {
			vec(op.DSpread)[i] = 0
		}
		if i < len(by) {
			vec(op.DSpread)[i] += float64(op.Scale) * by[i]
		}
	}
}

// ColumnMean is the mean of each output.
func (d *Device) columnMean(op backend.ColumnMean) {
	if d.stop(op.Check()) {
		return
	}
	cols := op.Out.Cols
	for r := range op.Out.Rows {
		size := 1.0
		if !op.Size.None() {
			size = vec(op.Size)[r*op.Size.Rows/op.Out.Rows]
		}
		y, o := row(op.Y, r), row(op.Out, r)
		for _, c := range op.Columns {
			if c.Kind == backend.SoftmaxColumns {
				all := logSumExp(o[c.From:c.To])
				for j := c.From; j < c.To; j++ {
					y[j] = math.Exp(o[j] - all)
				}
				continue
			}
			for j := c.From; j < c.To; j++ {
				y[j] = meanOf(c.Kind, o[j], size)
				if c.Kind == backend.ZeroInflatedColumn {
					y[j] *= sigmoid(-backend.SpreadRate * vec(op.Spread)[cols+j])
				}
			}
		}
		if op.Known.None() {
			continue
		}
		for j, x := range row(op.Known, r*op.Known.Rows/op.Out.Rows) {
			if !math.IsNaN(x) {
				y[j] = x
			}
		}
	}
}

// meanOf is the mean of an output of another kind than softmax, a count's without
// zeros of its own.
func meanOf(kind backend.ColumnKind, o, size float64) float64 {
	switch kind {
	case backend.GaussianColumn:
		return o
	case backend.BernoulliColumn:
		return sigmoid(o)
	}
	log, _ := logRate(o)
	return size * math.Exp(log)
}

// CountTotals is the scaled total of each row's counts, not below the least.
func (d *Device) countTotals(op backend.CountTotals) {
	if d.stop(op.Check()) {
		return
	}
	for r := range op.X.Rows {
		x, sum := row(op.X, r), 0.0
		for _, c := range op.Columns {
			for j := c.From; j < c.To; j++ {
				if c.Kind.Sized() && !math.IsNaN(x[j]) {
					sum += x[j]
				}
			}
		}
		vec(op.Y)[r] = max(float64(op.Scale)*sum, float64(op.Least))
	}
}

// columns sets loss and gradient by o of the columns c of a row, and adds the
// gradient by what the tensor of spreads holds, times weight, to by.
func columns(c backend.LossColumns, each, grad, by, o, x, spread []float64, size, weight float64) {
	if c.Kind == backend.SoftmaxColumns {
		each[c.From] = multinomial(grad[c.From:c.To], o[c.From:c.To], x[c.From:c.To])
		return
	}
	for j := c.From; j < c.To; j++ {
		if math.IsNaN(x[j]) {
			continue
		}
		var s, zero, ds, dzero float64
		if c.Kind.Spreads() > 0 {
			s = backend.SpreadRate * spread[j]
		}
		if c.Kind.Spreads() > 1 {
			zero = backend.SpreadRate * spread[len(o)+j]
		}
		each[j], grad[j], ds, dzero = column(c.Kind, o[j], x[j], s, zero, size)
		if c.Kind.Spreads() > 0 {
			by[j] += backend.SpreadRate * weight * ds
		}
		if c.Kind.Spreads() > 1 {
			by[len(o)+j] += backend.SpreadRate * weight * dzero
		}
	}
}

// column is the loss of one element, and its gradients by output, spread and zero
// logit.
func column(kind backend.ColumnKind, o, x, s, zero, size float64) (loss, grad, ds, dzero float64) {
	switch kind {
	case backend.GaussianColumn:
		v, e := math.Exp(s)+backend.MinVariance, x-o
		return (e*e/v + math.Log(2*math.Pi*v)) / 2, -e / v, math.Exp(s) / v * (1 - e*e/v) / 2, 0
	case backend.BernoulliColumn:
		return softplus(o) - o*x, sigmoid(o) - x, 0, 0
	}
	lm, slope := logRate(o)
	lm += math.Log(size)
	m := math.Exp(lm)
	if kind == backend.PoissonColumn {
		return m - x*lm + logFactorial(x), slope * (m - x), 0, 0
	}
	r := math.Exp(s) + backend.MinDispersion
	rest, by := gammas(x, r)
	loss = logFactorial(x) - rest + (x+r)*math.Log1p(m/r) - x*lm
	grad = slope * (m - x) / (1 + m/r)
	ds = math.Exp(s) * (math.Log1p(m/r) - by + (x-m)/(r+m))
	if kind == backend.ZeroInflatedColumn {
		dzero = sigmoid(zero)
		if x > 0 {
			return loss + softplus(zero), grad, ds, dzero
		}
		// p + (1-p) e^-L = (e^zero + e^-L) / (1 + e^zero)
		counted := sigmoid(-zero - loss) // the chance that a zero is one of the counts
		return softplus(zero) - logSumExp([]float64{zero, -loss}), counted * grad, counted * ds, dzero - sigmoid(zero+loss)
	}
	return loss, grad, ds, 0
}

// logRate is ln rate(o), and its derivative.
func logRate(o float64) (log, slope float64) {
	if over := o - backend.LinearLogRate; over > 0 {
		return backend.LinearLogRate + math.Log1p(over), 1 / (1 + over)
	}
	return o, 1
}

// multinomial is the loss of a group of counts x, and its gradient by logits o.
func multinomial(grad, o, x []float64) float64 {
	n, all, loss := 0.0, logSumExp(o), 0.0
	for _, x := range x {
		n += x
	}
	if math.IsNaN(n) {
		return 0
	}
	for j, x := range x {
		grad[j] = n*math.Exp(o[j]-all) - x
		loss += x*(all-o[j]) + logFactorial(x)
	}
	return loss - logFactorial(n)
}

// logFactorial is ln x!, of any x.
func logFactorial(x float64) float64 {
	l, _ := math.Lgamma(x + 1)
	return l
}

// gammas is ln G(x+r) - ln G(r) - x ln r, which tends to 0 for large r, and its
// derivative by r and the last term's together, psi(x+r) - psi(r): from Stirling's
// series, beyond numbers from which it is exact and the functions cancel.
func gammas(x, r float64) (log, slope float64) {
	if r < 1e4 {
		up, _ := math.Lgamma(x + r)
		low, _ := math.Lgamma(r)
		return up - low - x*math.Log(r), digamma(x+r) - digamma(r)
	}
	grow := math.Log1p(x / r)
	log = (x+r-0.5)*grow - x + 1/(12*(x+r)) - 1/(12*r)
	return log, grow + 1/(2*r) - 1/(2*(x+r)) + 1/(12*r*r) - 1/(12*(x+r)*(x+r))
}

// digamma is psi(z) of z > 0: Stirling's series, from 20 on (Abramowitz and Stegun
// 1964, 6.3.5 and 6.3.18).
func digamma(z float64) float64 {
	if z < 20 {
		return digamma(z+1) - 1/z
	}
	w := 1 / (z * z)
	return math.Log(z) - 1/(2*z) - w*(1.0/12-w*(1.0/120-w*(1.0/252-w/240)))
}
