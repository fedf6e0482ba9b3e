//go:build cuda

package gpu

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/cudasim"
	"github.com/aegpu/aegpu/model"
)

// Weight gradients that are made aside have the bits of those that are not,
// whichever way round the streams run.
func TestAsideVariants(t *testing.T) {
	eachOrder(t, func(t *testing.T, sim *cudasim.Sim) {
		for _, v := range variants() {
			sameAside(t, sim, v, FP32, 1)
			if slices.Contains([]string{"plain", "tied", "contractive", "contractive, deep", "VAE"}, v.Name) {
				sameAside(t, sim, v, FP32, 2)
				sameAside(t, sim, v, BF16, 1)
			}
		}
	})
}

// sameAside trains with and without a second stream, in steps of so many batches.
func sameAside(t *testing.T, sim *cudasim.Sim, v model.Variant, p Precision, batches int) {
	t.Helper()
	what := fmt.Sprintf("%s, %v, in %d batches", v.Name, p, batches)
	o := adam
	o.Accumulate = batches
	want := residentCurve(t, Options{Precision: p, OneStream: true}, v.Spec, o)
	if sim != nil && sim.Stats().GraphForked != 0 {
		t.Errorf("%s: %d launches are forked on one stream", what, sim.Stats().GraphForked)
	}
	if got := residentCurve(t, Options{Precision: p}, v.Spec, o); !slices.Equal(got, want) {
		t.Errorf("%s: losses %v, on one stream %v", what, got, want)
	}
	forked := 2*(1+len(v.Spec.Hidden))*batches - 1 // after the last nothing is left to go on with
	if v.Name == "contractive" {                   // the encoder's gradient is added to at once
		forked = batches
	}
	if sim != nil && sim.Stats().GraphForked < uint64(forked) {
		t.Errorf("%s: %d launches are forked, want %d", what, sim.Stats().GraphForked, forked)
	}
}

// Without epilogues the bias gradients are a kernel's, which stays on the first
// stream.
func TestAsideWithoutEpilogues(t *testing.T) {
	t.Setenv("AEGPU_CUDASIM_NO_EPILOGUES", "1")
	eachOrder(t, func(t *testing.T, _ *cudasim.Sim) {
		for _, v := range variants()[:2] {
			for _, batches := range []int{1, 2} {
				o := adam
				o.Accumulate = batches
				want := residentCurve(t, Options{OneStream: true}, v.Spec, o)
				if got := residentCurve(t, Options{}, v.Spec, o); !slices.Equal(got, want) {
					t.Errorf("%s in %d batches: losses %v, on one stream %v", v.Name, batches, got, want)
				}
			}
		}
	})
}

// What touches the operands or the result of a product that runs aside waits for it.
func TestAsideIsWaitedFor(t *testing.T) {
	for _, order := range []string{"late", "early"} {
		t.Run(order, func(t *testing.T) {
			t.Setenv("AEGPU_CUDASIM_GRAPH_ORDER", order)
			testWaiting(t)
		})
	}
}

func testWaiting(t *testing.T) {
	r := newRig(t, Options{})
	dy, x, dw, other, sum := r.alloc(5, 3), r.alloc(5, 4), r.alloc(3, 4), r.alloc(5, 4), r.alloc(3, 4)
	back := func() {
		r.d.Enqueue(backend.LinearBackWeights{DW: dw, DY: dy, X: x})
		r.d.Enqueue(backend.Zero{Dst: other}) // meanwhile
	}
	for name, step := range map[string]func(){
		"the result is read":        func() { back(); r.d.Enqueue(backend.Add{Dst: sum, Src: dw}) },
		"the result is overwritten": func() { back(); r.d.Enqueue(backend.Zero{Dst: dw}); r.d.Enqueue(backend.Add{Dst: sum, Src: dw}) },
		"an operand is overwritten": func() { back(); r.d.Enqueue(backend.Zero{Dst: x}); r.d.Enqueue(backend.Add{Dst: sum, Src: dw}) },
		"part of one is":            func() { back(); r.d.Enqueue(backend.Zero{Dst: dy.Top(1)}); r.d.Enqueue(backend.Add{Dst: sum, Src: dw}) },
	} {
		r.count(dy)
		r.fill(x, 1)
		r.fill(sum, 0)
		r.program(step).Launch(1)
		want := float32(35) // 1 + 4 + 7 + 10 + 13
		if name == "the result is overwritten" {
			want = 0
		}
		if got := r.values(sum)[0]; got != want {
			t.Errorf("%s: the sum begins with %v, want %v", name, got, want)
		}
	}
}

// Nothing that may run at the same time writes what the other touches: neither the
// tensors nor what the device keeps for itself.
func TestBesideIsApart(t *testing.T) {
	sim := simulator(t)
	if sim.Kind != "checked" {
		t.Skipf("the %s simulator does not know what a kernel touches", sim.Kind)
	}
	t.Setenv(cudasim.BytesEnv, "1")
	for _, v := range variants() {
		for _, p := range []Precision{FP32, BF16} {
			for _, batches := range []int{1, 2} {
				o := adam
				o.Accumulate = batches
				residentCurve(t, Options{Precision: p}, v.Spec, o)
				hostCurve(t, Options{Precision: p}, v.Spec, o)
				if t.Failed() || sim.Report() != "" {
					t.Fatalf("%s, %v, in %d batches: %s", v.Name, p, batches, sim.Report())
				}
			}
		}
	}
	t.Setenv("AEGPU_CUDASIM_NO_EPILOGUES", "1")
	residentCurve(t, Options{}, variant(t, "plain"), adam)
	sound(t, sim)
}
