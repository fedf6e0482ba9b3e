package model

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
)

// accumulated trains three epochs of 19 rows in updates of 11 and 8, in batches of
// that size, and returns parameters, sums and losses.
func accumulated(t *testing.T, c gradientCase, batch int) []float64 {
	t.Helper()
	const rows, group = 19, 11
	dev := ref64.New()
	m, err := New(dev, c.spec, 3)
	if err != nil {
		t.Fatal(err)
	}
	x, _ := dev.Alloc(rows, c.spec.Inputs)
	labels, _ := dev.Alloc(rows, 1)
	v, y := dev.Get(x), dev.Get(labels)
	for i := range v {
		v[i] = 0.5 + 0.4*math.Sin(float64(i*i))
	}
	for i := range y {
		y[i] = float64(i % 3)
	}
	dev.Set(x, v)
	dev.Set(labels, y)
	tr, err := m.NewTraining(Resident{Rows: x.Data(), Labels: labels.Data()}, TrainingOptions{
		Objective: c.objective, Batch: batch, Accumulate: (group + batch - 1) / batch, Steps: 2,
		Optimiser: backend.Optimiser{Kind: backend.LAMB, Beta1: 0.9, Beta2: 0.99, Eps: 1e-3, WeightDecay: 0.01, Clip: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []float64
	for epoch := range 3 {
		step := 2 * epoch
		tr.SetTime(backend.Time{Seed: 5, Epoch: uint64(epoch), Step: uint64(step)},
			[]backend.Hyper{{LR: 0.1, KL: 0.5, Correct1: 2, Correct2: 3}, {LR: 0.05, KL: 0.6, Correct1: 1.5, Correct2: 2}})
		for _, n := range []int{group, rows - group} {
			if err := tr.Launch(n, 1); err != nil {
				t.Fatal(err)
			}
		}
		p, err := tr.Read(rows, 0.7)
		if err != nil {
			t.Fatal(err)
		}
		tr.ResetSums()
		for _, term := range p {
			all = append(all, term.Value)
		}
	}
	guard := make([]float64, tr.guard.N)
	dev.ReadSums(guard, tr.guard)
	return slices.Concat(all, guard, dev.Get(m.params))
}

// TestAccumulatedBatchesAreOneBatch trains what neither draws noise nor couples
// the examples of a batch, in updates of 11 rows at once and of 4, 4 and 3.
func TestAccumulatedBatchesAreOneBatch(t *testing.T) {
	for _, c := range gradientCases() {
		if s := &c.spec; s.code().Drawn() || !s.Corrupt.None() || s.Dropout > 0 || hasPenalty(s, isKL) || hasPenalty(s, isStochastic) {
			continue
		}
		c.spec.Activation = backend.Tanh
		objectives := []Objective{Reconstruct}
		if !hasPenalty(&c.spec, isContractive) {
			objectives = append(objectives, FineTune, Frozen)
		}
		for _, o := range objectives {
			if c.objective = o; o != Reconstruct {
				c.spec.Classes = 3
			}
			t.Run(fmt.Sprintf("%s/%d", c.name, o), func(t *testing.T) {
				whole, parts := accumulated(t, c, 11), accumulated(t, c, 4)
				for i, want := range whole {
					if d := math.Abs(parts[i] - want); !(d <= 1e-11*(1+math.Abs(want))) {
						t.Fatalf("value %d is %v in three batches, %v in one", i, parts[i], want)
					}
				}
			})
		}
	}
}

// drawing keeps the codes that are drawn.
type drawing struct {
	*ref64.Device
	codes [][]float64
}

func (d *drawing) Enqueue(op backend.Operation) {
	d.Device.Enqueue(op)
	if o, ok := op.(backend.Reparam); ok {
		d.codes = append(d.codes, d.Get(o.Z))
	}
}

// Compile is a program that goes through Enqueue.
func (d *drawing) Compile(step backend.List) (backend.Program, error) {
	return ref64.Program{Queue: d, Step: step}, nil
}

// TestAccumulatedNoise demands that the batches of all updates draw noise of their
// own, and the same each time. With all weights 0 a code is its noise.
func TestAccumulatedNoise(t *testing.T) {
	const rows, batch = 12, 3
	dev := &drawing{Device: ref64.New()}
	m, err := newModel(dev, Spec{Inputs: 5, Latent: 3, Code: Gaussian{}})
	if err != nil {
		t.Fatal(err)
	}
	x, _ := dev.Alloc(rows, 5)
	tr, err := m.NewTraining(Resident{Rows: x.Data()}, TrainingOptions{Batch: batch, Accumulate: 2, Steps: 2})
	if err != nil {
		t.Fatal(err)
	}
	launch := func(step uint64, times int) [][]float64 {
		dev.codes = nil
		tr.SetTime(backend.Time{Seed: 5, Step: step, Row: step * 2 * batch}, nil)
		if err := tr.Launch(2*batch, times); err != nil {
			t.Fatal(err)
		}
		return dev.codes
	}
	all := launch(0, 2)
	if len(all) != 4 {
		t.Fatalf("%d draws in two updates of two batches", len(all))
	}
	seen := map[float64]bool{}
	for i, code := range all {
		for _, z := range code {
			if z == 0 || seen[z] {
				t.Errorf("batch %d draws %v, which is 0 or was drawn before", i, z)
			}
			seen[z] = true
		}
	}
	if again := launch(1, 1); !slices.Equal(again[0], all[2]) || !slices.Equal(again[1], all[3]) {
		t.Error("the second update by itself draws other noise")
	}
	if err := dev.Sync(); err != nil {
		t.Fatal(err)
	}
}

// TestAccumulatedFault breaks the second update: the fault names it, not a batch.
func TestAccumulatedFault(t *testing.T) {
	dev := ref64.New()
	m, err := New(dev, Spec{Inputs: 2, Latent: 1, Likelihood: Bernoulli{}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	x, _ := dev.Alloc(1, 24)
	dev.Set(x, slices.Repeat([]float64{0.5}, 24))
	rows := x.Reshape(12, 2)
	tr, err := m.NewTraining(Resident{Rows: rows.Data()}, TrainingOptions{Batch: 2, Accumulate: 3, Steps: 2})
	if err != nil {
		t.Fatal(err)
	}
	tr.SetTime(backend.Time{Seed: 5, Step: 40}, make([]backend.Hyper, 2))
	if err := tr.Launch(6, 1); err != nil {
		t.Fatal(err)
	}
	if _, f, err := tr.Fetch(6).Wait(1); f != nil || err != nil {
		t.Fatalf("fault %v, %v in a sound update", f, err)
	}
	bias, _ := m.Parameter("decoder.0.bias")
	dev.Set(bias, []float64{math.Inf(1), 0}) // an infinite loss: the gradient is finite
	if err := tr.Launch(6, 1); err != nil {
		t.Fatal(err)
	}
	_, f, err := tr.Fetch(12).Wait(1)
	if err != nil || f == nil || f.Step != 41 || f.What != "the loss" {
		t.Errorf("fault %+v, %v: want the loss of step 41", f, err)
	}
	finite := slices.Repeat([]float64{1}, tr.guard.N)
	finite[backend.GuardStep] = 1 + 41*3 + 2
	if f := tr.fault(finite); f == nil || f.Step != 41 || f.What != "a parameter" {
		t.Errorf("fault %+v: want a parameter, of step 41", f)
	}
}
