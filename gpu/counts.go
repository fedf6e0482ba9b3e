//go:build cuda

package gpu

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/libcuda"
	"github.com/aegpu/aegpu/gpu/plan"
)

var (
	_ backend.ByteCounter   = (*Device)(nil)
	_ backend.MemoryCounter = (*Device)(nil)
	_ backend.StepPlanner   = (*Device)(nil)
	_ backend.LaunchCounter = (*program)(nil)
)

// HeldBytes is what is allocated, with the device's own.
func (d *Device) HeldBytes() int { return d.Usage().Bytes }

// StepBytes is the memory that a program of the step takes beside its operands: copies
// in bfloat16, masks and tables; and that of the copies of weights in bfloat16, which
// programs share.
func (d *Device) StepBytes(step backend.List) (own, shared int, err error) {
	p, err := plan.Make(step, d.planOptions(true))
	if err != nil {
		return 0, 0, err
	}
	own, shared = p.Bytes()
	return own, shared, nil
}

// MovedBytes is what launches have moved that are done; only the simulator counts.
func (d *Device) MovedBytes() (read, written int, ok bool) { return libcuda.Moved() }
