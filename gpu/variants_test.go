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

// variants are the kinds of autoencoder, small.
func variants() []model.Variant { return model.Variants(36, []int{24}, 5) }

// conditional are some of them that are told one of three levels.
func conditional() (all []model.Variant) {
	for _, v := range variants() {
		if slices.Contains([]string{"plain", "shallow", "dropout", "sparse, top-k", "VAE", "importance-weighted"}, v.Name) {
			v.Name += ", condition"
			v.Spec.Conditions = 3
			all = append(all, v)
		}
	}
	return all
}

// variant is the one of that name.
func variant(t *testing.T, name string) model.Spec {
	t.Helper()
	i := slices.IndexFunc(variants(), func(v model.Variant) bool { return v.Name == name })
	if i < 0 {
		t.Fatalf("no variant is called %q", name)
	}
	return variants()[i].Spec
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

// Steps take the launches that are planned on paper.
func TestVariants(t *testing.T) {
	sim := device(t)
	for _, v := range append(variants(), conditional()...) {
		t.Run(v.Name, func(t *testing.T) {
			wantNodes(t, "a step", train(t, sim, v.Spec, adam, FP32).launches, launchesOf(t, v.Spec, adam, trainBatch, FP32))
		})
	}
}

func TestVariantsInLowerPrecision(t *testing.T) {
	sim := device(t)
	for _, v := range append(variants(), conditional()...) {
		for _, p := range []Precision{TF32, BF16} {
			if p == TF32 && v.Name != "plain" {
				continue
			}
			t.Run(fmt.Sprint(v.Name, " ", p), func(t *testing.T) {
				wantNodes(t, "a step", train(t, sim, v.Spec, adam, p).launches, launchesOf(t, v.Spec, adam, trainBatch, p))
			})
		}
	}
}

func TestLAMB(t *testing.T) {
	sim := device(t)
	for _, p := range []Precision{FP32, BF16} {
		t.Run(p.String(), func(t *testing.T) {
			spec, lamb := variant(t, "plain"), model.TrainingOptions{Optimiser: backend.Optimiser{Kind: backend.LAMB}}
			wantNodes(t, "a step", train(t, sim, spec, lamb, p).launches, launchesOf(t, spec, lamb, trainBatch, p))
		})
	}
}

// TestAccumulated trains in steps of 7 rows and 6.
func TestAccumulated(t *testing.T) {
	sim, o := device(t), adam
	o.Accumulate = 2
	for _, v := range append(variants(), conditional()...) {
		t.Run(v.Name, func(t *testing.T) {
			wantNodes(t, "a step", train(t, sim, v.Spec, o, FP32).launches, launchesOf(t, v.Spec, o, trainBatch, FP32))
		})
	}
	for _, v := range []string{"plain", "tied", "VAE"} {
		t.Run(v+" in bf16", func(t *testing.T) { train(t, sim, variant(t, v), o, BF16) })
	}
	o.Objective = model.FineTune
	spec := variant(t, "plain")
	spec.Classes = 3
	t.Run("classifier", func(t *testing.T) { train(t, sim, spec, o, FP32) })
}

func TestClassifier(t *testing.T) {
	sim := device(t)
	spec := variant(t, "plain")
	spec.Classes = 3
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
	train(t, sim, variant(t, "plain"), adam, FP32)
	train(t, sim, variant(t, "plain"), adam, BF16)
	t.Setenv("AEGPU_CUDASIM_NO_EPILOGUES", "2")
	train(t, sim, variant(t, "plain"), adam, BF16)
}
