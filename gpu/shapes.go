//go:build cuda

package gpu

import (
	"errors"
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// tensors are operands that must be there.
type tensors []backend.Tensor

// fits checks an operation's operands: shapes fit, need are there, and all lie
// inside memory of this device. What does not is the device's error, and the
// operation does nothing.
func (d *Device) fits(op string, shapes bool, need tensors, optional ...backend.Tensor) bool {
	if d.err != nil {
		return false
	}
	if err := d.operands(need, optional); err != nil {
		d.fail(op, err)
	} else if !shapes {
		d.fail(op, fmt.Errorf("operands do not fit: %v", append(need, optional...)))
	}
	return d.err == nil
}

func (d *Device) operands(need, optional tensors) error {
	for _, t := range need {
		if t.None() {
			return errors.New("an operand is missing")
		}
	}
	for _, t := range append(need, optional...) {
		if t.None() {
			continue
		}
		if !d.owns(tensorExtent(t)) {
			return fmt.Errorf("a tensor of %v at %d is outside its memory, or that of another device", t, t.Off)
		}
	}
	return nil
}

// holds checks that accumulator i is there.
func (d *Device) holds(op string, s backend.Sums, i int) bool {
	if d.err == nil && (i < 0 || i >= s.N || !d.owns(sumsExtent(s))) {
		d.fail(op, fmt.Errorf("accumulator %d of %d", i, s.N))
	}
	return d.err == nil
}

// same is whether all have the shape of the first; those that are none do not count.
func same(first backend.Tensor, rest ...backend.Tensor) bool {
	for _, t := range rest {
		if !t.None() && (t.Rows != first.Rows || t.Cols != first.Cols) {
			return false
		}
	}
	return true
}

// shaped is whether t, unless it is none, is rows x cols.
func shaped(t backend.Tensor, rows, cols int) bool {
	return t.None() || t.Rows == rows && t.Cols == cols
}

// samples is the rows of all an example of one has, 0 if they do not divide.
func samples(all, one int) int {
	if one == 0 || all%one != 0 {
		return 0
	}
	return all / one
}
