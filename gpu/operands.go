//go:build cuda

package gpu

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// tensors are operands; those that are none do not count.
type tensors []backend.Tensor

// access is what an operation does with its operands.
type access struct {
	writes  tensors // overwritten, every element
	reads   tensors // as float32; with what is written too where that adds to it
	factors tensors // operands of products, which in bf16 read a copy (halved.go)
	gates   tensors // outputs of a ReLU of which only the sign is wanted (mask.go)
	either  tensors // as float32 or as that copy, whichever there is
}

// ready is whether an operation may go ahead: the device has had no error, the
// operation's check passed, and every operand lies inside memory of this device.
// The operation that is run next is about to overwrite writes, which are among
// reads too where it adds to what is there.
func (d *Device) ready(op string, check error, writes tensors, reads ...backend.Tensor) bool {
	return d.readyTo(op, check, access{writes: writes, reads: reads})
}

// readyTo is ready for an operation with products.
func (d *Device) readyTo(op string, check error, a access) bool {
	if d.err != nil {
		return false
	}
	if check != nil {
		d.fail(op, check)
		return false
	}
	for _, list := range []tensors{a.writes, a.reads, a.factors, a.gates, a.either} {
		for _, t := range list {
			if !t.None() && !d.owns(tensorExtent(t)) {
				d.fail(op, fmt.Errorf("a tensor of %v at %d is outside its memory, or that of another device", t, t.Off))
				return false
			}
		}
	}
	d.next = a
	return true
}

// holds checks that accumulator i is there.
func (d *Device) holds(op string, s backend.Sums, i int) bool {
	if d.err == nil && (i < 0 || i >= s.N || !d.owns(sumsExtent(s))) {
		d.fail(op, fmt.Errorf("accumulator %d of %d", i, s.N))
	}
	return d.err == nil
}
