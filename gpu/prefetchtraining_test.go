//go:build cuda

package gpu

import (
	"slices"
	"testing"

	"github.com/aegpu/aegpu/gpu/cudasim"
)

// A training on data on the host gives the bits of one on resident data.
func TestFetchedVariants(t *testing.T) {
	eachOrder(t, func(t *testing.T, sim *cudasim.Sim) {
		for _, v := range append(variants(), conditional()...) {
			for _, p := range []Precision{FP32, TF32, BF16} {
				if p != FP32 && v.Name != "plain" && v.Name != "tied" && v.Name != "VAE" {
					continue
				}
				want := residentCurve(t, Options{Precision: p}, v.Spec, adam)
				var before cudasim.Stats
				if sim != nil {
					before = sim.Stats()
				}
				got := hostCurve(t, Options{Precision: p}, v.Spec, adam)
				if !slices.Equal(got, want) {
					t.Errorf("%s, %v: losses %v, on resident data %v", v.Name, p, got, want)
				}
				if sim == nil {
					continue
				}
				// The fetch, and the end of the step, which waits for it; all but that and the Gather may run beside it.
				s, nodes, forked := sim.Stats(), before.GraphNodes+2, before.GraphForked+1
				if s.GraphNodes != nodes || s.GraphForked != forked || s.GraphBeside != nodes-forked-2 {
					t.Errorf("%s, %v: %d launches, %d forked, beside %d others; want %d, %d, %d",
						v.Name, p, s.GraphNodes, s.GraphForked, s.GraphBeside, nodes, forked, nodes-forked-2)
				}
			}
		}
	})
}

// A step of several batches has one buffer for them: each is fetched while the one
// before it is computed on. Steps of 5, 5 and 3 rows start with a batch that the last
// of the step before is too small to have left.
func TestFetchedAccumulation(t *testing.T) {
	eachOrder(t, func(t *testing.T, sim *cudasim.Sim) {
		for _, v := range variants() {
			for _, batches := range []int{2, 3} {
				o := adam
				o.Accumulate = batches
				want := residentCurve(t, Options{}, v.Spec, o)
				var before cudasim.Stats
				if sim != nil {
					before = sim.Stats()
				}
				if got := hostCurve(t, Options{}, v.Spec, o); !slices.Equal(got, want) {
					t.Errorf("%s in %d batches: losses %v, on resident data %v", v.Name, batches, got, want)
				}
				if sim == nil {
					continue
				}
				s, nodes, forked := sim.Stats(), before.GraphNodes+uint64(batches)+1, before.GraphForked+uint64(batches)
				if s.GraphNodes != nodes || s.GraphForked != forked {
					t.Errorf("%s in %d batches: %d launches, %d forked, want %d, %d", v.Name, batches, s.GraphNodes, s.GraphForked, nodes, forked)
				}
			}
		}
	})
}

// The orders of the simulator show a wait that is missing: for rows that are
// fetched, with nothing else forked, and for weight gradients that are made aside.
func TestPlantedMissingWaits(t *testing.T) {
	simulator(t)
	spec := variant(t, "plain")
	want := residentCurve(t, Options{}, spec, adam)
	for _, c := range []struct{ order, drop string }{{"late", "join"}, {"early", "fork"}} {
		t.Setenv("AEGPU_CUDASIM_GRAPH_ORDER", c.order)
		t.Setenv("AEGPU_CUDASIM_DROP_WAITS", c.drop)
		if slices.Equal(hostCurve(t, Options{OneStream: true}, spec, adam), want) {
			t.Errorf("fetching: without the %s and with what is forked %s the losses are right", c.drop, c.order)
		}
		if slices.Equal(residentCurve(t, Options{}, spec, adam), want) {
			t.Errorf("aside: without the %s and with what is forked %s the losses are right", c.drop, c.order)
		}
	}
}
