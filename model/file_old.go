package model

import (
	"encoding/json"
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/nlpodyssey/safetensors"
)

// Files before the parts (up to version 1) hold the spec as one struct with the
// fields of every kind of part, under this key.
const oldSpecKey = "aegpu.spec"

// oldSpec is such a spec, fields by their Go names.
type oldSpec struct {
	Inputs, Latent, K, Samples, Classes int
	Hidden, Decoder                     []int
	Tied, Binarise                      bool
	Activation, CodeActivation, Output  backend.Activation
	Code, Init                          string
	KAlpha, FreeBits, Dropout           float32
	Loss                                backend.LossKind
	Corrupt                             struct {
		Kind             backend.CorruptionKind
		Level, Low, High float32
	}
	Sparsity struct {
		Kind           string
		Target, Weight float32
	}
	Contract struct {
		Kind   string
		Weight float32
		Probes int
	}
}

// readOldSpec returns the spec that the text of an old file stands for.
func readOldSpec(text string) (Spec, error) {
	var o oldSpec
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return Spec{}, err
	}
	s := Spec{
		Inputs: o.Inputs, Hidden: o.Hidden, Decoder: o.Decoder, Latent: o.Latent, Tied: o.Tied,
		Activation: o.Activation, CodeActivation: o.CodeActivation, Output: o.Output,
		Corrupt:  Corruption{Kind: o.Corrupt.Kind, Level: o.Corrupt.Level, Low: o.Corrupt.Low, High: o.Corrupt.High},
		Binarise: o.Binarise, Dropout: o.Dropout, Init: Init(o.Init), Classes: o.Classes,
	}
	if o.Corrupt.Kind > backend.SaltAndPepper {
		return s, fmt.Errorf("unknown corruption %d", o.Corrupt.Kind)
	}
	switch o.Code {
	case "", "deterministic":
	case "topk":
		s.Code = TopK{K: o.K, Alpha: o.KAlpha}
	case "gaussian":
		s.Code = Gaussian{Samples: o.Samples, FreeBits: o.FreeBits}
	default:
		return s, fmt.Errorf("unknown code %q", o.Code)
	}
	switch o.Loss {
	case backend.SquaredError:
	case backend.Bernoulli:
		s.Likelihood = Bernoulli{}
	case backend.GaussianNLL:
		s.Likelihood = GaussianNLL{}
	default:
		return s, fmt.Errorf("unknown loss %d", o.Loss)
	}
	return s, o.penalties(&s)
}

func (o *oldSpec) penalties(s *Spec) error {
	switch o.Sparsity.Kind {
	case "":
	case "kl":
		s.Penalties = append(s.Penalties, KLSparsity{Target: o.Sparsity.Target, Weight: o.Sparsity.Weight})
	case "l1":
		s.Penalties = append(s.Penalties, L1Sparsity{Weight: o.Sparsity.Weight})
	default:
		return fmt.Errorf("unknown sparsity %q", o.Sparsity.Kind)
	}
	switch o.Contract.Kind {
	case "":
	case "exact":
		s.Penalties = append(s.Penalties, Contractive{Weight: o.Contract.Weight})
	case "stochastic":
		s.Penalties = append(s.Penalties, Contractive{Weight: o.Contract.Weight, Probes: max(1, o.Contract.Probes)})
	default:
		return fmt.Errorf("unknown contraction %q", o.Contract.Kind)
	}
	return nil
}

// readOldScaling sets the preparation of an old file: tensors of a shift and a scale a
// column, or none.
func (m *Model) readOldScaling(st safetensors.SafeTensors) error {
	var both [2][]float32
	for i, name := range []string{"input.shift", "input.scale"} {
		view, ok := st.Tensor(name)
		if !ok {
			continue
		}
		v, err := Float32s(view)
		if err != nil || len(v) != m.Spec.Inputs {
			return fmt.Errorf("tensor %s has shape %v: expected %d float32", name, view.Shape(), m.Spec.Inputs)
		}
		both[i] = v
	}
	p := data.IdentityPreparation(m.Spec.Inputs)
	if both[0] != nil || both[1] != nil {
		p = data.PreparationOf(both[0], both[1])
	}
	p.Unit = m.Spec.Unit()
	return m.SetPreparation(p)
}
