//go:build cuda

package gpu

import (
	"github.com/aegpu/aegpu/backend"
	"gorgonia.org/cu"
)

var (
	_ backend.MemoryCounter = (*Device)(nil)
	_ backend.LaunchCounter = (*program)(nil)
)

// Memory is what is allocated, with the device's own, and what is free.
func (d *Device) Memory() (held, free uint64) {
	if d.closed {
		return 0, 0
	}
	_ = d.worker.Do(func() error { // a lost device is reported by what it was to do
		n, _, err := cu.MemInfo()
		free = uint64(n)
		return err
	})
	return uint64(d.Usage().Bytes), free
}
