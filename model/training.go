package model

import (
	"fmt"
	"math"
	"slices"

	"github.com/aegpu/aegpu/backend"
)

// Objective is what a training step descends.
type Objective uint8

// The objectives.
const (
	Reconstruct Objective = iota // the autoencoder's own loss, with its penalties
	FineTune                     // the classifier's cross-entropy, through the encoder
	Frozen                       // the classifier's cross-entropy, encoder fixed: softmax regression on the codes
)

// TrainingOptions are the constant part of a training.
type TrainingOptions struct {
	Objective  Objective
	Batch      int               // rows that the device computes on at a time
	Accumulate int               // batches whose mean gradient makes an update; 0 is 1
	Optimiser  backend.Optimiser // Decayed is set by NewTraining
	Steps      int               // longest table of hyperparameters that SetTime will be given
}

// batches is how many batches make an update.
func (o *TrainingOptions) batches() int { return max(1, o.Accumulate) }

// samples is the codes that a step draws for every example.
func (o *TrainingOptions) samples(s *Spec) int {
	if o.Objective != Reconstruct {
		return 1
	}
	return s.samples()
}

// Slots of a training's accumulators, sums over examples except where said.
const (
	sumLoss     = iota // reconstruction (classifier: cross-entropy; importance-weighted: minus the bound)
	sumKL              // KL of a Gaussian code
	sumSparse          // sparsity penalty, unweighted
	sumContract        // squared Jacobian norm
	sumCorrect         // examples that the classifier gets right
	numSums
)

// Parts are the mean terms of the loss over the examples since the last reading.
type Parts struct {
	Examples       int
	Reconstruction float64 // the classifier's cross-entropy when one is trained; minus the bound when it is importance-weighted
	KL             float64 // nats, unweighted
	Sparsity       float64 // unweighted
	Contraction    float64 // mean squared Jacobian norm
	Correct        float64 // share of examples that the classifier gets right
}

// Training is a model's training step on a resident data set, planned and
// compiled. Labels are one column of class numbers, none for a reconstruction.
type Training struct {
	*graph
	opts     TrainingOptions
	data     backend.Data
	labelled backend.Data

	Clock   backend.Clock
	sums    backend.Sums
	guard   backend.Sums
	grads   backend.Tensor
	moments [2]backend.Tensor
	trust   backend.Sums // LAMB's ratios
	span    span
	segment segment // that the span covers

	// the update that is being enqueued
	from  int // examples before the batch
	group int // examples in all

	// gradients beside the layers' own
	dcode     backend.Tensor // B*K x L: by the decoder's input; in the place of the encoder's delta where that is as large
	means     backend.Tensor // 1 x L: mean activations, for KL sparsity
	selectMu  backend.Tensor // 2L x L: picks mu out of (mu, l), for a classifier on a Gaussian code
	mu        backend.Tensor // B x L, likewise
	jacobian  *jacobian      // deep or stochastic contractive penalty
	normGrad  backend.Tensor // 1 x L: closed-form contractive penalty
	rowNorms  backend.Tensor // 1 x L, likewise
	programs  map[int]backend.Program
	allocated []backend.Memory
}

// NewTraining plans the step's memory and nothing else. Batches are drawn from
// data (and labels), which must outlive the training.
func (m *Model) NewTraining(data, labels backend.Data, opts TrainingOptions) (*Training, error) {
	if err := m.checkTraining(data, labels, opts); err != nil {
		return nil, err
	}
	t := &Training{opts: opts, data: data, labelled: labels, span: m.layout.span(opts.Objective), programs: map[int]backend.Program{}}
	if err := t.allocate(m); err != nil {
		t.Close()
		return nil, fmt.Errorf("training step of batch %d: %w", opts.Batch, err)
	}
	return t, nil
}

func (m *Model) checkTraining(data, labels backend.Data, opts TrainingOptions) error {
	classify := opts.Objective != Reconstruct
	switch {
	case data.Cols != m.Spec.Inputs:
		return fmt.Errorf("data of %d columns does not fit a model of %d inputs", data.Cols, m.Spec.Inputs)
	case opts.Batch < 1 || opts.Batch > data.Rows:
		return fmt.Errorf("batch is %d: expected 1 to %d, the rows there are", opts.Batch, data.Rows)
	case classify && m.Spec.Classes == 0:
		return fmt.Errorf("the model has no classifier to train")
	case classify && (labels.Rows != data.Rows || labels.Cols != 1):
		return fmt.Errorf("%d x %d labels for %d rows", labels.Rows, labels.Cols, data.Rows)
	}
	return nil
}

func (t *Training) allocate(m *Model) error {
	dev := m.dev
	t.segment = m.layout.segment(t.span)
	size := t.segment.size
	t.opts.Optimiser.Decayed = t.segment.weights
	buffers := 1 + t.opts.Optimiser.Kind.Moments()
	block, err := dev.Alloc(1, m.layout.size+(buffers-1)*size)
	if err != nil {
		return err
	}
	t.own(block.Mem)
	t.grads = block.Slice(0, 1, m.layout.size)
	for i := range buffers - 1 {
		t.moments[i] = block.Slice(m.layout.size+i*size, 1, size)
	}
	if t.Clock, err = dev.AllocClock(max(1, t.opts.Steps) * t.opts.batches()); err != nil {
		return err
	}
	t.own(t.Clock.Mem)
	if t.sums, err = dev.AllocSums(numSums); err != nil {
		return err
	}
	t.own(t.sums.Mem)
	if t.guard, err = dev.AllocSums(backend.GuardNorm + len(t.segment.ends)); err != nil {
		return err
	}
	t.own(t.guard.Mem)
	if t.opts.Optimiser.Kind == backend.LAMB {
		if t.trust, err = dev.AllocSums(len(t.segment.ends)); err != nil {
			return err
		}
		t.own(t.trust.Mem)
	}
	if t.graph, err = newGraph(m, t.opts.Batch, t.opts.samples(&m.Spec), t.grads, t.Clock, t.planGradients); err != nil {
		return err
	}
	t.setSelection()
	return dev.Sync()
}

func (t *Training) own(mem backend.Memory) { t.allocated = append(t.allocated, mem) }

// planGradients reserves what only training needs beside the layers' gradients.
func (t *Training) planGradients(g *graph, alloc backend.Alloc) {
	s := &g.Spec
	t.dcode = g.enc.last().delta
	if s.Code == Gaussian {
		t.dcode = alloc(g.batch*g.samples, s.Latent)
	}
	if n := t.opts.batches(); n > 1 { // losses of all batches, so that Check sees them
		g.rows = alloc(n*g.batch*g.samples, 1)
	}
	if s.Classes > 0 && s.Code == Gaussian {
		t.selectMu, t.mu = alloc(2*s.Latent, s.Latent), alloc(g.batch, s.Latent)
	}
	if t.opts.Objective != Reconstruct {
		return
	}
	if s.Sparsity.Kind == KLSparsity {
		t.means = alloc(1, s.Latent)
	}
	switch {
	case s.Contract.Kind == NoContract:
	case s.closedForm():
		t.rowNorms, t.normGrad = alloc(1, s.Latent), alloc(1, s.Latent)
	default:
		t.jacobian = planJacobian(g, alloc, g.batch, s.probes(), s.Contract.Kind == ExactContract, true)
	}
}

// setSelection uploads the constant matrix that picks mu out of (mu, l).
func (t *Training) setSelection() {
	if t.selectMu.None() {
		return
	}
	one := make([]float32, t.selectMu.Len())
	for j := range t.selectMu.Cols {
		one[j*t.selectMu.Cols+j] = 1
	}
	t.dev.Upload(t.selectMu, one)
}

// Close frees the training's memory. It may be called twice.
func (t *Training) Close() {
	for _, p := range t.programs {
		p.Free()
	}
	t.graph.free()
	for _, mem := range t.allocated {
		mem.Free()
	}
}

// SetTime sets the clock and the hyperparameters of the steps ahead, a step being
// an update. The device's clock counts batches, so that each has noise of its own.
func (t *Training) SetTime(now backend.Time, table []backend.Hyper) {
	if n := t.opts.batches(); n > 1 {
		now.Step *= uint64(n)
		each := make([]backend.Hyper, 0, n*len(table))
		for _, h := range table {
			each = append(each, slices.Repeat([]backend.Hyper{h}, n)...)
		}
		table = each
	}
	t.dev.SetClock(t.Clock, now, table)
}

// Step is the operations of a step on rows examples.
func (t *Training) Step(rows int) backend.List {
	var step backend.List
	t.to = &step
	t.step(rows)
	t.to = t.dev
	return step
}

// Prepare compiles the step on rows examples, so that no launch has to.
func (t *Training) Prepare(rows int) error {
	if t.programs[rows] != nil {
		return nil
	}
	p, err := t.dev.Compile(t.Step(rows))
	if err != nil {
		return fmt.Errorf("compiling a step of %d examples: %w", rows, err)
	}
	t.programs[rows] = p
	return nil
}

// Launch enqueues that many steps of rows examples each, up to Accumulate batches.
// The first launch of a size prepares it.
func (t *Training) Launch(rows, times int) error {
	if err := t.Prepare(rows); err != nil {
		return err
	}
	t.programs[rows].Launch(times)
	return nil
}

// Launches is how many launches a step of rows examples takes, 0 where it was not
// compiled or the device does not count.
func (t *Training) Launches(rows int) int {
	if p, ok := t.programs[rows].(backend.LaunchCounter); ok {
		return p.Nodes()
	}
	return 0
}

// Reading is the means over the examples so far, and what went wrong, on their way
// to the host.
type Reading struct {
	t           *Training
	examples    int
	sums, guard backend.Reading
}

// Fetch enqueues a reading of the steps launched so far, which were of so many
// examples. Steps that are launched later do not wait for it.
func (t *Training) Fetch(examples int) *Reading {
	return &Reading{t, examples, t.dev.FetchSums(t.sums), t.dev.FetchSums(t.guard)}
}

// Done reports whether Wait would not wait.
func (r *Reading) Done() bool { return r.sums.Done() && r.guard.Done() }

// Wait waits until those steps are done, and for no later one. It is called once.
func (r *Reading) Wait() (Parts, *Fault, error) {
	s, g := make([]float64, numSums), make([]float64, r.t.guard.N)
	if err := r.sums.Wait(s); err != nil {
		return Parts{}, nil, err
	}
	if err := r.guard.Wait(g); err != nil {
		return Parts{}, nil, err
	}
	return r.t.parts(s, r.examples), r.t.fault(g), nil
}

// Read waits for the device and returns the accumulators' means over examples.
func (t *Training) Read(examples int) (Parts, error) {
	s := make([]float64, numSums)
	t.dev.ReadSums(s, t.sums)
	return t.parts(s, examples), t.dev.Sync()
}

// parts are the means over examples; only the last step had fewer than its batches
// hold.
func (t *Training) parts(s []float64, examples int) Parts {
	n := float64(max(1, examples))
	p := Parts{
		Examples: examples, Reconstruction: s[sumLoss] / n, KL: s[sumKL] / n,
		Sparsity: s[sumSparse] / n, Contraction: s[sumContract] / n, Correct: s[sumCorrect] / n,
	}
	if t.Spec.Sparsity.Kind == KLSparsity { // one penalty a batch, not an example
		p.Sparsity = s[sumSparse] / float64(max(1, (examples+t.opts.Batch-1)/t.opts.Batch))
	}
	return p
}

// Fault is the first step that was not finite.
type Fault struct {
	Step int    // from 0
	What string // "the loss", "the gradient of" a parameter tensor, or "a parameter"
}

// fault is the first step whose loss or gradient was not finite, nil while there is
// none. From that step on the parameters have not moved. Where loss and gradient are
// finite a parameter was not, and a ReLU hid it ([backend.Updates]).
func (t *Training) fault(g []float64) *Fault {
	if g[backend.GuardStep] == 0 {
		return nil
	}
	f := &Fault{Step: (int(g[backend.GuardStep]) - 1) / t.opts.batches(), What: "the loss"}
	if bad(g[backend.GuardLoss]) {
		return f
	}
	// Gradients flow from the decoder's end to the encoder's start: of those that
	// are not finite, the one nearest the loss broke first.
	for _, p := range t.fromLoss() {
		if i := t.layout.byName[p]; i >= t.span.lo && i < t.span.hi && bad(g[backend.GuardNorm+i-t.span.lo]) {
			f.What = "the gradient of " + p
			return f
		}
	}
	f.What = "a parameter"
	return f
}

func bad(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

// fromLoss names the parameter tensors from the loss backwards.
func (t *Training) fromLoss() []string {
	var names []string
	side := func(name string, layers int) {
		for i := layers - 1; i >= 0; i-- {
			names = append(names, fmt.Sprintf("%s.%d.weight", name, i), fmt.Sprintf("%s.%d.bias", name, i))
		}
	}
	names = append(names, "classifier.weight", "classifier.bias")
	side("decoder", len(t.dec))
	side("encoder", len(t.enc))
	return slices.DeleteFunc(names, func(n string) bool { _, ok := t.layout.byName[n]; return !ok })
}

// ReadState and WriteState carry the accumulators over an interruption.
func (t *Training) ReadState(sums *[]float64) error {
	*sums = make([]float64, numSums)
	t.dev.ReadSums(*sums, t.sums)
	return t.dev.Sync()
}

// WriteState is the inverse of ReadState; nil clears the accumulators.
func (t *Training) WriteState(sums []float64) {
	if len(sums) != numSums {
		t.dev.Enqueue(backend.ZeroSums{Sums: t.sums})
		return
	}
	t.dev.WriteSums(t.sums, sums)
}

// Moments are the optimiser's flat buffers; none where the rule keeps fewer.
func (t *Training) Moments() [2]backend.Tensor { return t.moments }

// ResetSums clears the accumulators.
func (t *Training) ResetSums() { t.dev.Enqueue(backend.ZeroSums{Sums: t.sums}) }

// step enqueues one whole step on n examples: the gradients of its batches, added
// up, and the update. What a batch adds is divided by n, so that the sum is the mean
// over all of them, whatever their sizes.
func (t *Training) step(n int) {
	batch := 0
	t.group = n
	for t.from = 0; t.from < n; t.from += batch {
		if t.from > 0 {
			t.to.Enqueue(backend.Tick{Clock: t.Clock, Rows: batch})
		}
		batch = min(t.opts.Batch, n-t.from)
		t.gather(t.data, t.Clock, true, batch)
		if t.opts.Objective == Reconstruct {
			t.reconstruct(batch)
		} else {
			t.classify(batch)
		}
	}
	s := &t.segment
	grads := t.grads.Slice(s.off, 1, s.size)
	t.to.Enqueue(backend.Check{Guard: t.guard, Grads: grads, Ends: s.ends, Rows: t.rows.Top(n * t.samples), Clock: t.Clock})
	t.update(t.params.Slice(s.off, 1, s.size), grads)
	t.to.Enqueue(backend.Tick{Clock: t.Clock, Rows: batch})
}

// over is the weight of one example's term of the mean loss.
func (t *Training) over(weight float32) float32 { return weight / float32(t.group) }

// more is whether earlier batches have left gradients to be added to.
func (t *Training) more() bool { return t.from > 0 }

// losses are the rows of the batch, n examples.
func (t *Training) losses(n int) backend.Tensor {
	return t.rows.Slice(t.from*t.samples, n*t.samples, 1)
}

// update enqueues the optimiser's move.
func (t *Training) update(params, grads backend.Tensor) {
	m, v, o := t.moments[0], t.moments[1], t.opts.Optimiser
	if o.Kind == backend.LAMB {
		t.to.Enqueue(backend.UpdateLAMB{Params: params, Grads: grads, M: m, V: v, Ends: t.segment.ends, Trust: t.trust, Optimiser: o, Guard: t.guard, Clock: t.Clock})
		return
	}
	t.to.Enqueue(backend.Update{Params: params, Grads: grads, M: m, V: v, Optimiser: o, Guard: t.guard, Clock: t.Clock})
}
