package model

import (
	"slices"

	"github.com/aegpu/aegpu/backend"
)

// Variant is a kind of autoencoder, by name.
type Variant struct {
	Name string
	Spec Spec
}

// Variants are all kinds of autoencoder at one size: a plain one, and what others
// there are by what they differ in from it. Tests train them, and
// docs/benchmarks/launches.md lists their steps. There is a hidden layer at the least,
// and a code of two units.
func Variants(inputs int, hidden []int, latent int) []Variant {
	all := make([]Variant, len(variants))
	for i, v := range variants {
		s := Spec{Inputs: inputs, Hidden: slices.Clone(hidden), Latent: latent, Activation: backend.ReLU, Likelihood: Bernoulli{}}
		if v.change != nil {
			v.change(&s)
		}
		all[i] = Variant{v.name, s}
	}
	return all
}

var variants = []struct {
	name   string
	change func(*Spec)
}{
	{"plain", nil},
	{"deep", func(s *Spec) { s.Hidden = append(s.Hidden, (s.Hidden[len(s.Hidden)-1]+s.Latent)/2) }},
	{"shallow", func(s *Spec) { s.Hidden = nil }},
	{"own decoder", func(s *Spec) { s.Decoder = []int{s.Hidden[0] + s.Latent} }},
	{"tied", func(s *Spec) { s.Tied = true }},
	{"tanh", func(s *Spec) { s.Activation = backend.Tanh }},
	{"GELU", func(s *Spec) { s.Activation = backend.GELU }},
	{"squared error, sigmoid output", func(s *Spec) { s.Likelihood, s.Output = Squared{}, backend.Sigmoid }},
	{"Gaussian likelihood", func(s *Spec) { s.Likelihood = GaussianNLL{} }},
	{"columns", func(s *Spec) { s.Likelihood = everyColumn(s.Inputs) }},
	{"dropout", func(s *Spec) { s.Dropout = 0.2 }},
	{"masking", func(s *Spec) { s.Corrupt = Corruption{Kind: backend.Masking, Level: 0.3} }},
	{"Gaussian noise", func(s *Spec) { s.Corrupt = Corruption{Kind: backend.GaussianNoise, Level: 0.3} }},
	{"salt and pepper", func(s *Spec) { s.Corrupt = Corruption{Kind: backend.SaltAndPepper, Level: 0.3} }},
	{"sparse, KL", func(s *Spec) {
		s.CodeActivation, s.Penalties = backend.Sigmoid, []Penalty{KLSparsity{Target: 0.1, Weight: 0.5}}
	}},
	{"sparse, L1", func(s *Spec) { s.Penalties = []Penalty{L1Sparsity{Weight: 0.3}} }},
	{"sparse, top-k", func(s *Spec) { s.Code = TopK{K: (s.Latent + 1) / 2} }},
	{"contractive", func(s *Spec) { shallowContract(s, 0) }},
	{"contractive, tied", func(s *Spec) { s.Tied = true; shallowContract(s, 0) }},
	{"contractive, deep", func(s *Spec) { contract(s, 0) }},
	{"contractive, deep, tied, L1", func(s *Spec) {
		s.Tied, s.Penalties = true, []Penalty{L1Sparsity{Weight: 0.3}}
		contract(s, 0)
	}},
	{"contractive, stochastic", func(s *Spec) { shallowContract(s, 2) }},
	{"contractive, deep, stochastic", func(s *Spec) { contract(s, 2) }},
	{"VAE", vae},
	{"VAE, binarised", func(s *Spec) { vae(s); s.Binarise = true }},
	{"VAE, free bits", func(s *Spec) { vae(s); s.Code = Gaussian{FreeBits: 0.25} }},
	{"importance-weighted", func(s *Spec) { vae(s); s.Code = Gaussian{Samples: 3} }},
	{"importance-weighted, columns", func(s *Spec) { vae(s); s.Code, s.Likelihood = Gaussian{Samples: 3}, everyColumn(s.Inputs) }},
}

// everyColumn is columns of every kind, three of one after three of another.
func everyColumn(width int) (l Columns) {
	for at := 0; at < width; at += 3 {
		l = l.With(backend.ColumnKind(at/3)%(backend.ZeroInflatedColumn+1), min(3, width-at))
	}
	return l
}

// contract penalises the Jacobian of an encoder that is smooth, exactly where there
// are no probes.
func contract(s *Spec, probes int) {
	s.Activation, s.Penalties = backend.Tanh, append(s.Penalties, Contractive{Weight: 0.2, Probes: probes})
}

// shallowContract is contract without hidden layers.
func shallowContract(s *Spec, probes int) {
	s.Hidden, s.CodeActivation = nil, backend.Sigmoid
	contract(s, probes)
}

func vae(s *Spec) { s.Code, s.Activation = Gaussian{}, backend.Tanh }
