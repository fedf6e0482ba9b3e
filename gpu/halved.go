//go:build cuda

package gpu

import (
	"slices"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
	"gorgonia.org/cu"
)

// In bf16 products read copies in bfloat16, one of every tensor since it was
// written: a layer's input serves its output and its weight gradient, a gradient
// serves both products of the backward pass.
//
//   - The weights of a recorded step have theirs from its Update (shadow.go).
//   - What the step makes for products and for derivatives of activations alone is
//     written in bfloat16 and in no other form, by the kernel or the product that
//     makes it. Such a tensor is thin: its float32 is what it was before. Whatever
//     reads that later, in the step or after it, has it written first (thicken).
//   - What is read in both forms is written in both, by kernels that can; what is
//     left is copied by a launch of its own.
//
// The parameters themselves, their gradients and all that is not an operand stay
// float32.

// halvedAlign is what the leading dimension of a copy is a multiple of, so that
// products can use tensor cores whatever the shape.
const halvedAlign = 8

func halvedLD(t backend.Tensor) int { return ceil(t.Cols, halvedAlign) * halvedAlign }

// operand is a tensor as a product reads it.
type operand struct {
	at cu.DevicePtr
	ld int
}

// operand is t in the precision of products.
func (d *Device) operand(t backend.Tensor) (operand, error) {
	if d.options.Precision != BF16 {
		return operand{address(tensorExtent(t)), t.Cols}, nil
	}
	ld := halvedLD(t)
	if s, err := d.shadowOf(t); err != nil || s != nil {
		if err != nil {
			return operand{}, err
		}
		return operand{s.at.at, ld}, nil
	}
	h, err := d.half(t)
	if err != nil {
		return operand{}, err
	}
	if !d.fresh(h) {
		err = d.cast(h.at.at, t)
		h.epoch = d.epoch
	}
	return operand{h.at.at, ld}, err
}

// half is room for the copy of t.
func (d *Device) half(t backend.Tensor) (*derived, error) {
	return d.derive(halved, t, 2*t.Rows*halvedLD(t))
}

// cast enqueues the copy of t in bfloat16.
func (d *Device) cast(to cu.DevicePtr, t backend.Tensor) error {
	ld := halvedLD(t)
	return d.launch(kernels.CastFwdBf16, d.spread(t.Rows*ld/8), pointer(to), at(t), integer(t.Rows), integer(t.Cols), integer(ld))
}

// sink is where a kernel leaves a tensor: in float32, as an operand of products
// whose rows are ld apart, or both (kernels/bfloat16.cuh).
type sink struct{ float, half, ld arg }

// sinkOf is the sink of what the operation under way makes: t in the forms in
// which it is read.
func (d *Device) sinkOf(t backend.Tensor) (sink, error) {
	s := sink{float: at(t), half: pointer(0), ld: integer(halvedLD(t))}
	if t.None() || d.options.Precision != BF16 {
		return s, nil
	}
	want := d.demandFor(t)
	if !want.factor && !want.thin() {
		return s, nil
	}
	h, err := d.half(t)
	if err != nil {
		return s, err
	}
	s.half = pointer(h.at.at)
	if want.thin() {
		s.float = pointer(0)
	}
	h.written(d, want.thin())
	return s, nil
}

// sourceOf is where the operation under way, which may overwrite it, finds t: its
// float32 or, where it is thin, its copy. One of the two is null.
func (d *Device) sourceOf(t backend.Tensor) (float, half arg) {
	if v := d.lookup(halved, t); v != nil && (v.thin || slices.Contains(d.sources, v)) {
		return pointer(0), pointer(v.at.at)
	}
	return at(t), pointer(0)
}

// launchTo is launch of a kernel whose first arguments are the sink of t.
func (d *Device) launchTo(t backend.Tensor, k kernels.Kernel, grid int, args ...arg) error {
	to, err := d.sinkOf(t)
	if err != nil {
		return err
	}
	return d.launch(k, grid, append([]arg{to.float, to.half, to.ld}, args...)...)
}

// written notes that the operation under way writes the copy, and whether that
// alone.
func (v *derived) written(d *Device, thin bool) { v.epoch, v.thin = d.epoch, thin }

// thicken writes the float32 of what is thin of t, but for a copy of exactly t
// where the operation reads that.
func (d *Device) thicken(t backend.Tensor, copied bool) error {
	if t.None() {
		return nil
	}
	for _, v := range d.derived {
		if !v.thin || !overlap(tensorExtent(v.of), tensorExtent(t)) || copied && v.of == t {
			continue
		}
		if err := d.expand(v); err != nil {
			return err
		}
	}
	return nil
}

func (d *Device) expand(v *derived) error {
	v.thin = false
	t := v.of
	return d.launch(kernels.ExpandFwdF32, d.spread(t.Len()), at(t), pointer(v.at.at), integer(t.Rows), integer(t.Cols),
		integer(halvedLD(t)))
}

// setThin makes exactly those tensors thin.
func (d *Device) setThin(list []*derived) {
	for _, v := range d.derived {
		v.thin = slices.Contains(list, v)
	}
}

// thinOnes are the tensors that are thin.
func (d *Device) thinOnes() (list []*derived) {
	for _, v := range d.derived {
		if v.thin {
			list = append(list, v)
		}
	}
	return list
}

// thickenFor enqueues what a step with these effects must find in float32: what
// is thin of all that it touches, but for what it leaves thin itself, which it
// overwrites before it reads it.
func (d *Device) thickenFor(e *effects) error {
	for _, v := range d.derived {
		touched := func(t extent) bool { return overlap(t, tensorExtent(v.of)) }
		if !v.thin || slices.Contains(e.thin, v) || !slices.ContainsFunc(e.touches, touched) {
			continue
		}
		if err := d.expand(v); err != nil {
			return err
		}
	}
	return nil
}
