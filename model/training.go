package model

import (
	"fmt"
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
	Shared     bool              // what the decoder is to make are the rows as they are; set by NewTraining
	Steps      int               // longest table of hyperparameters that SetTime will be given

	// Share is which of the ranks that train together this one is. It computes on its share of every batch, whose rows are
	// the data's in their order; gradients and losses are those of all.
	Share backend.Share
	// Together adds sums up over the ranks, in place; nil where there are no others.
	Together func(sums []float64) error
}

// batches is how many batches make an update.
func (o *TrainingOptions) batches() int { return max(1, o.Accumulate) }

// graph is what a step of those options is planned for.
func (o *TrainingOptions) graph(s *Spec, grads backend.Tensor, clock backend.Clock) graphOptions {
	_, most := backend.Share{Size: o.Share.Size}.Of(o.Batch) // the first has as many as any
	g := graphOptions{batch: most, samples: 1, training: true, grads: grads, clock: clock, shared: o.Shared, share: o.Share}
	if o.Objective == Reconstruct {
		g.samples, g.penalised = s.code().samples(), true
	}
	if n := o.batches(); n > 1 { // losses of all batches, so that Check sees them
		g.losses = n * g.batch * g.samples
	}
	return g
}

// Training is a model's training step on a resident data set, planned and
// compiled.
type Training struct {
	*graph
	opts TrainingOptions
	data Resident

	Clock    backend.Clock
	guard    backend.Sums
	meanLoss backend.Tensor // 1 x 1: the mean loss of all ranks' examples; none where there are no other ranks
	moments  [2]backend.Tensor
	trust    backend.Sums // LAMB's ratios
	span     span
	segment  segment // that the span covers

	among     int // rows of data that batches are drawn from
	programs  map[stepSize]backend.Program
	allocated []backend.Memory
}

// stepSize is what a compiled step depends on: its rows, and of how many they are drawn.
type stepSize struct{ rows, among int }

// DrawFrom has the steps that are prepared and launched from now on draw their rows from the first n of the data: what
// lies there may be uploaded between two of them.
func (t *Training) DrawFrom(n int) { t.among = n }

// NewTraining plans the step's memory and nothing else. Batches are drawn from
// data, which must outlive the training; labels are for a classifier alone.
func (m *Model) NewTraining(data Resident, opts TrainingOptions) (*Training, error) {
	if err := m.checkTraining(data, opts); err != nil {
		return nil, err
	}
	opts.Shared = data.shared()
	t := &Training{opts: opts, data: data, span: m.layout.span(opts.Objective), among: data.Rows.Rows, programs: map[stepSize]backend.Program{}}
	if err := t.allocate(m); err != nil {
		t.Close()
		return nil, fmt.Errorf("training step of batch %d: %w", opts.Batch, err)
	}
	return t, nil
}

func (m *Model) checkTraining(data Resident, opts TrainingOptions) error {
	if err := data.check(&m.Spec); err != nil {
		return err
	}
	rows, labels, classify := data.Rows.Rows, data.Labels, opts.Objective != Reconstruct
	switch {
	case opts.Batch < 1 || opts.Share.Alone() && opts.Batch > rows:
		return fmt.Errorf("batch is %d: expected 1 to %d, the rows there are", opts.Batch, rows)
	case classify && m.Spec.Classes == 0:
		return fmt.Errorf("the model has no classifier to train")
	case classify && (labels.Rows != rows || labels.Cols != 1):
		return fmt.Errorf("%d x %d labels for %d rows", labels.Rows, labels.Cols, rows)
	}
	return nil
}

func (t *Training) allocate(m *Model) error {
	dev := m.dev
	t.segment = m.layout.segment(t.span)
	size := t.segment.size
	t.opts.Optimiser.Decayed = t.segment.weights
	buffers := 1 + t.opts.Optimiser.Kind.Moments()
	most := m.layout.size + t.opts.lossSize()
	block, err := dev.Alloc(1, most+(buffers-1)*size)
	if err != nil {
		return err
	}
	t.own(block.Mem)
	grads := block.Slice(0, 1, m.layout.size)
	if !t.opts.Share.Alone() { // after the gradients, so that they travel together
		t.meanLoss = block.Slice(m.layout.size, 1, 1)
	}
	for i := range buffers - 1 {
		t.moments[i] = block.Slice(most+i*size, 1, size)
	}
	if t.Clock, err = dev.AllocClock(max(1, t.opts.Steps) * t.opts.batches()); err != nil {
		return err
	}
	t.own(t.Clock.Mem)
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
	if t.graph, err = newGraph(m, t.opts.graph(&m.Spec, grads, t.Clock), nil); err != nil {
		return err
	}
	return dev.Sync()
}

func (t *Training) own(mem backend.Memory) { t.allocated = append(t.allocated, mem) }

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
	return t.inBuckets(t.listed(rows), rows)
}

// listed is the operations of a step, without the sums of gradients over the ranks.
func (t *Training) listed(rows int) (step backend.List) {
	t.to = &step
	t.step(rows)
	t.to = t.dev
	return step
}

// Prepare compiles the step on rows examples, so that no launch has to.
func (t *Training) Prepare(rows int) error {
	if t.programs[stepSize{rows, t.among}] != nil {
		return nil
	}
	p, err := t.dev.Compile(t.Step(rows))
	if err != nil {
		return fmt.Errorf("compiling a step of %d examples: %w", rows, err)
	}
	t.programs[stepSize{rows, t.among}] = p
	return nil
}

// Launch enqueues that many steps of rows examples each, up to Accumulate batches.
// The first launch of a size prepares it.
func (t *Training) Launch(rows, times int) error {
	if err := t.Prepare(rows); err != nil {
		return err
	}
	t.programs[stepSize{rows, t.among}].Launch(times)
	return nil
}

// Launches is how many launches a step of rows examples takes, 0 where it was not
// compiled or the device does not count.
func (t *Training) Launches(rows int) int {
	if p, ok := t.programs[stepSize{rows, t.among}].(backend.LaunchCounter); ok {
		return p.Nodes()
	}
	return 0
}

// step enqueues one whole step on n examples: the gradients of its batches, added
// up, and the update. What a batch adds is divided by n, so that the sum is the mean
// over all of them, whatever their sizes. Of each the rank computes its share.
func (t *Training) step(n int) {
	t.group, t.from = n, 0
	t.startShare(n)
	rows := 0
	for at := 0; at < n; at += t.opts.Batch {
		if at > 0 {
			t.to.Enqueue(backend.Tick{Clock: t.Clock, Rows: rows})
		}
		batch := min(t.opts.Batch, n-at)
		if rows = t.takeShare(batch); rows > 0 {
			t.batchGradient(rows)
		} else {
			t.idle()
		}
		t.from += rows
	}
	t.finish(n, rows)
}

// batchGradient enqueues the gradient of the n examples of a batch that are the rank's.
func (t *Training) batchGradient(n int) {
	data := t.data.Head(t.among)
	t.gather(data, t.shuffles(), n)
	if t.opts.Objective == Reconstruct {
		t.gatherTargets(data, t.shuffles(), n)
		t.reconstruct(n)
	} else {
		t.classify(n)
	}
}

// shuffles reports whether the device chooses the rows of a batch. A rank's are those that it holds, in their order.
func (t *Training) shuffles() bool { return t.share.Alone() }

// finish enqueues what follows the gradients of n examples: the last batch had so many of the rank's.
func (t *Training) finish(n, rows int) {
	s := &t.segment
	grads, losses := t.grads.Slice(s.off, 1, s.size), t.rows.Top(n*t.samples)
	if !t.share.Alone() {
		losses = t.meanLoss
	}
	t.to.Enqueue(backend.Check{Guard: t.guard, Grads: grads, Ends: s.ends, Rows: losses, Clock: t.Clock})
	t.update(t.params.Slice(s.off, 1, s.size), grads)
	t.to.Enqueue(backend.Tick{Clock: t.Clock, Rows: rows})
}

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

// Moments are the optimiser's flat buffers; none where the rule keeps fewer.
func (t *Training) Moments() [2]backend.Tensor { return t.moments }
