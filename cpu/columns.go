package cpu

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// columnOps are the operations of this file, of columnmean.go and counttotals.go: see
// [operations].
type columnOps struct {
	columnLoss  columnLossOp
	columnMean  columnMeanOp
	countTotals countTotalsOp
	spreadSums  spreadSumsOp
}

// learned is what the elements of a column share, of its spread and zero logit.
type learned struct {
	dispersion
	zeroInflation
	constant float64 // of a Gaussian: (ln v + ln 2 pi) / 2
}

// ColumnLoss is each row's loss, column by column, and the scaled gradients. A piece
// of rows adds up its gradient by the spreads, and the pieces', whose number does
// not depend on that of the workers, are added up in their order.
func (d *Device) columnLoss(op backend.ColumnLoss) {
	if !d.begin("ColumnLoss", op.Check()) {
		return
	}
	o := &d.ops.columnLoss
	*o = columnLossOp{dout: d.floats(op.DOut), rows: d.floats(op.Rows), out: d.floats(op.Out), target: d.floats(op.Target), each: d.floats(op.Each),
		size: d.floats(op.Size), weights: d.floats(op.Weights), cols: op.Out.Cols, samples: op.Out.Rows / op.Target.Rows, columns: op.Columns, scale: op.Scale, even: op.Even, learned: o.learned}
	spread, back := d.floats(op.Spread), d.floats(op.DSpread)
	if !d.ready() {
		return
	}
	rows := op.Spreads()
	o.learn(d, spread, rows)
	if back != nil {
		pieces := ceilDiv(op.Out.Rows, max(ceilDiv(heavy, o.cols), ceilDiv(op.Out.Rows, maxPieces)))
		o.sumsLength = rows * o.cols
		d.needPartials(pieces * o.sumsLength)
		o.sums = d.partials
	}
	d.eachRow(o, op.Out.Rows, o.cols, heavy)
	if back != nil {
		d.ops.spreadSums = spreadSumsOp{of: o, to: back, accumulate: op.Accumulate}
		d.each(&d.ops.spreadSums, len(back), light)
	}
}

type columnLossOp struct {
	dout, rows, out, target, each, size, weights []float32

	cols, samples int
	columns       []backend.LossColumns
	scale         float32
	even          bool
	learned       []learned // a column
	precision     []float32 // of Gaussian columns: 1/v
	sums          []float64 // of the gradient by spreads, a piece after the other, each sumsLength; nil where it is not wanted
	sumsLength    int
}

// learn looks at the spreads, of so many rows.
func (o *columnLossOp) learn(d *Device, spread []float32, rows int) {
	if rows == 0 {
		return
	}
	if cap(o.learned) < o.cols {
		o.learned = make([]learned, o.cols)
	}
	if cap(d.columns) < o.cols {
		d.columns = make([]float32, o.cols)
	}
	o.learned, o.precision = o.learned[:o.cols], d.columns[:o.cols]
	for _, c := range o.columns {
		for j := c.From; j < c.To; j++ {
			if c.Kind.Spreads() == 0 {
				continue
			}
			s := backend.SpreadRate * float64(spread[j])
			switch at := &o.learned[j]; c.Kind {
			case backend.GaussianColumn:
				// Without e^s above 0, so that no spread overflows.
				up, down := math.Exp(min(s, 0)), math.Exp(min(-s, 0))
				v := up + backend.MinVariance*down // the variance, e^-s times where s > 0
				at.slope, o.precision[j] = up/v, float32(down/v)
				at.constant = (max(s, 0) + math.Log(v) + math.Log(2*math.Pi)) / 2
			case backend.NegativeBinomialColumn:
				at.dispersion = newDispersion(s)
			case backend.ZeroInflatedColumn:
				at.dispersion, at.zeroInflation = newDispersion(s), newZeroInflation(backend.SpreadRate*float64(spread[o.cols+j]))
			}
		}
	}
}

func (o *columnLossOp) part(s *scratch, i, lo, hi int) {
	var sums []float64
	if o.sums != nil {
		sums = o.sums[i*o.sumsLength : (i+1)*o.sumsLength]
	}
	for r := lo; r < hi; r++ {
		at, b := r*o.cols, r/o.samples
		row := columnRow{op: o, out: o.out[at : at+o.cols], x: o.target[b*o.cols:][:o.cols], sums: sums, size: 1, weight: 1}
		if o.dout != nil {
			row.grad = o.dout[at : at+o.cols]
		}
		if o.each != nil {
			row.each = o.each[at : at+o.cols]
		}
		if o.size != nil {
			row.size = float64(o.size[b])
			row.logSize = math.Log(row.size)
		}
		if o.weights != nil {
			row.weight = float64(o.weights[r])
		}
		sum := 0.0
		for _, c := range o.columns {
			sum += row.loss(s, c)
		}
		o.rows[r] = float32(sum)
	}
}

// columnRow is one row; grad, each and sums are nil where they are not wanted.
type columnRow struct {
	op                 *columnLossOp
	out, x, grad, each []float32
	sums               []float64
	size, logSize      float64
	weight             float64 // of the gradient by spreads
}

// loss is the loss of columns of one kind.
func (w *columnRow) loss(s *scratch, c backend.LossColumns) (sum float64) {
	if c.Kind == backend.SoftmaxColumns {
		return w.softmax(s, c.From, c.To)
	}
	for from := c.From; from < c.To; from += block {
		to := min(from+block, c.To)
		switch c.Kind {
		case backend.GaussianColumn:
			sum += w.gaussian(s, from, to)
		case backend.BernoulliColumn:
			sum += w.bernoulli(s, from, to)
		default:
			sum += w.counts(s, c.Kind, from, to)
		}
	}
	return sum
}

// gaussian is ((x-o)^2 / v + ln 2 pi v) / 2 of a block.
func (w *columnRow) gaussian(s *scratch, from, to int) (sum float64) {
	n := to - from
	e, weighed, square := s.a[:n], s.b[:n], s.c[:n]
	x, shared := w.x[from:to], w.op.learned[from:to]
	for j, o := range w.out[from:to] {
		e[j] = 0
		if x[j] == x[j] {
			e[j] = x[j] - o
			sum += shared[j].constant
		}
	}
	s.path.Mul(weighed, e, w.op.precision[from:to])
	s.path.Mul(square, weighed, e)
	sum += s.path.Sum(square) / 2
	if w.grad != nil {
		by := weighed
		if w.op.even {
			by = e
		}
		s.path.Scale(w.grad[from:to], by, -w.op.scale)
	}
	if w.each != nil {
		for j := range square {
			w.each[from+j] = 0
			if x[j] == x[j] {
				w.each[from+j] = float32(float64(square[j])/2 + shared[j].constant)
			}
		}
	}
	if w.sums != nil {
		for j, q := range square {
			if x[j] == x[j] {
				w.sums[from+j] += w.weight * float64(0.5*(1-q))
			}
		}
	}
	return sum
}

// bernoulli is softplus(o) - o x of a block.
func (w *columnRow) bernoulli(s *scratch, from, to int) float64 {
	n := to - from
	logits, x := s.a[:n], s.b[:n]
	copy(logits, w.out[from:to])
	copy(x, w.x[from:to])
	for j := range x {
		if x[j] != x[j] {
			logits[j], x[j] = -1000, 0 // neither has loss or gradient
		}
	}
	var grad []float32
	if w.grad != nil {
		grad = w.grad[from:to]
	}
	sum := s.path.BCELogits(grad, logits, x, w.op.scale)
	if w.each != nil {
		for j, o := range logits {
			w.each[from+j] = float32(softplus(float64(o)) - float64(o)*float64(x[j]))
		}
	}
	return sum
}

// softmax is a group's loss. A multinomial is Poisson counts whose total is known:
// beyond a few counts that keeps the digits which ln N! would take.
func (w *columnRow) softmax(s *scratch, from, to int) float64 {
	out, x := w.out[from:to], w.x[from:to]
	n, top := 0.0, out[0]
	for j, o := range out {
		n, top = n+float64(x[j]), max(top, o)
	}
	if w.each != nil {
		clear(w.each[from:to])
	}
	if n != n {
		if w.grad != nil {
			clear(w.grad[from:to])
		}
		return 0
	}
	all := 0.0
	for at := 0; at < len(out); at += block {
		all += s.path.Sum(s.exponentials(out[at:min(at+block, len(out))], top))
	}
	logAll, logN, loss := float64(top)+math.Log(all), math.Log(n), 0.0
	for at := 0; at < len(out); at += block {
		part := out[at:min(at+block, len(out))]
		e, counts := s.exponentials(part, top), x[at:][:len(part)]
		for j, o := range part {
			switch x, below := float64(counts[j]), logAll-float64(o); {
			case n > fewCounts:
				loss += poissonLoss(x, float64(e[j])*(n/all), logN-below)
			case x != 0:
				loss += x*below + logFactorial(x)
			}
		}
		if w.grad != nil {
			grad := w.grad[from+at:][:len(part)]
			s.path.Scale(grad, e, float32(float64(w.op.scale)*n/all))
			s.path.Axpy(grad, counts, -w.op.scale)
		}
	}
	if n > fewCounts {
		loss -= poissonLoss(n, n, logN)
	} else {
		loss -= logFactorial(n)
	}
	if w.each != nil {
		w.each[from] = float32(loss)
	}
	return loss
}

// exponentials are e^(o-top) of at most a block, in s.a.
func (s *scratch) exponentials(out []float32, top float32) []float32 {
	e := s.a[:len(out)]
	for j, o := range out {
		e[j] = o - top
	}
	s.path.Exp(e, e)
	return e
}

// counts is the loss of a block of counts.
func (w *columnRow) counts(s *scratch, kind backend.ColumnKind, from, to int) (sum float64) {
	rates := s.a[:to-from]
	s.path.Exp(rates, w.out[from:to])
	for i, rate := range rates {
		loss, grad := 0.0, 0.0
		if x := float64(w.x[from+i]); x == x {
			loss, grad = w.count(kind, from+i, x, float64(rate))
		}
		sum += loss
		if w.each != nil {
			w.each[from+i] = float32(loss)
		}
		if w.grad != nil {
			w.grad[from+i] = float32(float64(w.op.scale) * grad)
		}
	}
	return sum
}

// linearRate is the rate from where it is linear.
var linearRate = math.Exp(backend.LinearLogRate)

// count is the loss of a count x in column j, and its gradient by the output, whose
// exponential is rate.
func (w *columnRow) count(kind backend.ColumnKind, j int, x, rate float64) (loss, grad float64) {
	log, slope := float64(w.out[j]), 1.0
	if over := log - backend.LinearLogRate; over > 0 {
		log, slope, rate = backend.LinearLogRate+math.Log1p(over), 1/(1+over), linearRate*(1+over)
	}
	m, lm := w.size*rate, w.logSize+log
	if kind == backend.PoissonColumn {
		return poissonLoss(x, m, lm), slope * (m - x)
	}
	c := &w.op.learned[j]
	loss, by := c.loss(x, m, lm)
	grad = slope * (m - x) * (c.r / (c.r + m))
	if kind == backend.ZeroInflatedColumn {
		byLoss, byLogit := 1.0, 0.0
		if x == 0 {
			loss, byLoss, byLogit = c.zero(loss)
		} else {
			loss, byLogit = c.other(loss)
		}
		grad, by = byLoss*grad, byLoss*by
		if w.sums != nil {
			w.sums[w.op.cols+j] += w.weight * byLogit
		}
	}
	if w.sums != nil {
		w.sums[j] += w.weight * by
	}
	return loss, grad
}

// spreadSumsOp adds up what the pieces have of the gradient by spreads.
type spreadSumsOp struct {
	of         *columnLossOp
	to         []float32
	accumulate bool
}

func (o *spreadSumsOp) part(_ *scratch, _, lo, hi int) {
	for i := lo; i < hi; i++ {
		sum := 0.0
		if i < o.of.sumsLength {
			for at := i; at < len(o.of.sums); at += o.of.sumsLength {
				sum += o.of.sums[at]
			}
		}
		if i < o.of.cols && sum != 0 {
			sum *= o.of.learned[i].slope
		}
		sum *= float64(o.of.scale) * backend.SpreadRate
		if o.accumulate {
			sum += float64(o.to[i])
		}
		o.to[i] = float32(sum)
	}
}
