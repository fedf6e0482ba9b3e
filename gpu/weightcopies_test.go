//go:build cuda

package gpu

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/aegpu/aegpu/backend"
)

// copyRig is a layer y = x W^T of 8 inputs and outputs in bf16, with x all ones
// and W, if all its elements are w, making y = 8 w.
type copyRig struct {
	rig
	params, x, y, w  backend.Tensor
	other, gradients backend.Tensor
	guard            backend.Sums
	clock            backend.Clock
}

func newCopyRig(t *testing.T) *copyRig {
	r := &copyRig{rig: newRig(t, Options{Precision: BF16})}
	r.params, r.gradients, r.other = r.alloc(1, 70), r.alloc(1, 70), r.alloc(8, 8)
	r.w = r.params.Slice(4, 8, 8)
	r.x, r.y = r.alloc(2, 8), r.alloc(2, 8)
	r.clock, r.guard = r.allocClock(backend.Hyper{LR: 1, Correct1: 1, Correct2: 1}), r.allocSums(backend.GuardNorm+1)
	r.fill(r.x, 1)
	r.fill(r.gradients, 0.25)
	r.fill(r.params, 4)
	return r
}

func (r *copyRig) linear() {
	r.d.Enqueue(backend.Linear{Y: r.y, X: r.x, W: r.w})
}

func (r *copyRig) update() {
	r.d.Enqueue(backend.Update{Params: r.params, Grads: r.gradients, Optimiser: backend.Optimiser{Kind: backend.SGD}, Guard: r.guard, Clock: r.clock})
}

// want says that the products read weights that are all w.
func (r *copyRig) want(what string, w float32) {
	r.Helper()
	got := r.values(r.y)
	for _, y := range got {
		if y != 8*w {
			r.Errorf("%s: y is %v, want %v everywhere", what, got, 8*w)
			return
		}
	}
}

// The update writes the weights' copy, and no launch makes it anew.
func TestWeightCopyFollowsTheUpdate(t *testing.T) {
	r := newCopyRig(t)
	p := r.record(2, func() { r.linear(); r.update() })
	p.Launch(1)
	r.want("first step", 4)
	p.Launch(1)
	r.want("second step", 3.75)
	p.Launch(copies + 1)
	r.want("steps in one graph", 3.75-0.25*(copies+1))
	sgd := r.record(1, r.update)
	sgd.Launch(2)
	p.Launch(1)
	r.want("after another program's updates", 3.75-0.25*(copies+4))
}

// The copy that an update leaves is the weight rounded, whatever its width and where
// it begins: the product with the identity of a recorded step is the one with a weight
// that is rounded anew.
func TestWeightCopyIsTheWeightRounded(t *testing.T) {
	const rows = 20
	for _, cols := range []int{1, 7, 8, 24, 64, 128, 192, 256} {
		for _, off := range []int{0, 1, 4} {
			t.Run(fmt.Sprint(cols, " from ", off), func(t *testing.T) {
				r := newCopyRig(t)
				n := off + rows*cols
				r.params, r.gradients = r.alloc(1, n), r.alloc(1, n)
				r.w, r.x, r.y = r.params.Slice(off, rows, cols), r.identity(cols), r.alloc(cols, rows)
				v := make([]float32, n)
				for i := range v {
					v[i] = float32(math.Sin(float64(i)))
				}
				r.d.Upload(r.params, v)
				r.fill(r.gradients, 0.25)
				p := r.program(func() { r.linear(); r.update() })
				p.Launch(1)
				moved := r.values(r.w)
				p.Launch(1)
				got := r.values(r.y)
				r.w = r.alloc(rows, cols)
				r.d.Upload(r.w, moved)
				r.linear()
				if want := r.values(r.y); !slices.Equal(got, want) {
					t.Errorf("with the copy %v, with the weight %v", got, want)
				}
			})
		}
	}
}

// What else writes weights leaves no stale copy behind.
func TestWeightCopyIsNotStale(t *testing.T) {
	r := newCopyRig(t)
	p := r.record(2, func() { r.linear(); r.update() })
	p.Launch(1)
	r.fill(r.w, 2)
	p.Launch(1)
	r.want("after an upload", 2)
	r.fill(r.other, 1)
	r.d.Enqueue(backend.Copy{Dst: r.w, Src: r.other})
	p.Launch(1)
	r.want("after a copy", 1)
	over := r.record(1, func() { r.d.Enqueue(backend.Copy{Dst: r.w, Src: r.other}) })
	p.Launch(3)
	over.Launch(1)
	p.Launch(1)
	r.want("after another program", 1)
}

// A step that changes its weights in another way makes their copy anew, and so
// may run several times; one whose update does nothing keeps it.
func TestWeightCopyOfAChangedWeight(t *testing.T) {
	r := newCopyRig(t)
	r.fill(r.other, 0.5)
	add := r.record(3, func() { r.linear(); r.d.Enqueue(backend.Add{Dst: r.w, Src: r.other}) })
	add.Launch(3)
	r.want("the third time", 5)
	both := r.record(4, func() { r.linear(); r.update(); r.d.Enqueue(backend.Add{Dst: r.w, Src: r.other}) })
	both.Launch(2)
	r.want("an update and more", 5.75)
	p := r.record(2, func() { r.linear(); r.update() })
	guard := make([]float64, backend.GuardNorm+1)
	guard[backend.GuardStep] = 1
	r.d.WriteSums(r.guard, guard)
	p.Launch(3)
	r.want("an update that does nothing", 6)
}

// LAMB's step writes the weights' copy too. Without memory and decay its
// direction is the gradient's sign.
func TestWeightCopyFollowsLAMB(t *testing.T) {
	r := newCopyRig(t)
	moments, trust := r.alloc(1, 140), r.allocSums(1)
	p := r.record(3, func() {
		r.linear()
		r.d.Enqueue(backend.UpdateLAMB{Params: r.params, Grads: r.gradients, M: moments.Slice(0, 1, 70), V: moments.Slice(70, 1, 70), Ends: []int{70}, Trust: trust,
			Optimiser: backend.Optimiser{Kind: backend.LAMB}, Guard: r.guard, Clock: r.clock})
	})
	p.Launch(1)
	r.want("first step", 4)
	p.Launch(1)
	r.want("second step", 3)
	p.Launch(2)
	r.want("fourth step", 1)
}
