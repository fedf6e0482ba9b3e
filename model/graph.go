package model

import "github.com/aegpu/aegpu/backend"

// graph is a model planned for batches of up to batch examples: the activations
// between its layers, its parts, and, when training, the gradients.
type graph struct {
	*Model
	batch    int
	samples  int // codes drawn for every example
	training bool
	to       backend.Queue  // where operations go: the device, or the list of a step
	clock    backend.Clock  // of the noise
	grads    backend.Tensor // as the parameters, in training
	sums     backend.Sums   // numSums accumulators and one a term
	terms    []term         // that the parts have registered

	enc, dec     chain
	head         chain          // the classifier, one layer; empty without
	clean, noisy backend.Tensor // B x D; noisy is none without corruption
	targets      backend.Tensor // B x T; none where the decoder is to make clean
	labels       backend.Tensor // B x 1, with a classifier
	condition    condition
	rows         backend.Tensor // B*K x 1: loss of every row
	mem          backend.Memory

	code       boundCode
	likelihood boundLikelihood
	penalties  []boundPenalty // of a training of reconstructions

	// the update that is being enqueued, of several batches
	from  int // examples before the batch, of those that the rank computes on
	group int // examples in all, of all ranks

	// what the rank has of the batch that is being enqueued
	share  backend.Share
	mine   int // examples of the update, 0 where the rank has all
	before int // examples of other ranks before its own
	whole  int // examples of the whole batch; 0 where the rank has all
}

// graphOptions are what a graph is planned for.
type graphOptions struct {
	batch, samples int
	training       bool
	penalised      bool           // with the model's penalties
	grads          backend.Tensor // as the parameters, in training
	clock          backend.Clock
	losses         int // rows of losses, 0 for one a row of a batch
	share          backend.Share
	shared         bool // what the decoder is to make are the rows as they are
}

// newGraph plans the chains and the parts over the model's parameters; there is no
// dropout in inference. more reserves what the caller needs beside.
func newGraph(m *Model, o graphOptions, more func(*graph, backend.Alloc)) (*graph, error) {
	g := layOut(m, o)
	var err error
	g.mem, err = backend.Plan(m.dev, func(alloc backend.Alloc) {
		g.place(alloc, o)
		if more != nil {
			more(g, alloc)
		}
	})
	if err != nil {
		return g, err
	}
	if g.sums, err = m.dev.AllocSums(numSums + len(g.terms)); err != nil {
		return g, err
	}
	for _, p := range g.parts() {
		p.start()
	}
	return g, nil
}

// layOut is a graph without memory.
func layOut(m *Model, o graphOptions) *graph {
	g := &graph{Model: m, batch: o.batch, samples: o.samples, training: o.training, to: m.dev, clock: o.clock, grads: o.grads, group: 1, share: o.share}
	s := &m.Spec
	g.enc = newChain("encoder", s.encoderLayers(), m.layout, m.params, o.grads, false)
	g.dec = newChain("decoder", s.decoderLayers(), m.layout, m.params, o.grads, s.Tied)
	if s.Classes > 0 {
		g.head = chain{{
			dense: dense{s.Latent, s.Classes, backend.Identity},
			w:     m.layout.view(m.params, "classifier.weight"), b: m.layout.view(m.params, "classifier.bias"),
			dw: m.layout.view(o.grads, "classifier.weight"), db: m.layout.view(o.grads, "classifier.bias"),
		}}
	}
	if g.training && s.Dropout > 0 {
		g.setDropout()
	}
	g.code, g.likelihood = s.code().bind(g), s.likelihood().bind(g)
	if o.penalised {
		for _, p := range s.Penalties {
			g.penalties = append(g.penalties, p.bind(g))
		}
	}
	return g
}

// setDropout gives every hidden layer dropout on the clock's noise.
func (g *graph) setDropout() {
	stream := backend.StreamDropout
	for _, side := range []chain{g.enc, g.dec} {
		for i := range side[:len(side)-1] {
			side[i].drop = g.Spec.Dropout
			side[i].noise = backend.Noise{Clock: g.clock, Stream: stream} // from the rank's examples on: see takeShare
			stream++
		}
	}
}

func (g *graph) place(alloc backend.Alloc, o graphOptions) {
	s := &g.Spec
	B, K := g.batch, g.samples
	g.clean = alloc(B, s.Inputs)
	if !s.Corrupt.None() {
		g.noisy = alloc(B, s.Inputs)
	}
	if s.HasTargets() && !o.shared {
		g.targets = alloc(B, s.Targets)
	}
	if s.HasCondition() {
		g.condition.place(g, alloc)
	}
	g.enc.plan(alloc, B, g.training)
	g.dec.plan(alloc, B*K, g.training)
	if s.Classes > 0 {
		g.labels = alloc(B, 1)
		g.head.plan(alloc, B, g.training)
	}
	g.rows = alloc(max(B*K, o.losses), 1)
	for _, p := range g.parts() {
		p.reserve(alloc)
	}
}

// parts are the bound parts.
func (g *graph) parts() []placed {
	all := []placed{g.code, g.likelihood}
	for _, p := range g.penalties {
		all = append(all, p)
	}
	return all
}

// input is what the encoder sees.
func (g *graph) input() backend.Tensor {
	if g.noisy.None() {
		return g.clean
	}
	return g.noisy
}

// target is what the decoder is to make of the input.
func (g *graph) target() backend.Tensor {
	if g.targets.None() {
		return g.clean
	}
	return g.targets
}

// gather enqueues the batch and its corruption, and the levels of its condition.
func (g *graph) gather(r Resident, shuffle bool, n int) {
	b := g.Spec.batch(g.clock, shuffle)
	b.First = g.before * g.Spec.Inputs
	g.to.Enqueue(backend.Gather{Clean: g.clean.Top(n), Noisy: g.noisy.Top(n), Data: r.Rows, Batch: b})
	g.gatherLevels(r, shuffle, n)
}

// gatherTargets enqueues the targets of the batch, where it has any.
func (g *graph) gatherTargets(r Resident, shuffle bool, n int) {
	if !g.targets.None() {
		g.to.Enqueue(backend.Gather{Clean: g.targets.Top(n), Data: r.Targets, Batch: backend.Batch{Clock: g.clock, Shuffle: shuffle}})
	}
}

// encode enqueues the encoder on x and returns the code before draws.
func (g *graph) encode(x backend.Tensor, n int) backend.Tensor {
	return g.code.encode(g.enc.forward(g.to, g.tellEncoder(x, n), n), n)
}

// takeShare has the graph enqueue the rank's examples of a batch, and returns how many these are.
func (g *graph) takeShare(batch int) int {
	lo, hi := g.share.Of(batch)
	g.before, g.whole = lo, 0
	if !g.share.Alone() {
		g.whole = batch
	}
	for i := range g.enc {
		g.enc[i].noise.First = lo * g.enc[i].out
	}
	for i := range g.dec {
		g.dec[i].noise.First = lo * g.samples * g.dec[i].out
	}
	return hi - lo
}

// noise is a stream that draws so many numbers an example.
func (g *graph) noise(stream uint32, each int) backend.Noise {
	return backend.Noise{Clock: g.clock, Stream: stream, First: g.before * each}
}

// reduce enqueues the sum of a tensor over the ranks, where there are others.
func (g *graph) reduce(v backend.Tensor) {
	if g.whole > 0 {
		g.to.Enqueue(backend.AllReduce{V: v})
	}
}

// over is the weight of one example's term of the mean loss.
func (g *graph) over(weight float32) float32 { return weight / float32(g.group) }

// more is whether earlier batches of the update have left gradients to be added to.
func (g *graph) more() bool { return g.from > 0 }

func (g *graph) free() {
	if g == nil {
		return
	}
	for _, mem := range []backend.Memory{g.mem, g.sums.Mem} {
		if mem != nil {
			mem.Free()
		}
	}
}
