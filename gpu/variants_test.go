//go:build cuda

package gpu

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/gpu/cudasim"
	"github.com/aegpu/aegpu/model"
)

// variant is a model to train on both devices, with the launches that a step of
// it takes. A launch is a kernel, a product, a copy or a fill: a node of the
// step's graph.
type variant struct {
	name     string
	spec     model.Spec
	launches int
}

// Every step has 4 launches beside its layers: gather, loss, check, update. A dense layer takes 3 (output; weight and bias gradient; input
// gradient), the first 2; an activation that is not ReLU or the identity adds one
// forward and one backward.
func variants() []variant {
	const d, h, l = 36, 24, 5
	ae := model.Spec{Inputs: d, Hidden: []int{h}, Latent: l, Activation: backend.ReLU, Loss: backend.Bernoulli}
	with := func(change func(*model.Spec)) model.Spec {
		s := ae
		change(&s)
		return s
	}
	vae := func(s *model.Spec) { s.Code, s.Activation = model.Gaussian, backend.Tanh }
	return []variant{
		{"ae", ae, 4 + 4*3 - 1},
		{"ae deep", with(func(s *model.Spec) { s.Hidden = []int{30, 20, 10} }), 4 + 8*3 - 1},
		{"ae tanh", with(func(s *model.Spec) { s.Activation = backend.Tanh }), 19},
		{"ae gelu", with(func(s *model.Spec) { s.Activation = backend.GELU }), 19},
		{"ae squared, sigmoid output", with(func(s *model.Spec) { s.Loss, s.Output = backend.SquaredError, backend.Sigmoid }), 16},
		{"ae gaussian loss", with(func(s *model.Spec) { s.Loss = backend.GaussianNLL }), 15},
		{"tied", with(func(s *model.Spec) { s.Tied = true }), 4 + 4*3 - 1},
		{"dropout", with(func(s *model.Spec) { s.Dropout = 0.2 }), 19},
		{"masking", with(func(s *model.Spec) { s.Corrupt = model.Corruption{Kind: backend.Masking, Level: 0.3} }), 4 + 4*3 - 1},
		{"gaussian noise", with(func(s *model.Spec) { s.Corrupt = model.Corruption{Kind: backend.GaussianNoise, Level: 0.3} }), 4 + 4*3 - 1},
		{"salt and pepper", with(func(s *model.Spec) { s.Corrupt = model.Corruption{Kind: backend.SaltAndPepper, Level: 0.3} }), 4 + 4*3 - 1},
		{"sparse kl", with(func(s *model.Spec) {
			s.CodeActivation, s.Sparsity = backend.Sigmoid, model.Sparsity{Kind: model.KLSparsity, Target: 0.05, Weight: 3}
		}), 18},
		{"sparse l1", with(func(s *model.Spec) { s.Sparsity = model.Sparsity{Kind: model.L1Sparsity, Weight: 1e-3} }), 16},
		{"topk", with(func(s *model.Spec) { s.Code, s.K = model.TopK, 2 }), 17},
		{"contractive, one layer", with(func(s *model.Spec) {
			s.Hidden, s.CodeActivation, s.Contract = nil, backend.Sigmoid, model.Contract{Kind: model.ExactContract, Weight: 0.1}
		}), 13},
		{"contractive, deep", with(func(s *model.Spec) {
			s.Activation, s.Contract = backend.Tanh, model.Contract{Kind: model.ExactContract, Weight: 0.1}
		}), 33},
		{"contractive, stochastic", with(func(s *model.Spec) {
			s.Activation, s.Contract = backend.Tanh, model.Contract{Kind: model.StochasticContract, Weight: 0.1, Probes: 2}
		}), 33},
		{"vae", with(vae), 22},
		{"vae binarised", with(func(s *model.Spec) { vae(s); s.Binarise = true }), 22},
		{"vae free bits", with(func(s *model.Spec) { vae(s); s.FreeBits = 0.05 }), 22},
		{"importance-weighted", with(func(s *model.Spec) { vae(s); s.Samples = 3 }), 24},
	}
}

func onCPU(t *testing.T) backend.Device {
	t.Helper()
	d, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var adam = model.TrainingOptions{Optimiser: backend.Optimiser{Kind: backend.Adam}}

// train runs one variant on both devices. Nothing may be found or leaked.
func train(t *testing.T, sim *cudasim.Sim, spec model.Spec, o model.TrainingOptions, p Precision) trained {
	t.Helper()
	if sim != nil {
		sim.Reset()
	}
	run := func(dev backend.Device, times int) (got []trained) {
		for range times {
			got = append(got, training(t, dev, spec, o, trainBatch, longSteps))
		}
		if err := dev.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		return got
	}
	times := 1
	if reporting() || sim == nil {
		times = 2
	}
	on := run(open(t, Options{Precision: p}), times)
	sound(t, sim)
	got, again, want := on[0], on[times-1], run(onCPU(t), 1)[0]
	a := compareTrainings(got, want, comesApart(t, spec, o, want), p)
	for _, w := range a.wrong() {
		t.Error(w)
	}
	r := variantReport{Precision: p.String(), Launches: got.launches, agreement: a}
	if r.Same = slices.Equal(got.losses, again.losses) && slices.Equal(got.gradient, again.gradient); !r.Same {
		t.Errorf("losses %v, then %v", got.losses, again.losses)
	}
	r.Agrees = !t.Failed()
	report(t, r)
	return got
}

// variantReport is a line of the tests' report.
type variantReport struct {
	Precision string `json:"precision"`
	Launches  int    `json:"launches"`
	Agrees    bool   `json:"agrees"`
	Same      bool   `json:"same_twice"` // where it was done twice
	agreement
}

func TestVariants(t *testing.T) {
	sim := device(t)
	for _, v := range variants() {
		t.Run(v.name, func(t *testing.T) {
			wantNodes(t, "a step", train(t, sim, v.spec, adam, FP32).launches, v.launches)
		})
	}
}

// casts are the launches that a step takes more in bf16, of what is read in both
// forms and made by a product, which writes one: what a deep Jacobian is
// differentiated by.
var casts = map[string]int{"contractive, deep": 1, "contractive, stochastic": 1}

func TestVariantsInLowerPrecision(t *testing.T) {
	sim := device(t)
	for _, v := range variants() {
		for _, p := range []Precision{TF32, BF16} {
			if p == TF32 && v.name != "ae" {
				continue
			}
			t.Run(fmt.Sprint(v.name, " ", p), func(t *testing.T) {
				want := v.launches
				if p == BF16 {
					want += casts[v.name]
				}
				wantNodes(t, "a step", train(t, sim, v.spec, adam, p).launches, want)
			})
		}
	}
}

// LAMB takes one launch more than the other rules.
func TestLAMB(t *testing.T) {
	sim := device(t)
	for _, p := range []Precision{FP32, BF16} {
		v := variants()[0]
		t.Run(p.String(), func(t *testing.T) {
			lamb := model.TrainingOptions{Optimiser: backend.Optimiser{Kind: backend.LAMB}}
			wantNodes(t, "a step", train(t, sim, v.spec, lamb, p).launches, v.launches+1)
		})
	}
}

// TestAccumulated trains in steps of 7 rows and 6.
func TestAccumulated(t *testing.T) {
	sim, o := device(t), adam
	o.Accumulate = 2
	for _, v := range variants() {
		t.Run(v.name, func(t *testing.T) { train(t, sim, v.spec, o, FP32) })
	}
	for _, v := range []string{"ae", "tied", "vae"} {
		i := slices.IndexFunc(variants(), func(w variant) bool { return w.name == v })
		t.Run(v+" in bf16", func(t *testing.T) { train(t, sim, variants()[i].spec, o, BF16) })
	}
	o.Objective = model.FineTune
	spec := variants()[0].spec
	spec.Classes = 3
	t.Run("classifier", func(t *testing.T) { train(t, sim, spec, o, FP32) })
}

func TestClassifier(t *testing.T) {
	sim := device(t)
	spec := model.Spec{Inputs: 36, Hidden: []int{24}, Latent: 5, Activation: backend.ReLU, Loss: backend.Bernoulli, Classes: 3}
	for _, objective := range []model.Objective{model.FineTune, model.Frozen} {
		o := adam
		o.Objective = objective
		for _, p := range []Precision{FP32, BF16} {
			t.Run(fmt.Sprint(objective, " ", p), func(t *testing.T) { train(t, sim, spec, o, p) })
		}
	}
}

// Where cuBLASLt has no epilogues, or no results in bfloat16 either, the results are
// the same to rounding.
func TestVariantWithoutEpilogues(t *testing.T) {
	sim := simulator(t)
	t.Setenv("AEGPU_CUDASIM_NO_EPILOGUES", "1")
	train(t, sim, variants()[0].spec, adam, FP32)
	train(t, sim, variants()[0].spec, adam, BF16)
	t.Setenv("AEGPU_CUDASIM_NO_EPILOGUES", "2")
	train(t, sim, variants()[0].spec, adam, BF16)
}
