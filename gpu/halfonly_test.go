//go:build cuda

package gpu

import (
	"fmt"
	"testing"

	"github.com/aegpu/aegpu/backend"
)

// halfRig is y = x W^T, z = y W^T in bf16, W twice the identity, of width 12, whose
// copies have rows of 16. Recorded, y is read by a product alone and so is in half only.
type halfRig struct {
	rig
	x, y, z, w, v backend.Tensor
}

var halfWidth = 12

// The widths where a fast path would start are held to the same.
func TestHalfOnlyAtEvenWidths(t *testing.T) {
	defer func(was int) { halfWidth = was }(halfWidth)
	for _, halfWidth = range []int{64, 128} {
		for name, test := range map[string]func(*testing.T){
			"read after the step": TestHalfOnlyIsReadAfterTheStep, "overwritten in part": TestHalfOnlyIsOverwrittenInPart, "not half only": TestNotHalfOnly,
		} {
			t.Run(fmt.Sprint(name, " ", halfWidth), test)
		}
	}
}

func newHalfRig(t *testing.T) *halfRig {
	r := &halfRig{rig: newRig(t, Options{Precision: BF16})}
	for _, to := range []*backend.Tensor{&r.x, &r.y, &r.z, &r.v} {
		*to = r.alloc(4, halfWidth)
	}
	r.w = r.alloc(halfWidth, halfWidth)
	w := make([]float32, r.w.Len())
	for i := range halfWidth {
		w[i*halfWidth+i] = 2
	}
	r.d.Upload(r.w, w)
	r.fill(r.x, 1)
	return r
}

func (r *halfRig) linear(y, x backend.Tensor) {
	r.d.Enqueue(backend.Linear{Y: y, X: x, W: r.w})
}

func (r *halfRig) step() { r.linear(r.y, r.x); r.linear(r.z, r.y) }

// record wants that many launches, and y in half only or not after it.
func (r *halfRig) record(nodes int, only bool, step func()) *program {
	r.Helper()
	p := r.rig.record(nodes, step)
	found := false
	for _, v := range p.plan.HalfOnly {
		found = found || v.Of == r.y
	}
	if found != only {
		r.Errorf("y is left in bfloat16 alone: %v, want %v", found, only)
	}
	return p
}

// want says what the rows of t are, all of a row being the same.
func (r *halfRig) want(what string, t backend.Tensor, rows ...float32) {
	r.Helper()
	got := r.values(t)
	for i, v := range got {
		if v != rows[i/halfWidth] {
			r.Errorf("%s: %v, want rows of %v", what, got, rows)
			return
		}
	}
}

// Whatever reads a tensor in half only after the step finds its values, in float32.
func TestHalfOnlyIsReadAfterTheStep(t *testing.T) {
	r := newHalfRig(t)
	p := r.record(2, true, r.step)
	p.Launch(1)
	r.want("downloaded", r.y, 2, 2, 2, 2)
	r.fill(r.x, 2)
	p.Launch(copies + 1)
	r.d.Enqueue(backend.Copy{Dst: r.v, Src: r.y})
	r.want("copied eagerly", r.v, 4, 4, 4, 4)
	r.fill(r.x, 3)
	p.Launch(1)
	r.linear(r.v, r.y)
	r.want("multiplied eagerly", r.v, 12, 12, 12, 12)
	r.fill(r.x, 4)
	p.Launch(1)
	r.d.Enqueue(backend.Add{Dst: r.y, Src: r.x})
	r.want("added to eagerly", r.y, 12, 12, 12, 12)
	other := r.record(1, false, func() { r.d.Enqueue(backend.Copy{Dst: r.v, Src: r.y}) })
	r.fill(r.x, 5)
	p.Launch(1)
	other.Launch(1)
	r.want("copied by another program", r.v, 10, 10, 10, 10)
	r.want("the second product", r.z, 20, 20, 20, 20)
}

// Of a tensor in half only that is overwritten in part the rest keeps its values.
func TestHalfOnlyIsOverwrittenInPart(t *testing.T) {
	r := newHalfRig(t)
	p := r.record(2, true, r.step)
	top := r.record(2, false, func() { r.linear(r.y.Top(2), r.x.Top(2)); r.linear(r.z.Top(2), r.y.Top(2)) })
	p.Launch(1)
	r.fill(r.y.Top(3), 7)
	r.want("uploaded rows", r.y, 7, 7, 7, 2)
	r.fill(r.x, 3)
	p.Launch(1)
	r.d.Enqueue(backend.Zero{Dst: r.y.Top(1)})
	r.want("a zeroed row", r.y, 0, 6, 6, 6)
	p.Launch(1)
	r.fill(r.x, 5)
	top.Launch(2)
	r.want("rows of another program", r.y, 10, 10, 6, 6)
	r.fill(r.x, 1)
	top.Launch(1)
	p.Launch(1)
	r.want("all of them again", r.y, 2, 2, 2, 2)
	r.fill(r.y, 9)
	r.want("all overwritten", r.y, 9, 9, 9, 9)
}

// What reads more than a product's operand inside the step has float32 from the
// start, also where the reading comes before the writing, in the next step.
func TestNotHalfOnly(t *testing.T) {
	r := newHalfRig(t)
	read := r.record(4, false, func() { r.step(); r.d.Enqueue(backend.Copy{Dst: r.v, Src: r.y}) })
	read.Launch(2)
	r.want("read after the product", r.v, 2, 2, 2, 2)
	r.fill(r.y, 3)
	before := r.record(4, false, func() { r.d.Enqueue(backend.Copy{Dst: r.v, Src: r.y}); r.step() })
	before.Launch(1)
	r.want("read before, first", r.v, 3, 3, 3, 3)
	before.Launch(copies)
	r.want("read before, in the next step", r.v, 2, 2, 2, 2)
	part := r.record(4, false, func() { r.step(); r.d.Enqueue(backend.Copy{Dst: r.v.Top(2), Src: r.y.Top(2)}) })
	r.fill(r.x, 4)
	part.Launch(1)
	r.want("a part of it is read", r.v, 8, 8, 2, 2)
	twice := r.record(5, false, func() {
		r.step()
		r.d.Enqueue(backend.Add{Dst: r.y, Src: r.x})
		r.d.Enqueue(backend.Copy{Dst: r.z, Src: r.y})
	})
	twice.Launch(1)
	r.want("added to", r.z, 12, 12, 12, 12)
}

// A kernel's output is in half only too, and one that is made in place; what is read in
// both forms is written in both.
func TestKernelsWriteBfloat16(t *testing.T) {
	r := newHalfRig(t)
	r.d.Upload(r.v, make([]float32, r.v.Len()))
	p := r.record(4, true, func() {
		r.linear(r.y, r.x)
		r.d.Enqueue(backend.Activate{Y: r.v, X: r.y})
		r.d.Enqueue(backend.ActivateBack{DX: r.y, DY: r.y, Saved: r.v})
		r.linear(r.z, r.y)
	})
	p.Launch(2)
	r.want("in place", r.z, 4, 4, 4, 4)
	r.want("in place, read later", r.y, 2, 2, 2, 2)
	both := r.record(4, false, func() {
		r.d.Enqueue(backend.ActivateBack{DX: r.y, DY: r.x, Saved: r.v})
		r.linear(r.z, r.y)
		r.d.Enqueue(backend.Copy{Dst: r.v, Src: r.y})
		r.d.Enqueue(backend.Add{Dst: r.v, Src: r.y})
	})
	r.fill(r.x, 3)
	both.Launch(2)
	r.want("read as an operand", r.z, 6, 6, 6, 6)
	r.want("and in float32", r.v, 6, 6, 6, 6)
}
