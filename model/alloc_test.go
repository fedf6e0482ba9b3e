package model

import (
	"fmt"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/cpu/simd"
)

// allocationCases are the variants with likelihoods in turn, and those with columns.
func allocationCases(t *testing.T) []gradientCase {
	cases, likelihoods := gradientCases(), everyLikelihood()
	for i := range cases {
		s := &cases[i].spec
		s.Likelihood = likelihoods[i%len(likelihoods)]
		if s.Tied || s.Binarise { // which do not go with all of them
			s.Likelihood = Bernoulli{}
		}
	}
	return append(cases, columnCases(t)...)
}

// TestStepsDoNotAllocate launches the recorded step of every variant on the CPU
// device.
func TestStepsDoNotAllocate(t *testing.T) {
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	if path, err := simd.FromEnv(); err != nil || path == simd.Gonum {
		t.Skip("gonum's own products start goroutines")
	}
	for i, c := range allocationCases(t) {
		kind, batches := backend.Adam, 1
		if i%2 == 1 {
			kind, batches = backend.LAMB, 2
		}
		t.Run(fmt.Sprintf("%s, %v, %d at a time", c.name, kind, batches), func(t *testing.T) {
			c.spec.Activation = backend.GELU
			const rows = 64
			m, err := New(dev, c.spec, 1)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			x, err := dev.Alloc(4*rows, c.spec.Inputs)
			if err != nil {
				t.Fatal(err)
			}
			at := Resident{Rows: x.Data()}
			if c.spec.HasTargets() {
				targets, err := dev.Alloc(4*rows, c.spec.Targets)
				if err != nil {
					t.Fatal(err)
				}
				at.Targets = targets.Data()
			}
			rule := backend.Optimiser{Kind: kind, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Clip: 1}
			tr, err := m.NewTraining(at, TrainingOptions{Batch: rows / batches, Accumulate: batches, Optimiser: rule, Steps: 4})
			if err != nil {
				t.Fatal(err)
			}
			defer tr.Close()
			now := backend.Time{Seed: 1}
			launch := func() {
				tr.SetTime(now, nil)
				if err := tr.Launch(rows, 1); err != nil {
					t.Fatal(err)
				}
			}
			launch() // the first records, and grows what the products pack into
			if n := testing.AllocsPerRun(5, launch); n != 0 {
				t.Errorf("%g allocations a step", n)
			}
			if err := dev.Sync(); err != nil {
				t.Fatal(err)
			}
		})
	}
}
