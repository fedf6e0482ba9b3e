package model

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"gorgonia.org/tensor"
)

// applyBatch is how many rows go through the device at a time outside training.
const applyBatch = 1000

// applier is a model's planned inference on rows from the host.
type applier struct {
	*graph
	host backend.Tensor // B x max(D, L): rows from the host
}

func (m *Model) newApplier(batch, samples int) (*applier, error) {
	clock, err := m.dev.AllocClock(1)
	if err != nil {
		return nil, err
	}
	a := &applier{}
	a.graph, err = newGraph(m, graphOptions{batch: batch, samples: samples, clock: clock}, func(g *graph, alloc backend.Alloc) {
		a.host = reserveHost(g, alloc)
	})
	if err != nil {
		a.free()
		return nil, fmt.Errorf("inference on %d rows: %w", batch, err)
	}
	return a, nil
}

// reserveHost takes what inference needs beside the activations.
func reserveHost(g *graph, alloc backend.Alloc) backend.Tensor {
	return alloc(g.batch, max(g.Spec.Inputs, g.Spec.Latent))
}

func (a *applier) free() {
	if a != nil {
		a.graph.free()
		a.clock.Mem.Free()
	}
}

// ready plans the inference of small batches from the host at its first use.
func (m *Model) ready() (*applier, error) {
	if m.apply != nil {
		return m.apply, nil
	}
	var err error
	m.apply, err = m.newApplier(applyBatch, 1)
	return m.apply, err
}

// meanCode enqueues the code of n rows of x: the means of a drawn one.
func (a *applier) meanCode(x backend.Tensor, n int) backend.Tensor {
	return a.code.mean(a.encode(x, n), n)
}

// decode enqueues the decoder on n codes and what turns its output into
// reconstructions.
func (a *applier) decode(code backend.Tensor, n int) backend.Tensor {
	return a.likelihood.reconstruction(a.dec.forward(a.to, code, n), n)
}

// EncodeRows writes the codes (rows x Latent) of rows x Inputs values; a
// Gaussian code's means.
func (m *Model) EncodeRows(codes, x []float32) error {
	return m.mapRows(codes, x, m.Spec.Latent, m.Spec.Inputs, true, false, func(a *applier, in backend.Tensor, n int) backend.Tensor {
		return a.meanCode(in, n)
	})
}

// DecodeRows writes the reconstructions (rows x Inputs) of rows x Latent codes.
func (m *Model) DecodeRows(x, codes []float32) error {
	return m.mapRows(x, codes, m.Spec.Inputs, m.Spec.Latent, false, true, func(a *applier, in backend.Tensor, n int) backend.Tensor {
		return a.decode(in, n)
	})
}

// ReconstructRows writes what comes out for rows x Inputs values that go in.
func (m *Model) ReconstructRows(y, x []float32) error {
	return m.mapRows(y, x, m.Spec.Inputs, m.Spec.Inputs, true, true, func(a *applier, in backend.Tensor, n int) backend.Tensor {
		return a.decode(a.meanCode(in, n), n)
	})
}

// ClassifyRows writes the classifier's logits (rows x Classes).
func (m *Model) ClassifyRows(logits, x []float32) error {
	if m.Spec.Classes == 0 {
		return fmt.Errorf("the model has no classifier")
	}
	return m.mapRows(logits, x, m.Spec.Classes, m.Spec.Inputs, true, false, func(a *applier, in backend.Tensor, n int) backend.Tensor {
		return a.head.forward(a.to, a.meanCode(in, n), n)
	})
}

// mapRows carries rows of src through f to rows of dst, applyBatch at a time,
// scaling what enters and unscaling what leaves where asked.
func (m *Model) mapRows(dst, src []float32, out, in int, scale, unscale bool, f func(*applier, backend.Tensor, int) backend.Tensor) error {
	if len(src)%in != 0 || len(dst) != len(src)/in*out {
		return fmt.Errorf("%d values are not rows of %d, or %d not as many rows of %d", len(src), in, len(dst), out)
	}
	a, err := m.ready()
	if err != nil {
		return err
	}
	buf := make([]float32, min(applyBatch*in, len(src)))
	for rows := len(src) / in; rows > 0; rows = len(src) / in {
		n := min(rows, applyBatch)
		part := buf[:n*in]
		copy(part, src)
		if scale {
			m.Input.Apply(part)
		}
		staging := a.host.Slice(0, n, in)
		m.dev.Upload(staging, part)
		m.dev.Download(dst[:n*out], f(a, staging, n))
		if err := m.dev.Sync(); err != nil {
			return err
		}
		if unscale {
			m.Input.Invert(dst[:n*out])
		}
		src, dst = src[n*in:], dst[n*out:]
	}
	return nil
}

// Apply scales rows in place.
func (s Scaling) Apply(x []float32) {
	for i := range s.Shift {
		for j := i; j < len(x); j += len(s.Shift) {
			x[j] = (x[j] - s.Shift[i]) / s.Scale[i]
		}
	}
}

// Invert undoes Apply in place.
func (s Scaling) Invert(x []float32) {
	for i := range s.Shift {
		for j := i; j < len(x); j += len(s.Shift) {
			x[j] = x[j]*s.Scale[i] + s.Shift[i]
		}
	}
}

// Encode is the codes of x (N x Inputs), N x Latent.
func (m *Model) Encode(x *tensor.Dense) (*tensor.Dense, error) {
	return m.mapDense(x, m.Spec.Inputs, m.Spec.Latent, m.EncodeRows)
}

// Decode is the reconstruction of codes (N x Latent), N x Inputs.
func (m *Model) Decode(codes *tensor.Dense) (*tensor.Dense, error) {
	return m.mapDense(codes, m.Spec.Latent, m.Spec.Inputs, m.DecodeRows)
}

// Reconstruct is what comes out when x (N x Inputs) goes in.
func (m *Model) Reconstruct(x *tensor.Dense) (*tensor.Dense, error) {
	return m.mapDense(x, m.Spec.Inputs, m.Spec.Inputs, m.ReconstructRows)
}

func (m *Model) mapDense(x *tensor.Dense, in, out int, f func(dst, src []float32) error) (*tensor.Dense, error) {
	shape := x.Shape()
	src, ok := x.Data().([]float32)
	if !ok || len(shape) != 2 || shape[1] != in || len(src) != shape[0]*in {
		return nil, fmt.Errorf("a %v %v tensor: expected N x %d float32", shape, x.Dtype(), in)
	}
	dst := make([]float32, shape[0]*out)
	if err := f(dst, src); err != nil {
		return nil, err
	}
	return tensor.New(tensor.WithShape(shape[0], out), tensor.WithBacking(dst)), nil
}

// DrawPrior returns n codes drawn from the code's prior, n x Latent; without a prior
// there is an error that says what to do instead.
func (m *Model) DrawPrior(n int, seed uint64) ([]float32, error) {
	codes := make([]float32, n*m.Spec.Latent)
	if !m.Spec.code().prior(codes, seed) {
		return nil, fmt.Errorf("a %s code has no prior to sample from: fit one to its codes (eval.FitMixture) and decode draws from that", m.Spec.code())
	}
	return codes, nil
}

// Sample decodes n codes drawn from the prior, n x Inputs.
func (m *Model) Sample(n int, seed uint64) (*tensor.Dense, error) {
	codes, err := m.DrawPrior(n, seed)
	if err != nil {
		return nil, err
	}
	x := make([]float32, n*m.Spec.Inputs)
	if err := m.DecodeRows(x, codes); err != nil {
		return nil, err
	}
	return tensor.New(tensor.WithShape(n, m.Spec.Inputs), tensor.WithBacking(x)), nil
}
