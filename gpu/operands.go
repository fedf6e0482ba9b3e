//go:build cuda

package gpu

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// tensors are operands; those that are none do not count.
type tensors []backend.Tensor

// ready is whether an operation may go ahead: the device has had no error, the
// operation's check passed, and every operand lies inside memory of this device.
// The operation is about to overwrite writes.
func (d *Device) ready(op string, check error, writes tensors, reads ...backend.Tensor) bool {
	if d.err != nil {
		return false
	}
	if check != nil {
		d.fail(op, check)
		return false
	}
	for _, list := range []tensors{writes, reads} {
		for _, t := range list {
			if !t.None() && !d.owns(tensorExtent(t)) {
				d.fail(op, fmt.Errorf("a tensor of %v at %d is outside its memory, or that of another device", t, t.Off))
				return false
			}
		}
	}
	d.forget(writes)
	return true
}

// holds checks that accumulator i is there.
func (d *Device) holds(op string, s backend.Sums, i int) bool {
	if d.err == nil && (i < 0 || i >= s.N || !d.owns(sumsExtent(s))) {
		d.fail(op, fmt.Errorf("accumulator %d of %d", i, s.N))
	}
	return d.err == nil
}
