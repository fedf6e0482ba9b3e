//go:build cuda

package gpu

import (
	"math"
	"os"
	"slices"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/backendtest"
	"github.com/aegpu/aegpu/gpu/cudasim"
)

// rig is a device with a few tensors, on which small steps are recorded.
type rig struct {
	*testing.T
	d *backendtest.Listing
}

// newRig opens a device that is closed when the test ends; nothing may be found.
func newRig(t *testing.T, o Options) rig {
	t.Helper()
	sim := device(t)
	d := open(t, o)
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		sound(t, sim)
	})
	return rig{t, &backendtest.Listing{Device: d}}
}

func (r rig) alloc(rows, cols int) backend.Tensor {
	r.Helper()
	t, err := r.d.Alloc(rows, cols)
	if err != nil {
		r.Fatal(err)
	}
	return t
}

func (r rig) allocSums(n int) backend.Sums {
	r.Helper()
	s, err := r.d.AllocSums(n)
	if err != nil {
		r.Fatal(err)
	}
	return s
}

// allocClock is a clock at the time 0 with one row of hyperparameters.
func (r rig) allocClock(h backend.Hyper) backend.Clock {
	r.Helper()
	c, err := r.d.AllocClock(1)
	if err != nil {
		r.Fatal(err)
	}
	r.d.SetClock(c, backend.Time{}, []backend.Hyper{h})
	return c
}

// fill makes all elements v.
func (r rig) fill(t backend.Tensor, v float32) { r.d.Upload(t, slices.Repeat([]float32{v}, t.Len())) }

// identity is the matrix of n ones.
func (r rig) identity(n int) backend.Tensor {
	r.Helper()
	t, one := r.alloc(n, n), make([]float32, n*n)
	for i := range n {
		one[i*n+i] = 1
	}
	r.d.Upload(t, one)
	return t
}

// count makes the elements 1, 2, 3.
func (r rig) count(t backend.Tensor) {
	all := make([]float32, t.Len())
	for i := range all {
		all[i] = float32(i + 1)
	}
	r.d.Upload(t, all)
}

func (r rig) values(t backend.Tensor) []float32 {
	r.Helper()
	v := make([]float32, t.Len())
	r.d.Download(v, t)
	r.sync()
	return v
}

// close wants values that are equal but for the rounding of a fused
// multiplication and addition.
func (r rig) close(what string, got, want []float32) {
	r.Helper()
	for i := range want {
		if !(math.Abs(float64(got[i]-want[i])) <= 1e-6*math.Abs(float64(want[i]))) {
			r.Errorf("%s: %v, want %v", what, got, want)
			return
		}
	}
}

func (r rig) sync() {
	r.Helper()
	if err := r.d.Sync(); err != nil {
		r.Fatal(err)
	}
}

func (r rig) program(step func()) *program {
	r.Helper()
	p, err := r.d.Record(step)
	if err != nil {
		r.Fatal(err)
	}
	return p.(*program)
}

// record wants that many launches in the simulator, and says how many a GPU makes of
// them: there a product may be several, or have no epilogue.
func (r rig) record(nodes int, step func()) *program {
	r.Helper()
	p := r.program(step)
	wantNodes(r.T, "the step", p.nodes, nodes)
	return p
}

func wantNodes(t *testing.T, what string, nodes, want int) {
	t.Helper()
	if nodes == want {
		return
	}
	if os.Getenv(cudasim.Env) == "" {
		t.Logf("%s takes %d launches on this GPU, %d in the simulator", what, nodes, want)
		return
	}
	t.Errorf("%s takes %d launches, want %d", what, nodes, want)
}
