//go:build cuda

package gpu

import (
	"fmt"
	"math"
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

const (
	trainRows  = 60
	trainBatch = 13
	trainSteps = 12
)

// pixels is a data set with some structure: smooth waves of random phase.
func pixels(rows, cols int) []byte {
	v := make([]byte, rows*cols)
	for i := range v {
		r, c := i/cols, i%cols
		v[i] = byte(127.5 * (1 + math.Sin(float64(r*r)+float64(c)*(0.2+0.1*float64(r%7)))))
	}
	return v
}

// curve trains a model and returns its loss at every step. Of o it takes objective,
// update rule and into how many batches a step is divided.
func curve(t *testing.T, dev backend.Device, spec model.Spec, o model.TrainingOptions) []float64 {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	m, err := model.New(dev, spec, 7)
	must(err)
	defer m.Close()
	data, err := dev.AllocBytes(trainRows, spec.Inputs, pixels(trainRows, spec.Inputs))
	must(err)
	defer data.Mem.Free()
	labels, err := dev.Alloc(trainRows, 1)
	must(err)
	defer labels.Mem.Free()
	classes := make([]float32, trainRows)
	for i := range classes {
		classes[i] = float32(i % 3)
	}
	dev.Upload(labels, classes)
	o.Batch, o.Steps = ceil(trainBatch, max(1, o.Accumulate)), trainSteps
	o.Optimiser = backend.Optimiser{Kind: o.Optimiser.Kind, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Clip: 5, WeightDecay: 1e-4}
	training, err := m.NewTraining(data, labels.Data(), o)
	must(err)
	defer training.Close()
	var losses []float64
	for step := range trainSteps {
		if batch := step % 4; batch == 0 {
			training.SetTime(backend.Time{Seed: 3, Epoch: uint64(step / 4), Step: uint64(step)}, table(step))
		}
		must(training.Launch(trainBatch, 1))
		parts, err := training.Read(trainBatch)
		must(err)
		training.ResetSums()
		losses = append(losses, parts.Reconstruction+parts.KL+parts.Sparsity+parts.Contraction)
	}
	return losses
}

func table(from int) []backend.Hyper {
	h := make([]backend.Hyper, 4)
	for i := range h {
		t := float64(from + i + 1)
		h[i] = backend.Hyper{LR: 0.01, KL: 0.5,
			Correct1: float32(1 / (1 - math.Pow(0.9, t))), Correct2: float32(1 / math.Sqrt(1-math.Pow(0.999, t)))}
	}
	return h
}

// one is how far losses may be apart after one step, relatively.
var one = map[Precision]float64{FP32: 1e-5, TF32: 2e-3, BF16: 2e-2}

// overlay wants the same curve: the first step's loss within the rounding of a
// forward pass, the last within what steps of a chaotic iteration make of it.
func overlay(t *testing.T, got, want []float64, p Precision) {
	t.Helper()
	for i := range want {
		tol := one[p] * (1 + float64(i))
		if !(math.Abs(got[i]-want[i]) <= tol*math.Abs(want[i])) {
			t.Errorf("step %d: loss %v on the GPU, %v on the CPU, more than %.0e apart", i, got[i], want[i], tol)
		}
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
func train(t *testing.T, sim *cudasim.Sim, spec model.Spec, o model.TrainingOptions, p Precision) {
	t.Helper()
	if sim != nil {
		sim.Reset()
	}
	var curves [2][]float64
	onGPU := func(t *testing.T) backend.Device { return open(t, Options{Precision: p}) }
	for i, open := range []func(*testing.T) backend.Device{onGPU, onCPU} {
		dev := open(t)
		curves[i] = curve(t, dev, spec, o)
		if err := dev.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	overlay(t, curves[0], curves[1], p)
	sound(t, sim)
}

func TestVariants(t *testing.T) {
	sim := device(t)
	for _, v := range variants() {
		t.Run(v.name, func(t *testing.T) {
			train(t, sim, v.spec, adam, FP32)
			if sim == nil {
				return
			}
			if n := sim.Stats().GraphNodes; n != uint64(v.launches) {
				t.Errorf("a step takes %d launches, want %d", n, v.launches)
			}
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
				train(t, sim, v.spec, adam, p)
				want := v.launches
				if p == BF16 {
					want += casts[v.name]
				}
				if sim != nil && sim.Stats().GraphNodes != uint64(want) {
					t.Errorf("a step takes %d launches, want %d", sim.Stats().GraphNodes, want)
				}
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
			train(t, sim, v.spec, model.TrainingOptions{Optimiser: backend.Optimiser{Kind: backend.LAMB}}, p)
			want := v.launches + 1
			if p == BF16 {
				want += casts[v.name]
			}
			if sim != nil && sim.Stats().GraphNodes != uint64(want) {
				t.Errorf("a step takes %d launches, want %d", sim.Stats().GraphNodes, want)
			}
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
