package model

import "github.com/aegpu/aegpu/backend"

// graph is a model planned for batches of up to batch examples: the activations
// between its layers, and, when training, the gradients by them.
type graph struct {
	*Model
	batch    int
	samples  int // codes drawn for every example
	training bool
	to       backend.Queue // where operations go: the device, or the list of a step

	enc, dec     chain
	head         chain          // the classifier, one layer; empty without
	clean, noisy backend.Tensor // B x D; noisy is none without corruption
	labels       backend.Tensor // B x 1, with a classifier
	sparse       backend.Tensor // B x L: the code after TopK
	z            backend.Tensor // B*K x L: drawn Gaussian codes
	rows         backend.Tensor // B*K x 1: loss of every row
	kl           backend.Tensor // 1 x L
	weights      backend.Tensor // B*K x 1: importance weights, when samples > 1
	bound        backend.Tensor // B x 1, when samples > 1
	mem          backend.Memory
}

// newGraph plans the chains over the model's parameters; grads is none in
// inference, where there is no dropout either. more reserves what the caller
// needs beside.
func newGraph(m *Model, batch, samples int, grads backend.Tensor, c backend.Clock, more func(*graph, backend.Alloc)) (*graph, error) {
	g := layOut(m, batch, samples, !grads.None(), grads, c)
	var err error
	g.mem, err = backend.Plan(m.dev, func(alloc backend.Alloc) {
		g.plan(alloc)
		if more != nil {
			more(g, alloc)
		}
	})
	return g, err
}

// layOut is a graph without memory.
func layOut(m *Model, batch, samples int, training bool, grads backend.Tensor, c backend.Clock) *graph {
	g := &graph{Model: m, batch: batch, samples: samples, training: training, to: m.dev}
	s := &m.Spec
	g.enc = newChain("encoder", s.encoderLayers(), m.layout, m.params, grads, false)
	g.dec = newChain("decoder", s.decoderLayers(), m.layout, m.params, grads, s.Tied)
	if s.Classes > 0 {
		g.head = chain{{
			dense: dense{s.Latent, s.Classes, backend.Identity},
			w:     m.layout.view(m.params, "classifier.weight"), b: m.layout.view(m.params, "classifier.bias"),
			dw: m.layout.view(grads, "classifier.weight"), db: m.layout.view(grads, "classifier.bias"),
		}}
	}
	if g.training && s.Dropout > 0 {
		g.setDropout(c)
	}
	return g
}

// setDropout gives every hidden layer dropout on the clock's noise.
func (g *graph) setDropout(c backend.Clock) {
	stream := backend.StreamDropout
	for _, side := range []chain{g.enc, g.dec} {
		for i := range side[:len(side)-1] {
			side[i].drop = g.Spec.Dropout
			side[i].noise = backend.Noise{Clock: c, Stream: stream}
			stream++
		}
	}
}

func (g *graph) plan(alloc backend.Alloc) {
	s := &g.Spec
	B, K := g.batch, g.samples
	g.clean = alloc(B, s.Inputs)
	if s.Corrupt.Kind != backend.NoCorruption {
		g.noisy = alloc(B, s.Inputs)
	}
	g.enc.plan(alloc, B, g.training)
	g.dec.plan(alloc, B*K, g.training)
	if s.Classes > 0 {
		g.labels = alloc(B, 1)
		g.head.plan(alloc, B, g.training)
	}
	switch s.Code {
	case TopK:
		g.sparse = alloc(B, s.Latent)
	case Gaussian:
		g.z = alloc(B*K, s.Latent)
		g.kl = alloc(1, s.Latent)
	}
	g.rows = alloc(B*K, 1)
	if K > 1 {
		g.weights, g.bound = alloc(B*K, 1), alloc(B, 1)
	}
}

// input is what the encoder sees.
func (g *graph) input() backend.Tensor {
	if g.noisy.None() {
		return g.clean
	}
	return g.noisy
}

// gather enqueues the batch and its corruption.
func (g *graph) gather(data backend.Data, c backend.Clock, shuffle bool, n int) {
	g.to.Enqueue(backend.Gather{Clean: g.clean.Top(n), Noisy: g.noisy.Top(n), Data: data, Batch: g.Spec.batch(c, shuffle)})
}

// encode enqueues the encoder on x and returns the deterministic code, or the
// (mu, l) of a Gaussian one.
func (g *graph) encode(x backend.Tensor, n, k int) backend.Tensor {
	h := g.enc.forward(g.to, x, n)
	if g.Spec.Code == TopK {
		g.to.Enqueue(backend.TopK{Y: g.sparse.Top(n), X: h, K: k})
		return g.sparse.Top(n)
	}
	return h
}

// draw enqueues the code that the decoder sees in training: the encoder's
// output h, or samples drawn from it.
func (g *graph) draw(h backend.Tensor, c backend.Clock, n int) backend.Tensor {
	if g.Spec.Code != Gaussian {
		return h
	}
	z := g.z.Top(n * g.samples)
	g.to.Enqueue(backend.Reparam{Z: z, ML: h, Noise: backend.Noise{Clock: c, Stream: backend.StreamCode}})
	return z
}

func (g *graph) free() {
	if g != nil && g.mem != nil {
		g.mem.Free()
	}
}
