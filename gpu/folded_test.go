//go:build cuda

package gpu

import (
	"math"
	"testing"

	"github.com/aegpu/aegpu/backend"
)

// foldedRig is what Check looks at, 5 rows and a gradient of 12, and a layer's
// gradients of 3 x 4.
type foldedRig struct {
	*testing.T
	d                     backend.Device
	rows, grads, dy, x, w backend.Tensor
	b                     backend.Tensor
	sums, guard           backend.Sums
	clock                 backend.Clock
}

func newFoldedRig(t *testing.T) *foldedRig {
	sim := device(t)
	r := &foldedRig{T: t, d: open(t, Options{})}
	t.Cleanup(func() {
		if err := r.d.Close(); err != nil {
			t.Error(err)
		}
		sound(t, sim)
	})
	var err error
	alloc := func(rows, cols int) backend.Tensor {
		v, e := r.d.Alloc(rows, cols)
		if e != nil {
			t.Fatal(e)
		}
		all := make([]float32, v.Len())
		for i := range all {
			all[i] = float32(i + 1)
		}
		r.d.Upload(v, all)
		return v
	}
	r.rows, r.grads, r.dy, r.x, r.w, r.b = alloc(5, 1), alloc(1, 12), alloc(5, 3), alloc(5, 4), alloc(3, 4), alloc(1, 3)
	if r.sums, err = r.d.AllocSums(2); err != nil {
		t.Fatal(err)
	}
	if r.guard, err = r.d.AllocSums(backend.GuardNorm + 1); err != nil {
		t.Fatal(err)
	}
	if r.clock, err = r.d.AllocClock(1); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *foldedRig) check() { r.d.Check(r.guard, r.grads, []int{12}, r.rows, r.clock) }

func (r *foldedRig) record(nodes int, step func()) backend.Program {
	r.Helper()
	p, err := r.d.Record(step)
	if err != nil {
		r.Fatal(err)
	}
	if n := p.(*program).Nodes(); n != nodes {
		r.Errorf("the step takes %d launches, want %d", n, nodes)
	}
	return p
}

func (r *foldedRig) want(what string, sum, loss float64) {
	r.Helper()
	s, g := make([]float64, 2), make([]float64, r.guard.N)
	r.d.ReadSums(s, r.sums)
	r.d.ReadSums(g, r.guard)
	r.d.ZeroSums(r.sums)
	if err := r.d.Sync(); err != nil {
		r.Fatal(err)
	}
	if s[0] != 0 || s[1] != sum || g[backend.GuardLoss] != loss {
		r.Errorf("%s: sums %v, loss %v, want 0 %v and %v", what, s, g[backend.GuardLoss], sum, loss)
	}
}

// The sum of the rows that Check looks at costs no launch, also once a step was
// not finite; that of other rows does.
func TestCheckMakesTheSum(t *testing.T) {
	r := newFoldedRig(t)
	sum := func() { r.d.Accumulate(r.sums, 1, r.rows, 0.5) }
	r.record(1, func() { sum(); r.check() }).Launch(3)
	r.want("one kernel", 3*7.5, 3)
	r.record(3, func() { sum(); r.d.Activate(r.rows, r.rows, backend.Identity); r.check() }).Launch(2)
	r.want("overwritten between", 2*7.5, 3)
	r.record(3, func() { sum(); r.d.ZeroSums(r.sums); r.check() }).Launch(2)
	r.want("cleared between", 0, 3)
	r.record(2, func() { r.check(); sum() }).Launch(2)
	r.want("after the check", 2*7.5, 3)
	r.record(2, func() { sum(); sum(); r.check() }).Launch(2)
	r.want("twice", 4*7.5, 3)
	guard := make([]float64, r.guard.N)
	guard[backend.GuardStep], guard[backend.GuardLoss] = 1, 42
	r.d.WriteSums(r.guard, guard)
	r.record(1, func() { sum(); r.check() }).Launch(2)
	r.want("after a step that was not finite", 2*7.5, 42)
	r.d.WriteSums(r.guard, make([]float64, r.guard.N))
	nan := []float32{1, 2, float32(math.NaN()), 4, 5}
	r.d.Upload(r.rows, nan)
	r.record(1, func() { sum(); r.check() }).Launch(1)
	r.d.ReadSums(guard, r.guard)
	if err := r.d.Sync(); err != nil || guard[backend.GuardStep] != 1 {
		t.Errorf("%v, guard %v: want step 1 noted", err, guard)
	}
}

// A bias gradient that is added to zeros is written by the product.
func TestZeroBeforeAnAdditionIsNoLaunch(t *testing.T) {
	r := newFoldedRig(t)
	back := func() { r.d.LinearBackWeights(r.w, r.b, r.dy, r.x, false, true) }
	want := func(what string, first float32) {
		t.Helper()
		got := make([]float32, 3)
		r.d.Download(got, r.b)
		if err := r.d.Sync(); err != nil {
			t.Fatal(err)
		}
		if got[0] != first {
			t.Errorf("%s: bias gradients are %v, want %v first", what, got, first)
		}
	}
	r.record(1, func() { r.d.Zero(r.b); back() }).Launch(2)
	want("zeroed", 35) // 1 + 4 + 7 + 10 + 13
	r.record(2, back).Launch(1)
	want("added", 70)
	r.record(4, func() { r.d.Zero(r.b); r.d.Zero(r.w); back() }).Launch(2)
	want("zeroed earlier", 35)
	r.record(3, func() { r.d.Zero(r.w); back() }).Launch(1)
	want("another zeroed", 70)
}
