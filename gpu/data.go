//go:build cuda

package gpu

import (
	"fmt"
	"unsafe"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/libcuda"
	"gorgonia.org/cu"
)

// A data set is resident in the device's memory, where it leaves room for the
// training. A larger one stays in page-locked memory of the host, which kernels
// read through the bus at the same addresses (unified addressing). A compiled
// Gather finds its rows fetched ahead (prefetch.go); another reads them from there.

var _ backend.HostData = (*Device)(nil)

// OnHost reports whether a data set of that many bytes would take more than three
// quarters of the device's free memory, and so stays in the host's.
func (d *Device) OnHost(bytes int) (yes bool) {
	if d.closed {
		return false
	}
	_ = d.worker.Do(func() error { // where the driver does not say, the allocation will
		free, _, err := cu.MemInfo()
		yes = err == nil && int64(bytes) > free/4*3
		return err
	})
	return yes
}

// AllocBytes is a data set of bytes.
func (d *Device) AllocBytes(rows, cols int, v []byte) (backend.Data, error) {
	if err := backend.CheckAllocBytes(rows, cols, v); err != nil {
		return backend.Data{}, err
	}
	b, err := d.data("AllocBytes", v)
	return backend.Data{Mem: b, Rows: rows, Cols: cols, Bytes: true}, err
}

// AllocFloats is a data set of float32.
func (d *Device) AllocFloats(rows, cols int, v []float32) (backend.Data, error) {
	if err := backend.CheckAllocFloats(rows, cols, v); err != nil {
		return backend.Data{}, err
	}
	b, err := d.data("AllocFloats", asBytes(v))
	return backend.Data{Mem: b, Rows: rows, Cols: cols}, err
}

// data is a copy of v where there is room for it.
func (d *Device) data(op string, v []byte) (backend.Memory, error) {
	if d.OnHost(len(v)) {
		return d.hostData(op, v)
	}
	b, err := d.zeroed(op, len(v))
	if err != nil {
		return nil, err
	}
	d.do(op, func() error { return d.send(b.at, v) })
	return b, d.err
}

// hostData is a copy of v in the host's memory.
func (d *Device) hostData(op string, v []byte) (backend.Memory, error) {
	if d.err != nil {
		return nil, d.err
	}
	var b *block
	err := d.worker.Do(func() (err error) {
		b, err = d.allocateHost(len(v))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	copy(b.host, v)
	return b, nil
}

// allocateHost is a block in the host's memory, on the worker's thread.
func (d *Device) allocateHost(bytes int) (*block, error) {
	host, err := libcuda.AllocHost(max(bytes, 1))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %d MiB of page-locked memory of the host: %w", backend.ErrOutOfMemory, d.info.Name, bytes>>20, err)
	}
	b := &block{d: d, bytes: bytes, host: host, at: cu.DevicePtr(uintptr(unsafe.Pointer(unsafe.SliceData(host))))}
	d.blocks[b] = true
	return b, nil
}
