//go:build cuda

package gpu

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/libcuda"
	"gorgonia.org/cu"
)

// pinned is page-locked memory in two halves that host data passes through: one
// is filled while the other is copied.
type pinned struct {
	half [2][]byte
	idle [2]cu.Event // the copy out of the half is done
	next int
}

const pinnedSize = 4 << 20 // of a half

func (d *Device) makePinned() (err error) {
	for i := range d.pinned.half {
		if d.pinned.half[i], err = libcuda.AllocHost(pinnedSize); err != nil {
			return err
		}
		if d.pinned.idle[i], err = cu.MakeEvent(cu.DisableTiming); err != nil {
			return err
		}
	}
	return nil
}

func (s *pinned) free() error {
	var errs []error
	for i := range s.half {
		if s.half[i] != nil {
			errs = append(errs, libcuda.FreeHost(s.half[i]), cu.DestroyEvent(&s.idle[i]))
		}
	}
	return errors.Join(errs...)
}

// send enqueues a copy of v to the device. v may be changed at once.
func (d *Device) send(to cu.DevicePtr, v []byte) error {
	s := &d.pinned
	for len(v) > 0 {
		i := s.next
		s.next = 1 - i
		if err := s.idle[i].Synchronize(); err != nil {
			return err
		}
		n := copy(s.half[i], v)
		if err := cu.MemcpyHtoDAsync(to, unsafe.Pointer(&s.half[i][0]), int64(n), d.stream); err != nil {
			return err
		}
		if err := s.idle[i].Record(d.stream); err != nil {
			return err
		}
		v, to = v[n:], to+cu.DevicePtr(n)
	}
	return nil
}

// fetch waits for the stream and copies device memory to v.
func (d *Device) fetch(v []byte, from cu.DevicePtr) error {
	for len(v) > 0 {
		half := d.pinned.half[0]
		n := min(len(v), len(half))
		if err := cu.MemcpyDtoHAsync(unsafe.Pointer(&half[0]), from, int64(n), d.stream); err != nil {
			return err
		}
		if err := d.stream.Synchronize(); err != nil {
			return err
		}
		copy(v, half[:n])
		v, from = v[n:], from+cu.DevicePtr(n)
	}
	return nil
}

// sized checks that host and device memory are equally long, and this device's.
func (d *Device) sized(op string, e extent, device, host int) bool {
	if device != host {
		d.fail(op, fmt.Errorf("%d elements on the device, %d on the host", device, host))
	} else if !d.owns(e) {
		d.fail(op, fmt.Errorf("%d elements outside their memory, which may be freed, or that of another device", device))
	}
	return d.err == nil
}

// Upload copies host values to dst.
func (d *Device) Upload(dst backend.Tensor, src []float32) {
	if e := tensorExtent(dst); d.sized("Upload", e, dst.Len(), len(src)) {
		d.do("Upload", func() error {
			return errors.Join(d.readyFor(backend.Access{Writes: []backend.Tensor{dst}}), d.send(address(e), asBytes(src)))
		})
	}
}

// Download waits and copies src to the host.
func (d *Device) Download(dst []float32, src backend.Tensor) {
	if e := tensorExtent(src); d.sized("Download", e, src.Len(), len(dst)) {
		d.do("Download", func() error {
			return errors.Join(d.readyFor(backend.Access{Reads: []backend.Tensor{src}}), d.fetch(asBytes(dst), address(e)))
		})
	}
}

// ReadSums waits and copies accumulators to the host.
func (d *Device) ReadSums(dst []float64, src backend.Sums) {
	if e := sumsExtent(src); d.sized("ReadSums", e, src.N, len(dst)) {
		d.do("ReadSums", func() error { return d.fetch(asBytes(dst), address(e)) })
	}
}

// WriteSums sets accumulators from the host.
func (d *Device) WriteSums(dst backend.Sums, src []float64) {
	if e := sumsExtent(dst); d.sized("WriteSums", e, dst.N, len(src)) {
		d.do("WriteSums", func() error { return d.send(address(e), asBytes(src)) })
	}
}
