package model

import (
	"fmt"
	"math"

	"github.com/aegpu/aegpu/backend"
)

// Metrics are means over a data set's examples. Figures that do not fit the
// model are NaN.
type Metrics struct {
	Examples int
	Loss     float64 // what training descends, without penalties: reconstruction + beta KL, or minus the bound; a classifier's cross-entropy
	SSE      float64 // squared error summed over an example's elements, at the code's mean
	BCE      float64 // cross-entropy in nats an example, Bernoulli loss only
	NLL      float64 // the reconstruction term of Loss, whatever the loss
	KL       float64 // nats an example, Gaussian code only
	Bound    float64 // evidence lower bound in nats an example (importance-weighted where Samples > 1), Gaussian code with a likelihood
	Accuracy float64 // share of examples that the classifier gets right
}

// EvaluateOptions choose what Evaluate measures.
type EvaluateOptions struct {
	Beta     float32 // weight of the KL term in Loss
	Seed     uint64  // of corruption, binarisation and drawn codes
	LossOnly bool    // leave out the pass at the code's mean: SSE is NaN for a Gaussian code
	Classify bool    // Loss is the classifier's
}

// slots of an evaluation's accumulators
const (
	evalRows = iota
	evalKL
	evalBound
	evalSSE
	evalCross
	evalCorrect
	numEvalSums
)

// Evaluator measures a model on resident data sets, batch by batch on the device.
type Evaluator struct {
	*applier
	sums backend.Sums
}

// NewEvaluator plans the evaluation of batches of up to batch examples. The
// model's corruption is applied to the inputs; change m.Spec.Corrupt of a clone
// to measure on others.
func (m *Model) NewEvaluator(batch int) (*Evaluator, error) {
	a, err := m.newApplier(batch, m.Spec.samples())
	if err != nil {
		return nil, err
	}
	e := &Evaluator{applier: a}
	if e.sums, err = m.dev.AllocSums(numEvalSums); err != nil {
		a.free()
		return nil, err
	}
	return e, nil
}

// Close frees the evaluator's memory.
func (e *Evaluator) Close() {
	e.applier.free()
	e.sums.Mem.Free()
}

// Evaluate measures the model on data, and its classifier on labels where there
// are any.
func (e *Evaluator) Evaluate(data, labels backend.Data, o EvaluateOptions) (Metrics, error) {
	if data.Cols != e.Spec.Inputs {
		return Metrics{}, fmt.Errorf("data of %d columns does not fit a model of %d inputs", data.Cols, e.Spec.Inputs)
	}
	classify := e.Spec.Classes > 0 && labels.Rows == data.Rows
	e.dev.Enqueue(backend.ZeroSums{Sums: e.sums})
	e.dev.SetClock(e.clock, backend.Time{Seed: o.Seed}, []backend.Hyper{{KL: o.Beta}})
	for at := 0; at < data.Rows; at += e.batch {
		n := min(e.batch, data.Rows-at)
		e.gather(data, e.clock, false, n)
		h := e.encode(e.input(), n, e.Spec.evalK())
		if !(o.Classify && o.LossOnly) {
			e.measure(h, n, o)
		}
		if classify {
			e.measureClasses(h, labels, n)
		}
		e.to.Enqueue(backend.Tick{Clock: e.clock, Rows: n})
	}
	s := make([]float64, numEvalSums)
	e.dev.ReadSums(s, e.sums)
	return e.metrics(s, data.Rows, classify, o), e.dev.Sync()
}

// measure enqueues the loss terms at codes drawn as in training, and the squared
// error at the code's mean.
func (e *Evaluator) measure(h backend.Tensor, n int, o EvaluateOptions) {
	N := n * e.samples
	rows, out := e.rows.Top(N), e.dec.last()
	code := e.draw(h, e.clock, n)
	e.dec.forward(e.to, code, N)
	e.to.Enqueue(backend.Loss{Rows: rows, Out: out.y.Top(N), Target: e.clean.Top(n), Kind: e.Spec.Loss})
	e.to.Enqueue(backend.Accumulate{Sums: e.sums, Slot: evalRows, V: rows, Scale: 1 / float64(e.samples)})
	if e.Spec.Code == Gaussian {
		e.to.Enqueue(backend.GaussianKL{KL: e.kl, ML: h})
		e.to.Enqueue(backend.Accumulate{Sums: e.sums, Slot: evalKL, V: e.kl, Scale: float64(n)})
		if e.samples > 1 {
			e.to.Enqueue(backend.ImportanceWeights{W: e.weights.Top(N), Bound: e.bound.Top(n), Rows: rows, Z: code, ML: h, Noise: backend.Noise{Clock: e.clock, Stream: backend.StreamCode}})
			e.to.Enqueue(backend.Accumulate{Sums: e.sums, Slot: evalBound, V: e.bound.Top(n), Scale: 1})
		}
		if o.LossOnly {
			return
		}
		e.to.Enqueue(backend.CopyColumns{Dst: e.mu.Top(n), Src: h})
		e.reconstruction(e.mu.Top(n), n)
	} else if act := e.Spec.reconstruction(); e.Spec.Loss == backend.Bernoulli {
		e.to.Enqueue(backend.Activate{Y: out.y.Top(n), X: out.y.Top(n), Act: act})
	}
	x := out.y.Top(n)
	if e.Spec.Loss == backend.GaussianNLL {
		x = e.mean.Top(n)
		e.to.Enqueue(backend.CopyColumns{Dst: x, Src: out.y.Top(n)})
	}
	e.to.Enqueue(backend.Loss{Rows: e.rows.Top(n), Out: x, Target: e.clean.Top(n), Kind: backend.SquaredError})
	e.to.Enqueue(backend.Accumulate{Sums: e.sums, Slot: evalSSE, V: e.rows.Top(n), Scale: 1})
}

// measureClasses enqueues the classifier's cross-entropy and hits.
func (e *Evaluator) measureClasses(h backend.Tensor, labels backend.Data, n int) {
	code := h
	if e.Spec.Code == Gaussian {
		code = e.mu.Top(n)
		e.to.Enqueue(backend.CopyColumns{Dst: code, Src: h})
	}
	want := e.labels.Top(n)
	e.to.Enqueue(backend.Gather{Clean: want, Data: labels, Batch: backend.Batch{Clock: e.clock}})
	logits := e.head.forward(e.to, code, n)
	e.to.Enqueue(backend.Loss{Rows: e.rows.Top(n), Out: logits, Target: want, Kind: backend.Categorical})
	e.to.Enqueue(backend.Accumulate{Sums: e.sums, Slot: evalCross, V: e.rows.Top(n), Scale: 1})
	e.to.Enqueue(backend.Correct{Sums: e.sums, Slot: evalCorrect, Logits: logits, Target: want})
}

// metrics turns sums over n examples into means.
func (e *Evaluator) metrics(s []float64, n int, classify bool, o EvaluateOptions) Metrics {
	for i := range s {
		s[i] /= float64(n)
	}
	nan := math.NaN()
	m := Metrics{Examples: n, Loss: s[evalRows], NLL: s[evalRows], SSE: s[evalSSE], BCE: nan, KL: nan, Bound: nan, Accuracy: nan}
	if e.Spec.Loss == backend.Bernoulli {
		m.BCE = s[evalRows]
	}
	if e.Spec.Code == Gaussian {
		m.KL = s[evalKL]
		m.Loss += float64(o.Beta) * m.KL
		if o.LossOnly {
			m.SSE = nan
		}
		if e.Spec.Loss != backend.SquaredError {
			m.Bound = -(m.NLL + m.KL)
		}
		if e.samples > 1 {
			m.Loss, m.Bound = -s[evalBound], s[evalBound]
		}
	}
	if classify {
		m.Accuracy = s[evalCorrect]
	}
	if o.Classify {
		m.Loss = s[evalCross]
	}
	return m
}

// JacobianNorm is the root mean square over the first examples of data of the
// Frobenius norm of the encoder's Jacobian, exact. It needs a code that is
// neither drawn nor cut to its largest units. With one layer it costs little more
// than encoding, with more it costs a backward pass a unit of the code.
func (m *Model) JacobianNorm(data backend.Data, examples int) (float64, error) {
	if m.kind() != Deterministic {
		return 0, fmt.Errorf("the Jacobian's norm is measured on deterministic codes, not %s ones", m.kind())
	}
	examples = min(examples, data.Rows)
	batch := min(examples, applyBatch)
	if len(m.Spec.Hidden) > 0 {
		batch = min(examples, max(1, 4096/m.Spec.Latent))
	}
	sums, err := m.dev.AllocSums(1)
	if err != nil {
		return 0, err
	}
	defer sums.Mem.Free()
	a, square, err := m.jacobianApplier(batch, sums)
	if err != nil {
		return 0, err
	}
	defer a.free()
	for at := 0; at < examples; at += batch {
		n := min(batch, examples-at)
		m.dev.SetClock(a.clock, backend.Time{Row: uint64(at)}, nil)
		m.dev.Enqueue(backend.Gather{Clean: a.clean.Top(n), Data: data, Batch: backend.Batch{Clock: a.clock}})
		a.enc.forward(m.dev, a.clean, n)
		square(n)
	}
	total := make([]float64, 1)
	m.dev.ReadSums(total, sums)
	return math.Sqrt(total[0] / float64(examples)), m.dev.Sync()
}

// jacobianApplier plans an encoder whose Jacobian's squared norm is added to sums
// by square, for n encoded examples.
func (m *Model) jacobianApplier(batch int, sums backend.Sums) (a *applier, square func(n int), err error) {
	a = &applier{}
	if a.clock, err = m.dev.AllocClock(1); err != nil {
		return nil, nil, err
	}
	a.graph, err = newGraph(m, batch, 1, backend.Tensor{}, a.clock, func(g *graph, alloc backend.Alloc) {
		if len(g.enc) > 1 {
			j := planJacobian(g, alloc, batch, m.Spec.Latent, true, false)
			square = func(n int) {
				j.forward(m.dev, g.enc, a.clock, n)
				v := j.v[0].Top(n * j.probes)
				m.dev.Enqueue(backend.SquareSum{DV: v, Sums: sums, V: v, Share: 1})
			}
			return
		}
		l, r, unused, norms := &g.enc[0], alloc(1, m.Spec.Latent), alloc(1, m.Spec.Latent), alloc(batch, m.Spec.Latent)
		square = func(n int) {
			m.dev.Enqueue(backend.RowSquares{R: r, W: l.w})
			m.dev.Enqueue(backend.ContractShallow{DA: norms.Top(n), DR: unused, Sums: sums, Saved: l.saved().Top(n), R: r, Act: l.act, Share: 1})
		}
	})
	if err != nil {
		a.clock.Mem.Free()
		return nil, nil, err
	}
	return a, square, nil
}

// LogLikelihood is the importance-weighted estimate of mean log p(x) with k
// samples an example, in nats (Burda et al. 2016). It needs a Gaussian code and
// a likelihood as loss.
func (m *Model) LogLikelihood(data backend.Data, k int, seed uint64) (float64, error) {
	if m.kind() != Gaussian || m.Spec.Loss == backend.SquaredError {
		return 0, fmt.Errorf("log p(x) is estimated for a Gaussian code with the bernoulli or gaussian loss")
	}
	chunk := min(k, 50)
	a, err := m.newApplier(min(20, data.Rows), max(2, chunk))
	if err != nil {
		return 0, err
	}
	defer a.free()
	rounds := (k + a.samples - 1) / a.samples
	m.dev.SetClock(a.clock, backend.Time{Seed: seed}, nil)
	total, bound := 0.0, make([]float32, a.batch)
	for at := 0; at < data.Rows; at += a.batch {
		n := min(a.batch, data.Rows-at)
		m.dev.Enqueue(backend.Gather{Clean: a.clean.Top(n), Data: data, Batch: backend.Batch{Clock: a.clock, Binarise: m.Spec.Binarise}})
		h := a.enc.forward(m.dev, a.clean, n)
		logs := make([][]float64, n)
		for range rounds {
			a.importance(h, n)
			m.dev.Download(bound[:n], a.bound.Top(n))
			for i, v := range bound[:n] {
				logs[i] = append(logs[i], float64(v))
			}
			m.dev.Enqueue(backend.Tick{Clock: a.clock})
		}
		if err := m.dev.Sync(); err != nil {
			return 0, err
		}
		for _, l := range logs {
			total += logMeanExp(l)
		}
		m.dev.Enqueue(backend.Tick{Clock: a.clock, Rows: n})
	}
	return total / float64(data.Rows), m.dev.Sync()
}

// importance enqueues one round of importance samples of n examples.
func (a *applier) importance(h backend.Tensor, n int) {
	N := n * a.samples
	z := a.draw(h, a.clock, n)
	out := a.dec.forward(a.to, z, N)
	a.to.Enqueue(backend.Loss{Rows: a.rows.Top(N), Out: out, Target: a.clean.Top(n), Kind: a.Spec.Loss})
	a.to.Enqueue(backend.ImportanceWeights{W: a.weights.Top(N), Bound: a.bound.Top(n), Rows: a.rows.Top(N), Z: z, ML: h, Noise: backend.Noise{Clock: a.clock, Stream: backend.StreamCode}})
}

func logMeanExp(v []float64) float64 {
	top, sum := math.Inf(-1), 0.0
	for _, x := range v {
		top = math.Max(top, x)
	}
	for _, x := range v {
		sum += math.Exp(x - top)
	}
	return top + math.Log(sum/float64(len(v)))
}
