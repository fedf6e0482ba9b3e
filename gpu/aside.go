//go:build cuda

package gpu

import (
	"slices"

	"github.com/aegpu/aegpu/backend"
)

// A weight gradient needs what is there, and little in a step needs it before the
// update. So the products that make them are recorded on a second stream, beside the
// backward pass through the layers below: a small batch, or a narrow layer, leaves
// most of a GPU idle in every product. What touches the operands or the result of one
// waits for it first.
type aside struct {
	branch
	workspace *block
	underWay  []access // of what may still be running there
}

// oneStreamEnv names the variable that switches Options.OneStream on.
const oneStreamEnv = "AEGPU_GPU_ONE_STREAM"

// worthForking reports whether an operation with this access may run beside the one
// after it.
func (d *Device) worthForking(a access) bool {
	e := d.recorded
	if e == nil || d.options.OneStream || e.at+1 >= len(e.operations) {
		return false
	}
	return !e.operations[e.at+1].conflicts(a)
}

// await has the device's stream wait for what runs aside, if an operation with this
// access must.
func (d *Device) await(a access) error {
	if !slices.ContainsFunc(d.aside.underWay, a.conflicts) {
		return nil
	}
	return d.rejoin()
}

func (d *Device) rejoin() error {
	d.aside.underWay = nil
	return d.join(&d.aside.branch)
}

// all are the operands, written or read.
func (a access) all() tensors { return slices.Concat(a.writes, a.reads, a.factors, a.gates, a.either) }

// conflicts reports whether one of two operations writes what the other touches.
func (a access) conflicts(b access) bool {
	meets := func(written, touched tensors) bool {
		return slices.ContainsFunc(written, func(w backend.Tensor) bool {
			return !w.None() && slices.ContainsFunc(touched, func(t backend.Tensor) bool {
				return !t.None() && overlap(tensorExtent(w), tensorExtent(t))
			})
		})
	}
	return meets(a.writes, b.all()) || meets(b.writes, a.all())
}
