package model

import (
	"context"
	"errors"
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// Greedy layer-wise pretraining (Hinton and Salakhutdinov 2006; Bengio et al.
// 2007; Vincent et al. 2010): layer l of the encoder, with the decoder layer that
// mirrors it, is trained as an autoencoder of its own on the outputs of the layers
// before it.

// Layers is the number of the encoder's layers, and so of greedy stages.
func (s *Spec) Layers() int { return len(s.Hidden) + 1 }

// LayerSpec is the one-layer autoencoder of stage l, its input damaged by
// corrupt. The first reconstructs the data with the model's own loss; the others
// reconstruct activations: by cross-entropy where these are sigmoids, else by
// squared error through the activation that the deep decoder has there.
// Penalties, tying and initialisation are the model's; the kind of code is, for
// the last layer.
func (s *Spec) LayerSpec(l int, corrupt Corruption) (Spec, error) {
	if s.OtherData() {
		return Spec{}, errors.New("layer-wise pretraining makes each layer's input again: expected no targets of their own")
	}
	if s.HasCondition() {
		return Spec{}, errors.New("layer-wise pretraining has no condition that its layers could be told: expected none")
	}
	enc, dec := s.encoderLayers(), s.decoderLayers()
	if len(enc) != len(dec) {
		return Spec{}, fmt.Errorf("layer-wise pretraining needs a decoder that mirrors the encoder: %d layers against %d", len(dec), len(enc))
	}
	mirror := dec[len(dec)-1-l]
	one := Spec{
		Inputs: enc[l].in, Latent: enc[l].out, Tied: s.Tied, CodeActivation: enc[l].act,
		Likelihood: s.Likelihood, Output: s.Output, Binarise: s.Binarise,
		Corrupt: corrupt, Penalties: s.Penalties, Init: s.Init,
	}
	if l == 0 {
		one.Targets, one.SameRows = s.Targets, s.SameRows
	}
	if l == s.Layers()-1 {
		one.Latent, one.Code = s.Latent, s.Code
	}
	if l > 0 {
		one.Binarise, one.Likelihood, one.Output = false, Squared{}, mirror.act
		if mirror.act == backend.Sigmoid {
			one.Likelihood, one.Output = Bernoulli{}, backend.Identity
		}
	}
	if mirror.in != one.Latent || mirror.out != one.likelihood().width(one.Outputs()) {
		return Spec{}, fmt.Errorf("layer-wise pretraining needs a decoder that mirrors the encoder: layer %d maps %d to %d, its mirror %d to %d", l, one.Outputs(), one.Latent, mirror.in, mirror.out)
	}
	if err := one.Validate(); err != nil {
		return Spec{}, fmt.Errorf("pretraining layer %d: %w", l, err)
	}
	return one, nil
}

// stageNames pairs the parameter tensors of stage l's model with the deep one's.
func (s *Spec) stageNames(l int) [][2]string {
	mirror := s.Layers() - 1 - l
	names := [][2]string{
		{"encoder.0.weight", fmt.Sprintf("encoder.%d.weight", l)},
		{"encoder.0.bias", fmt.Sprintf("encoder.%d.bias", l)},
		{"decoder.0.bias", fmt.Sprintf("decoder.%d.bias", mirror)},
	}
	if l == 0 && s.likelihood().spreads() > 0 {
		names = append(names, [2]string{spreadName, spreadName})
	}
	if !s.Tied {
		names = append(names, [2]string{"decoder.0.weight", fmt.Sprintf("decoder.%d.weight", mirror)})
	}
	return names
}

// Stage is the model of greedy stage l, with the weights that the deep model has
// there now.
func (m *Model) Stage(l int, corrupt Corruption) (*Model, error) {
	spec, err := m.Spec.LayerSpec(l, corrupt)
	if err != nil {
		return nil, err
	}
	one, err := newModel(m.dev, spec)
	if err != nil {
		return nil, err
	}
	for _, name := range m.Spec.stageNames(l) {
		m.dev.Enqueue(backend.Copy{Dst: one.layout.view(one.params, name[0]), Src: m.layout.view(m.params, name[1])})
	}
	return one, nil
}

// Adopt takes back the weights of stage l's model.
func (m *Model) Adopt(l int, one *Model) {
	for _, name := range m.Spec.stageNames(l) {
		m.dev.Enqueue(backend.Copy{Dst: m.layout.view(m.params, name[1]), Src: one.layout.view(one.params, name[0])})
	}
}

// NewOutputs returns memory for what Outputs writes of so many rows. The caller frees it.
func (m *Model) NewOutputs(rows, layers int) (backend.Tensor, error) {
	all, err := m.dev.Alloc(rows, m.Spec.encoderLayers()[layers-1].out)
	if err != nil {
		return backend.Tensor{}, fmt.Errorf("outputs of layer %d for %d rows: %w", layers, rows, err)
	}
	return all, nil
}

// Outputs writes to all, which NewOutputs returned, the outputs of the first layers of the encoder for every row of data,
// uncorrupted. The context's error is returned when it ends first.
func (m *Model) Outputs(ctx context.Context, all backend.Tensor, data backend.Data, layers int) error {
	width := all.Cols
	a, err := m.newApplier(min(ChunkRows, data.Rows), 1)
	if err != nil {
		return err
	}
	defer a.free()
	m.dev.SetClock(a.clock, backend.Time{}, nil)
	look := newPace(m.dev)
	for at := 0; at < data.Rows; at += a.batch {
		if err := look.next(ctx); err != nil {
			return err
		}
		n := min(a.batch, data.Rows-at)
		m.dev.Enqueue(backend.Gather{Clean: a.clean.Top(n), Data: data, Batch: backend.Batch{Clock: a.clock}})
		h := a.enc[:layers].forward(m.dev, a.clean, n)
		m.dev.Enqueue(backend.Copy{Dst: all.Slice(at*width, n, width), Src: h})
		m.dev.Enqueue(backend.Tick{Clock: a.clock, Rows: n})
	}
	return m.dev.Sync()
}
