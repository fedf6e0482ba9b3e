//go:build cuda

package gpu

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
	"gorgonia.org/cu"
)

// In bf16 the operands of products are copies in bfloat16, made the first time a
// tensor is used since it was written: a layer's input serves its output and its
// weight gradient, a gradient serves both products of the backward pass; the
// weights of a recorded step have theirs from its Update (shadow.go). The
// parameters themselves, and what products make, stay float32.

// halvedAlign is what the leading dimension of a copy is a multiple of, so that
// products can use tensor cores whatever the shape.
const halvedAlign = 8

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
	if s, err := d.shadowOf(t); err != nil || s != nil {
		if err != nil {
			return operand{}, err
		}
		return operand{s.at.at, t.Cols}, nil
	}
	ld := ceil(t.Cols, halvedAlign) * halvedAlign
	h, err := d.derive(halved, t, 2*t.Rows*ld)
	if err != nil {
		return operand{}, err
	}
	if !d.fresh(h) {
		err = d.cast(h.at.at, t, ld)
		h.epoch = d.epoch
	}
	return operand{h.at.at, ld}, err
}

// cast enqueues the copy of t in bfloat16, rows ld apart.
func (d *Device) cast(to cu.DevicePtr, t backend.Tensor, ld int) error {
	return d.launch(kernels.CastFwdBf16, d.spread(t.Rows*ld/8), pointer(to), at(t), integer(t.Rows), integer(t.Cols), integer(ld))
}
