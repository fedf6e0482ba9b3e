package model

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/aegpu/aegpu/backend"
)

// Columns is a likelihood of a table whose columns have likelihoods of their own
// ([backend.ColumnLoss]), runs of one kind after the other; columns of a softmax are one
// group. What a column learns beside its output, such as its variance, is a parameter
// of the model, the tensor likelihood.spread. A NaN among what the decoder is to make is
// a missing cell, which has neither loss nor squared error.
//
// Under a code that is not drawn the mean of a Gaussian column learns as under squared
// error, and its variance beside it (Seitzer et al., On the Pitfalls of Heteroscedastic
// Uncertainty Estimation, ICLR 2022): such a code, which costs nothing, would be spent on
// copies of the columns that are easiest.
type Columns struct {
	Runs []backend.LossColumns

	// Group are the counts of a row that are one group, a multinomial, the only softmax
	// columns that are no category; zero without.
	Group backend.LossColumns

	// Total is the sum of counts in a usual row, where means of counts are in proportion
	// to the row's own (its size factor is its total over Total); 0 where they are not. Of
	// a multinomial it is the sum in rows that are made up.
	Total float32
}

// spreadName is the tensor of what columns learn: the logarithm of a variance or of an
// inverse dispersion each and, with columns that have zeros of their own, the logits of
// these below, all divided by [backend.SpreadRate].
const spreadName = "likelihood.spread"

// Figure returns "nll".
func (Columns) Figure() (name, note string, proper bool) {
	return "nll", "of all columns, nats an example", true
}

// Unit returns false: columns have scales of their own.
func (Columns) Unit() bool { return false }

// Narrowest returns [backend.MinVariance] where all columns are Gaussian, else 0.
func (l Columns) Narrowest() float64 {
	if slices.ContainsFunc(l.Runs, func(c backend.LossColumns) bool { return c.Kind != backend.GaussianColumn }) {
		return 0
	}
	return backend.MinVariance
}

func (l Columns) check(s *Spec) error {
	if len(l.Runs) == 0 {
		return errors.New("a likelihood of columns without columns")
	}
	if err := backend.CheckColumns(l.Runs, s.Outputs()); err != nil {
		return fmt.Errorf("the likelihood of columns: %w", err)
	}
	if !(l.Total >= 0 && l.Total <= math.MaxFloat32) {
		return fmt.Errorf("the likelihood of columns: %g counts in a usual row: expected 0 or more", l.Total)
	}
	if err := notBinarised(s, "columns"); err != nil {
		return err
	}
	return outputApplies(s, "columns")
}

func (Columns) width(inputs int) int            { return inputs }
func (Columns) output(*Spec) backend.Activation { return backend.Identity }
func (Columns) mean(*Spec) backend.Activation   { return backend.Identity }
func (l Columns) spreads() int                  { return backend.Spreads(l.Runs) }
func (l Columns) bind(g *graph) boundLikelihood {
	b := &boundColumns{Columns: l, graph: g}
	if l.spreads() > 0 {
		b.spread, b.dspread = g.layout.view(g.params, spreadName), g.layout.view(g.grads, spreadName)
	}
	return b
}

// sized reports whether means are in proportion to a row's total on the device.
func (l Columns) sized() bool { return l.Total > 0 && !l.multinomial() }

// multinomial reports whether counts of a row are one group.
func (l Columns) multinomial() bool { return l.Group.To > 0 }

// HasCounts reports whether there are columns of counts, whose squared errors have
// nothing in common with those of others.
func (l Columns) HasCounts() bool {
	for _, c := range l.Runs {
		if c.Kind.Sized() {
			return true
		}
	}
	return l.multinomial()
}

// eachCount calls use with every column of counts.
func (l Columns) eachCount(use func(j int)) {
	for _, c := range l.Runs {
		for j := c.From; j < c.To && c.Kind.Sized(); j++ {
			use(j)
		}
	}
}

// centre sets biases under which untrained columns have those means; a NaN is that of
// nothing, and leaves its bias. Counts have them in a row of the mean size factor.
func (l Columns) centre(_ *Spec, bias, mean []float32) {
	size := l.meanSize(mean)
	for _, c := range l.Runs {
		all := 0.0
		for _, v := range mean[c.From:c.To] {
			if v == v {
				all += float64(v)
			}
		}
		for j := c.From; j < c.To; j++ {
			m := float64(mean[j])
			if c.Kind.Sized() {
				m /= size
			}
			if v := centred(c, m, all); v == v {
				bias[j] = float32(v)
			}
		}
	}
}

// meanSize is the mean of the size factors of rows that have those means: 1 where totals
// have no say.
func (l Columns) meanSize(mean []float32) float64 {
	if !l.sized() {
		return 1
	}
	sum := 0.0
	for _, c := range l.Runs {
		for _, v := range mean[c.From:c.To] {
			if c.Kind.Sized() && v == v {
				sum += float64(v)
			}
		}
	}
	return max(sum, 1) / float64(l.Total)
}

// centred is the output of a column of c that has that mean, all being those of c
// together. What is seldom should not start out of the gradient's reach.
func centred(c backend.LossColumns, mean, all float64) float64 {
	const least = 1e-3
	switch c.Kind {
	case backend.GaussianColumn:
		return mean
	case backend.BernoulliColumn:
		return float64(logit(float32(mean)))
	case backend.SoftmaxColumns:
		return math.Log(max(mean/all, least/float64(c.To-c.From)))
	case backend.ZeroInflatedColumn:
		mean *= 2 // half the zeros are of their own at first
	}
	if top := math.Exp(backend.LinearLogRate); mean > top { // where the rate is linear
		return backend.LinearLogRate + mean/top - 1
	}
	return math.Log(max(mean, least))
}

// mostShares is the widest table of which an evaluation adds up the losses and squared errors of single columns.
const mostShares = 4096

type boundColumns struct {
	*graph
	Columns
	spread, dspread backend.Tensor // spreads x T; none where no column learns any, or in inference
	sizes           backend.Tensor // B x 1; none where totals have no say
	filled          backend.Tensor // B x T, in inference: targets whose missing cells are filled in
	each            backend.Tensor // B*K x T, in inference: the losses of cells; none of a wide table
	ones, shares    backend.Tensor // B*K x 1 and 1 x T: to add them up
	squares, plain  backend.Tensor // 1 x T: of squared errors, and the spreads under which a Gaussian's loss is pi times these
}

func (b *boundColumns) reserve(alloc backend.Alloc) {
	T := b.Spec.Outputs()
	if b.sized() {
		b.sizes = alloc(b.batch, 1)
	}
	if b.training {
		return
	}
	b.filled = alloc(b.batch, T)
	if T <= mostShares {
		b.each, b.ones, b.shares = alloc(b.batch*b.samples, T), alloc(b.batch*b.samples, 1), alloc(1, T)
		b.squares, b.plain = alloc(1, T), alloc(1, T)
	}
}

func (b *boundColumns) start() {
	if b.ones.None() {
		return
	}
	one := make([]float32, b.ones.Len())
	for i := range one {
		one[i] = 1
	}
	b.dev.Upload(b.ones, one)
	plain := make([]float32, b.plain.Len())
	for j := range plain {
		plain[j] = float32(math.Log(1/(2*math.Pi)-backend.MinVariance) / backend.SpreadRate)
	}
	b.dev.Upload(b.plain, plain)
}

func (b *boundColumns) tensors(add func(string, backend.Tensor)) {
	add(spreadName, b.spread)
	add(spreadName+"'", b.dspread)
	add("sizes", b.sizes)
	add("filled", b.filled)
}

// sizesOf enqueues the size factors of rows, and returns them; none where totals have no
// say, or rows are not there.
func (b *boundColumns) sizesOf(target backend.Tensor) backend.Tensor {
	if b.sizes.None() || target.None() {
		return backend.Tensor{}
	}
	y := b.sizes.Top(target.Rows)
	b.to.Enqueue(backend.CountTotals{Y: y, X: target, Columns: b.Runs, Scale: 1 / b.Total, Least: 1 / b.Total})
	return y
}

func (b *boundColumns) loss(l backend.Loss) {
	o := backend.ColumnLoss{DOut: l.DOut, Rows: l.Rows, Out: l.Out, Target: l.Target, Spread: b.spread, Size: b.sizesOf(l.Target), Columns: b.Runs,
		Scale: l.Scale, Even: !b.Spec.code().Drawn()}
	if !l.DOut.None() && b.samples == 1 {
		o.DSpread, o.Accumulate = b.dspread, b.more()
	}
	if l.DOut.None() && !b.each.None() {
		o.Each = b.each.Top(l.Out.Rows)
	}
	b.to.Enqueue(o)
}

// learn goes over the losses again, which weigh by what they are.
func (b *boundColumns) learn(l backend.Loss, weights backend.Tensor) {
	if weights.None() || b.dspread.None() {
		return
	}
	o := backend.ColumnLoss{Rows: l.Rows, Out: l.Out, Target: l.Target, Spread: b.spread, DSpread: b.dspread, Weights: weights,
		Columns: b.Runs, Scale: l.Scale, Accumulate: b.more()}
	if !b.sizes.None() {
		o.Size = b.sizes.Top(l.Target.Rows)
	}
	b.to.Enqueue(o)
}

// clearShares and share add up the losses of columns, of the rows that loss had last.
func (b *boundColumns) clearShares() {
	b.to.Enqueue(backend.Zero{Dst: b.shares})
	b.to.Enqueue(backend.Zero{Dst: b.squares})
}

func (b *boundColumns) share(rows int) {
	b.to.Enqueue(backend.LinearBackWeights{DW: b.shares, DY: b.ones.Top(rows), X: b.each.Top(rows), Accumulate: true})
}

// shareSquares adds up the squared errors of each output of reconstructions x, missing cells having none; rows is overwritten.
func (b *boundColumns) shareSquares(x, target, rows backend.Tensor) {
	each := b.each.Top(x.Rows)
	b.to.Enqueue(backend.ColumnLoss{Rows: rows, Out: x, Target: target, Each: each, Spread: b.plain,
		Columns: []backend.LossColumns{{Kind: backend.GaussianColumn, To: x.Cols}}, Scale: 1})
	b.to.Enqueue(backend.LinearBackWeights{DW: b.squares, DY: b.ones.Top(x.Rows), X: each, Accumulate: true})
}

// download begins to read them; nil of none.
func (b *boundColumns) download() (shares, squares []float32) {
	if b == nil {
		return nil, nil
	}
	shares, squares = make([]float32, b.shares.Len()), make([]float32, b.squares.Len())
	b.dev.Download(shares, b.shares)
	b.dev.Download(squares, b.squares)
	return shares, squares
}

func (b *boundColumns) reconstruction(out, target backend.Tensor, _ int) backend.Tensor {
	b.to.Enqueue(backend.ColumnMean{Y: out, Out: out, Spread: b.spread, Size: b.sizesOf(target), Columns: b.Runs})
	return out
}

// known fills missing cells in with what the output says, where nothing is off.
func (b *boundColumns) known(out, target backend.Tensor, n int) backend.Tensor {
	b.to.Enqueue(backend.ColumnMean{Y: b.filled.Top(n), Out: out, Spread: b.spread, Size: b.sizesOf(target), Known: target, Columns: b.Runs})
	return b.filled.Top(n)
}
