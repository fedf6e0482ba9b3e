//go:build cuda

package gpu

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/libcuda"
)

var (
	_ backend.ByteCounter   = (*Device)(nil)
	_ backend.MemoryCounter = (*Device)(nil)
	_ backend.LaunchCounter = (*program)(nil)
)

// HeldBytes is what is allocated, with the device's own.
func (d *Device) HeldBytes() int { return d.Usage().Bytes }

// MovedBytes is what launches have moved that are done; only the simulator counts.
func (d *Device) MovedBytes() (read, written int, ok bool) { return libcuda.Moved() }
