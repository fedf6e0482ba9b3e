package model

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/aegpu/aegpu/backend"
)

// Metrics are means over a data set's examples. Figures that do not fit the
// model are NaN.
type Metrics struct {
	Examples int
	Loss     float64 // what training descends, without penalties: reconstruction + beta KL, or minus the bound; a classifier's cross-entropy
	SSE      float64 // squared error summed over an example's elements, at the code's mean; NaN with columns of counts, whose errors have nothing in common with others'
	NLL      float64 // the reconstruction term of Loss, whatever the likelihood
	Terms    Terms   // of the code, as its KL
	ELBO     float64 // lower bound of log p(x) in nats: minus NLL and KL, of a drawn code under a likelihood
	Bound    float64 // the importance-weighted bound, where several codes are drawn
	Samples  int     // of Bound
	Accuracy float64 // share of examples that the classifier gets right
	Active   float64 // units of a drawn code that are active: their means vary over the examples; NaN of one example

	// Squares is the part of SSE that each output has, where Columns are there and SSE is.
	Squares []float64
	// Columns is the part of NLL that each output has, where columns have likelihoods of their own: a softmax's is at its
	// first. It is nil of other models, and of very wide tables.
	Columns []float64
}

// EvaluateOptions choose what Evaluate measures.
type EvaluateOptions struct {
	Beta     float32 // weight of the KL term in Loss
	Seed     uint64  // of corruption, binarisation and drawn codes
	LossOnly bool    // leave out the pass at the code's mean: SSE is NaN for a drawn code
	Classify bool    // Loss is the classifier's

	// Share is which of the ranks that measure together this one is: of every batch it has its share, as in a training.
	Share backend.Share
	// Before is how many rows other ranks measure that come before these, whole batches, and Of how many all ranks measure;
	// 0 where each has its share of every batch, or there are no others.
	Before, Of int
	// Together adds sums up over the ranks, in place; nil where there are no others.
	Together func(sums []float64) error
}

// Evaluator measures a model on resident data sets, batch by batch on the device.
type Evaluator struct{ *applier }

// NewEvaluator plans the evaluation of batches of up to batch examples. The
// model's corruption is applied to the inputs; change m.Spec.Corrupt of a clone
// to measure on others.
func (m *Model) NewEvaluator(batch int) (*Evaluator, error) {
	a, err := m.newApplier(batch, m.Spec.code().samples())
	if err != nil {
		return nil, err
	}
	return &Evaluator{a}, nil
}

// Close frees the evaluator's memory.
func (e *Evaluator) Close() { e.free() }

// Evaluate measures the model on data, and its classifier on labels where there
// are any. The context's error is returned when it ends first.
func (e *Evaluator) Evaluate(ctx context.Context, data Resident, o EvaluateOptions) (Metrics, error) {
	return e.EvaluateIn(ctx, data.Rows.Rows, func(int) (Resident, int, error) { return data, data.Rows.Rows, nil }, o)
}

// EvaluateIn is Evaluate of rows that come to the device some at a time: load returns those from a row on, whole batches
// of them or all that are left, which are good until it is called again, and how many these are. Of several ranks load
// returns the rank's shares of the batches alone.
func (e *Evaluator) EvaluateIn(ctx context.Context, rows int, load func(from int) (at Resident, rows int, err error), o EvaluateOptions) (Metrics, error) {
	e.share = o.Share
	e.dev.Enqueue(backend.ZeroSums{Sums: e.sums})
	columns := e.shares()
	if columns != nil {
		columns.clearShares()
	}
	e.code.begin()
	look := newPace(e.dev)
	classify := e.Spec.Classes > 0
	step := uint64(o.Before / e.batch)
	if rows == 0 && classify { // what the other ranks measure is known by what stands in for rows
		data, _, err := load(0)
		if err != nil {
			return Metrics{}, err
		}
		classify = data.labelled()
	}
	for from := 0; from < rows; {
		data, loaded, err := load(from)
		if err != nil {
			return Metrics{}, err
		}
		if err := data.check(&e.Spec); err != nil {
			return Metrics{}, err
		}
		classify = classify && data.labelled()
		e.dev.SetClock(e.clock, backend.Time{Seed: o.Seed, Step: step}, []backend.Hyper{{KL: o.Beta}})
		for at := 0; at < loaded; at += e.batch {
			if err := look.next(ctx); err != nil {
				return Metrics{}, err
			}
			e.evaluate(data, e.takeShare(min(e.batch, loaded-at)), classify, o)
			step++
		}
		from += loaded
	}
	s := make([]float64, e.sums.N)
	e.dev.ReadSums(s, e.sums)
	parts, squares := columns.download()
	moments := e.code.readMoments()
	if err := e.dev.Sync(); err != nil {
		return Metrics{}, err
	}
	all := tally{s, widened(parts), widened(squares), widened(moments)}
	if err := all.together(o.Together); err != nil {
		return Metrics{}, err
	}
	return e.figures(all, cmp.Or(o.Of, rows), classify, o), nil
}

// tally is what an evaluation adds up.
type tally struct{ sums, parts, squares, moments []float64 }

// together adds the sums of all ranks up.
func (v *tally) together(add func(sums []float64) error) error {
	if add == nil {
		return nil
	}
	all := slices.Concat(v.sums, v.parts, v.squares, v.moments)
	err := add(all)
	for _, part := range []*[]float64{&v.sums, &v.parts, &v.squares, &v.moments} {
		*part, all = all[:len(*part)], all[len(*part):]
	}
	return err
}

// figures makes means of them, over so many examples.
func (e *Evaluator) figures(v tally, rows int, classify bool, o EvaluateOptions) Metrics {
	m := e.metrics(v.sums, rows, classify, o)
	if len(v.moments) > 0 && rows > 1 && !(o.Classify && o.LossOnly) { // one row does not vary
		m.Active = float64(activeUnits(variancesOf(v.moments, e.Spec.Latent, rows)))
	}
	for _, part := range v.parts {
		m.Columns = append(m.Columns, part/float64(rows*e.samples))
	}
	if !math.IsNaN(m.SSE) {
		for _, square := range v.squares {
			m.Squares = append(m.Squares, square/float64(rows)/math.Pi)
		}
	}
	return m
}

// widened is numbers as float64; nil of none.
func widened(v []float32) (wide []float64) {
	for _, x := range v {
		wide = append(wide, float64(x))
	}
	return wide
}

// evaluate enqueues the measurement of the n rows that come next; a rank may have none of a batch.
func (e *Evaluator) evaluate(data Resident, n int, classify bool, o EvaluateOptions) {
	if n == 0 {
		e.to.Enqueue(backend.Tick{Clock: e.clock})
		return
	}
	e.gather(data, false, n)
	h := e.encode(e.input(), n)
	if !(o.Classify && o.LossOnly) {
		e.gatherTargets(data, false, n)
		e.measure(h, n, o)
	}
	if classify {
		e.measureClasses(h, data.Labels, n)
	}
	e.to.Enqueue(backend.Tick{Clock: e.clock, Rows: n})
}

// measure enqueues the loss terms at codes drawn as in training, and the squared
// error at the code's mean.
func (e *Evaluator) measure(h backend.Tensor, n int, o EvaluateOptions) {
	N, drawn := n*e.samples, e.Spec.code().Drawn()
	rows := e.rows.Top(N)
	z := e.code.draw(h, n)
	out := e.dec.forward(e.to, e.tellDecoder(z, n), N)
	e.likelihood.loss(backend.Loss{Rows: rows, Out: out, Target: e.target().Top(n)})
	e.to.Enqueue(backend.Accumulate{Sums: e.sums, Slot: sumLoss, V: rows, Scale: 1 / float64(e.samples)})
	if s := e.shares(); s != nil {
		s.share(N)
	}
	e.code.measure(h, z, rows, n)
	if drawn && o.LossOnly {
		return
	}
	if drawn {
		out = e.dec.forward(e.to, e.tellDecoder(e.code.mean(h, n), n), n)
	}
	want := e.likelihood.known(out, e.target().Top(n), n)
	x := e.likelihood.reconstruction(out, e.target().Top(n), n)
	e.to.Enqueue(backend.Loss{Rows: e.rows.Top(n), Out: x, Target: want, Kind: backend.SquaredError})
	e.to.Enqueue(backend.Accumulate{Sums: e.sums, Slot: sumSSE, V: e.rows.Top(n), Scale: 1})
	if s := e.shares(); s != nil && !s.HasCounts() {
		s.shareSquares(x, e.target().Top(n), e.rows.Top(n))
	}
}

// measureClasses enqueues the classifier's cross-entropy and hits.
func (e *Evaluator) measureClasses(h backend.Tensor, labels backend.Data, n int) {
	code := e.code.mean(h, n)
	want := e.labels.Top(n)
	e.to.Enqueue(backend.Gather{Clean: want, Data: labels, Batch: backend.Batch{Clock: e.clock}})
	logits := e.head.forward(e.to, code, n)
	e.to.Enqueue(backend.Loss{Rows: e.rows.Top(n), Out: logits, Target: want, Kind: backend.Categorical})
	e.to.Enqueue(backend.Accumulate{Sums: e.sums, Slot: sumCross, V: e.rows.Top(n), Scale: 1})
	e.to.Enqueue(backend.Correct{Sums: e.sums, Slot: sumCorrect, Logits: logits, Target: want})
}

// shares is what adds up the losses of columns, nil where nothing does.
func (e *Evaluator) shares() *boundColumns {
	if b, ok := e.likelihood.(*boundColumns); ok && !b.shares.None() {
		return b
	}
	return nil
}

// metrics turns sums over n examples into means.
func (e *Evaluator) metrics(s []float64, n int, classify bool, o EvaluateOptions) Metrics {
	mean := func(slot int) float64 { return s[slot] / float64(n) }
	nan := math.NaN()
	m := Metrics{Examples: n, Loss: mean(sumLoss), NLL: mean(sumLoss), SSE: mean(sumSSE), ELBO: nan, Bound: nan, Accuracy: nan, Active: nan}
	e.code.conclude(&m, mean, float64(o.Beta))
	if l, ok := e.Spec.Likelihood.(Columns); e.Spec.code().Drawn() && o.LossOnly || ok && l.HasCounts() {
		m.SSE = nan
	}
	if classify {
		m.Accuracy = mean(sumCorrect)
	}
	if o.Classify {
		m.Loss = mean(sumCross)
	}
	return m
}
