package model

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/aegpu/aegpu/backend"
)

// Columns is a likelihood of a table whose columns have likelihoods of their own
// ([backend.ColumnLoss]), runs of one kind after the other; columns of a softmax are one
// group. What a column learns beside its output, such as its variance, is a parameter
// of the model, the tensor likelihood.spread. A NaN among what the decoder is to make is
// a missing cell, which has neither loss nor squared error.
type Columns []backend.LossColumns

// columnsName begins the text of Columns.
const columnsName = "columns:"

// spreadName is the tensor of what columns learn: the logarithm of a variance or of an
// inverse dispersion each and, with columns that have zeros of their own, the logits of
// these below, all divided by [backend.SpreadRate].
const spreadName = "likelihood.spread"

// parseColumns returns the columns of a text without its name, as in gaussian*3,softmax*4.
func parseColumns(text string) (Columns, error) {
	var all Columns
	width := 0
	for word := range strings.SplitSeq(text, ",") {
		name, times, many := strings.Cut(word, "*")
		kind, err := columnKind(name)
		if err != nil {
			return nil, err
		}
		n := 1
		if many {
			if n, err = strconv.Atoi(times); err != nil {
				return nil, fmt.Errorf("%q columns: expected a whole number", times)
			}
		}
		if n < 1 || n > maxWidth-width {
			return nil, fmt.Errorf("%d more columns after %d: expected 1 to %d in all", n, width, maxWidth)
		}
		width += n
		all = all.with(kind, n)
	}
	return all, nil
}

// columnKind returns the kind of that name.
func columnKind(name string) (backend.ColumnKind, error) {
	kind := backend.GaussianColumn
	for ; kind <= backend.ZeroInflatedColumn; kind++ {
		if kind.String() == name {
			return kind, nil
		}
	}
	return 0, fmt.Errorf("%w kind of column %q: expected gaussian, bernoulli, softmax, poisson, negative-binomial or zero-inflated", ErrUnknown, name)
}

// with is the columns and n more, joined to the last ones where these are of that kind
// and no group.
func (l Columns) with(kind backend.ColumnKind, n int) Columns {
	at := 0
	if len(l) > 0 {
		last := &l[len(l)-1]
		at = last.To
		if last.Kind == kind && kind != backend.SoftmaxColumns {
			last.To += n
			return l
		}
	}
	return append(l, backend.LossColumns{Kind: kind, From: at, To: at + n})
}

// String returns the columns as in "columns:gaussian*3,bernoulli,softmax*4".
func (l Columns) String() string {
	var joined Columns
	for _, c := range l {
		joined = joined.with(c.Kind, c.To-c.From)
	}
	words := make([]string, len(joined))
	for i, c := range joined {
		words[i] = c.Kind.String()
		if n := c.To - c.From; n != 1 {
			words[i] += "*" + strconv.Itoa(n)
		}
	}
	return columnsName + strings.Join(words, ",")
}

// MarshalText returns what String does.
func (l Columns) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Figure returns "nll".
func (Columns) Figure() (name, note string, proper bool) {
	return "nll", "of all columns, nats an example", true
}

// Unit returns false: columns have scales of their own.
func (Columns) Unit() bool { return false }

func (l Columns) check(s *Spec) error {
	if len(l) == 0 {
		return errors.New("a likelihood of columns without columns")
	}
	if err := backend.CheckColumns(l, s.Outputs()); err != nil {
		return fmt.Errorf("the likelihood of columns: %w", err)
	}
	if err := notBinarised(s, "columns"); err != nil {
		return err
	}
	return outputApplies(s, "columns")
}

func (Columns) width(inputs int) int            { return inputs }
func (Columns) output(*Spec) backend.Activation { return backend.Identity }
func (Columns) mean(*Spec) backend.Activation   { return backend.Identity }
func (l Columns) spreads() int                  { return backend.Spreads(l) }
func (l Columns) bind(g *graph) boundLikelihood {
	b := &boundColumns{columns: l, graph: g}
	if l.spreads() > 0 {
		b.spread, b.dspread = g.layout.view(g.params, spreadName), g.layout.view(g.grads, spreadName)
	}
	return b
}

// centre sets biases under which untrained columns have those means; a NaN is that of
// nothing, and leaves its bias.
func (l Columns) centre(_ *Spec, bias, mean []float32) {
	for _, c := range l {
		all := 0.0
		for _, v := range mean[c.From:c.To] {
			all += float64(v)
		}
		for j := c.From; j < c.To; j++ {
			if v := centred(c, float64(mean[j]), all); v == v {
				bias[j] = float32(v)
			}
		}
	}
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

type boundColumns struct {
	unplaced
	*graph
	columns         Columns
	spread, dspread backend.Tensor // spreads x T; none where no column learns any, or in inference
	filled          backend.Tensor // B x T, in inference: targets whose missing cells are filled in
}

func (b *boundColumns) reserve(alloc backend.Alloc) {
	if !b.training {
		b.filled = alloc(b.batch, b.Spec.Outputs())
	}
}

func (b *boundColumns) tensors(add func(string, backend.Tensor)) {
	add(spreadName, b.spread)
	add(spreadName+"'", b.dspread)
	add("filled", b.filled)
}

func (b *boundColumns) loss(l backend.Loss) {
	o := backend.ColumnLoss{DOut: l.DOut, Rows: l.Rows, Out: l.Out, Target: l.Target, Spread: b.spread, Columns: b.columns, Scale: l.Scale}
	if !l.DOut.None() && b.samples == 1 {
		o.DSpread, o.Accumulate = b.dspread, b.more()
	}
	b.to.Enqueue(o)
}

// learn goes over the losses again, which weigh by what they are.
func (b *boundColumns) learn(l backend.Loss, weights backend.Tensor) {
	if weights.None() || b.dspread.None() {
		return
	}
	b.to.Enqueue(backend.ColumnLoss{Rows: l.Rows, Out: l.Out, Target: l.Target, Spread: b.spread, DSpread: b.dspread, Weights: weights,
		Columns: b.columns, Scale: l.Scale, Accumulate: b.more()})
}

func (b *boundColumns) reconstruction(out backend.Tensor, _ int) backend.Tensor {
	b.to.Enqueue(backend.ColumnMean{Y: out, Out: out, Spread: b.spread, Columns: b.columns})
	return out
}

// known fills missing cells in with what the output says, where nothing is off.
func (b *boundColumns) known(out, target backend.Tensor, n int) backend.Tensor {
	b.to.Enqueue(backend.ColumnMean{Y: b.filled.Top(n), Out: out, Spread: b.spread, Known: target, Columns: b.columns})
	return b.filled.Top(n)
}
