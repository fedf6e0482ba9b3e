//go:build cuda

package gpu

import "github.com/aegpu/aegpu/backend"

var (
	_ backend.MemoryCounter = (*Device)(nil)
	_ backend.LaunchCounter = (*program)(nil)
)

// HeldBytes is what is allocated, with the device's own.
func (d *Device) HeldBytes() int { return d.Usage().Bytes }
