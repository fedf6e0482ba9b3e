//go:build cuda

package gpu

import (
	"fmt"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/cudasim"
	"github.com/aegpu/aegpu/kernels"
)

// counter counts the loads and stores that kernels execute in the simulator.
type counter struct {
	rig
	sim   *cudasim.Sim
	clock backend.Clock
}

// accesses are those of one unit of what a kernel does, and the most that a thread of
// the launch does.
type accesses struct{ loads, shared, longest float64 }

// run prints what a unit takes, units being done, and holds it to a bound.
func (r *counter) run(what string, units int, most accesses, enqueue func()) {
	r.Helper()
	r.sync()
	r.sim.Reset()
	enqueue()
	r.sync()
	s, n := r.sim.Stats(), float64(units)
	got := accesses{float64(s.Loads) / n, float64(s.Shared) / n, float64(s.Longest)}
	r.Logf("| %s | %.0f | %.0f | %.0f | %.0f |", what, got.loads, float64(s.Stores)/n, got.shared, got.longest)
	if got.loads > most.loads || got.shared > most.shared || got.longest > most.longest {
		r.Errorf("%s: %+v, want %+v at most", what, got, most)
	}
}

// TestAccesses holds kernels to the accesses that docs/benchmarks/kernels.md counts.
func TestAccesses(t *testing.T) {
	r := &counter{rig: newRig(t, Options{}), sim: device(t)}
	if r.sim == nil || r.sim.Kind != "checked" {
		t.Skip("only the checked simulator counts accesses")
	}
	r.clock = r.allocClock(backend.Hyper{})
	r.check()
	r.topK(500, accesses{2500, 9000, 160})
	r.topK(4096, accesses{20480, 38000, 600})
	r.gathers()
}

func (r *counter) check() {
	const params = 1 << 20
	grads, rows, guard := r.alloc(1, params), r.alloc(128, 1), r.allocSums(3)
	r.run("check, 16,384 gradients of 1,048,576", params/16384, accesses{6200, 9400, 40}, func() {
		r.d.Enqueue(backend.Check{Guard: guard, Grads: grads, Ends: []int{params}, Rows: rows, Clock: r.clock})
	})
}

func (r *counter) topK(cols int, most accesses) {
	x, y := r.alloc(64, cols), r.alloc(64, cols)
	r.count(x)
	r.run(fmt.Sprintf("top-k, a row of %d", cols), x.Rows, most, func() { r.d.Enqueue(backend.TopK{Y: y, X: x, K: 25}) })
}

func (r *counter) gathers() {
	const width = 784
	data, err := r.d.AllocBytes(8192, width, make([]byte, 8192*width))
	if err != nil {
		r.Fatal(err)
	}
	clean, noisy := r.alloc(8192, width), r.alloc(8192, width)
	for _, c := range []struct {
		batch       int
		plain, mask accesses
	}{{64, accesses{480, 200, 24}, accesses{480, 200, 26}}, {8192, accesses{215, 200, 630}, accesses{215, 200, 830}}} {
		to, of := clean.Top(c.batch), backend.Batch{Clock: r.clock, Shuffle: true}
		r.run(fmt.Sprintf("gather, a row of %d bytes, batch of %d", width, c.batch), c.batch, c.plain, func() {
			r.d.Enqueue(backend.Gather{Clean: to, Data: data, Batch: of})
		})
		of.Corrupt, of.Level = backend.Masking, 0.3
		r.run("the same with masking", c.batch, c.mask, func() { r.d.Enqueue(backend.Gather{Clean: to, Noisy: noisy.Top(c.batch), Data: data, Batch: of}) })
	}
	r.run(fmt.Sprintf("gather, a row of %d floats, batch of 1024", width), 1024, accesses{230, 200, 95}, func() {
		r.d.Enqueue(backend.Gather{Clean: clean.Top(1024), Data: noisy.Data(), Batch: backend.Batch{Clock: r.clock, Shuffle: true}})
	})
	d := r.d.Device.(*Device)
	for _, c := range []struct {
		size int
		most accesses
	}{{784, accesses{65, 51, 40}}, {100, accesses{40, 27, 30}}, {13, accesses{28, 15, 25}}} {
		r.run(fmt.Sprintf("prefetch, a row of %d bytes, batch of 1024", c.size), 1024, c.most, func() {
			err := d.worker.Do(func() error {
				return d.launchKernel(kernels.PrefetchFwdU8{Batch: kernels.Uint8s{Base: clean.Mem}, Data: kernels.Uint8s{Base: data.Mem}, Clock: kernels.Clock{Base: r.clock.Mem},
					Rows: 1024, N: 1024, Size: c.size, Flags: 1}, 32, nil, d.stream)
			})
			if err != nil {
				r.Fatal(err)
			}
		})
	}
}

// Bytes are scaled by a product and what it lacks, which comes to the quotient.
func TestGatherOfAllBytes(t *testing.T) {
	r := newRig(t, Options{})
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	data, err := r.d.AllocBytes(64, 4, all)
	if err != nil {
		t.Fatal(err)
	}
	to := r.alloc(64, 4)
	r.d.Enqueue(backend.Gather{Clean: to, Data: data, Batch: backend.Batch{Clock: r.allocClock(backend.Hyper{})}})
	for i, v := range r.values(to) {
		if v != float32(i)/255 {
			t.Errorf("byte %d is %v, want %v", i, v, float32(i)/255)
		}
	}
}
