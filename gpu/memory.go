//go:build cuda

package gpu

import (
	"errors"
	"fmt"
	"math"
	"unsafe"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/libcuda"
	"gorgonia.org/cu"
)

// block is one allocation.
type block struct {
	d      *Device
	at     cu.DevicePtr
	bytes  int
	host   []byte // where it is in the host's memory (data.go)
	freed  bool   // by its owner
	moment        // where it is a clock
}

// Free gives the block back; the second time, and after the device is closed, it
// does nothing.
func (b *block) Free() {
	if b.d.closed {
		return
	}
	b.freed = true
	_ = b.d.worker.Do(func() error { // a failure here was reported where it began
		if !b.d.blocks[b] {
			return nil
		}
		delete(b.d.blocks, b)
		return errors.Join(b.d.dropOf(b), b.release())
	})
}

// release gives the memory back.
func (b *block) release() error {
	if b.host != nil {
		return errors.Join(b.d.stream.Synchronize(), libcuda.FreeHost(b.host)) // kernels may still read it
	}
	return cu.MemFree(b.at)
}

// drop frees a block of the device's own, on the worker's thread.
func (d *Device) drop(b *block) error {
	delete(d.blocks, b)
	return b.release()
}

// allocate is a block on the worker's thread. Its contents are whatever was there.
func (d *Device) allocate(bytes int) (*block, error) {
	at, err := cu.MemAlloc(int64(max(bytes, 1)))
	if errors.Is(err, cu.OutOfMemory) {
		free, total, _ := cu.MemInfo()
		return nil, fmt.Errorf("%w: %s: %d MiB needed, %d of %d MiB free",
			backend.ErrOutOfMemory, d.info.Name, (bytes+1<<20-1)>>20, free>>20, total>>20)
	}
	if err != nil {
		return nil, err
	}
	b := &block{d: d, at: at, bytes: bytes}
	d.blocks[b] = true
	return b, nil
}

// zeroed is a block of zeros, for callers of the device.
func (d *Device) zeroed(what string, bytes int) (b *block, err error) {
	if d.err != nil {
		return nil, d.err
	}
	err = d.worker.Do(func() error {
		if b, err = d.allocate(bytes); err != nil {
			return err
		}
		return d.clear(b.at, bytes)
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return b, nil
}

// clear enqueues zeros.
func (d *Device) clear(at cu.DevicePtr, bytes int) error {
	if bytes == 0 {
		return nil
	}
	return cu.MemsetD8Async(at, 0, int64(bytes), d.stream)
}

// Alloc is a zeroed tensor.
func (d *Device) Alloc(rows, cols int) (backend.Tensor, error) {
	if rows < 0 || cols < 0 || (cols > 0 && rows > 1<<60/cols) {
		return backend.Tensor{}, fmt.Errorf("Alloc: %dx%d", rows, cols)
	}
	b, err := d.zeroed("Alloc", 4*rows*cols)
	if err != nil {
		return backend.Tensor{}, err
	}
	return backend.Tensor{Mem: b, Rows: rows, Cols: cols}, nil
}

// AllocSums is n zeroed accumulators.
func (d *Device) AllocSums(n int) (backend.Sums, error) {
	if n < 0 || n > math.MaxInt/8 {
		return backend.Sums{}, fmt.Errorf("AllocSums: %d", n)
	}
	b, err := d.zeroed("AllocSums", 8*n)
	if err != nil {
		return backend.Sums{}, err
	}
	return backend.Sums{Mem: b, N: n}, nil
}

// extent is where an operand begins and how far it reaches, in bytes.
type extent struct {
	mem        backend.Memory
	begin, end int
}

func (d *Device) owns(e extent) bool {
	b, ok := e.mem.(*block)
	return ok && b.d == d && !b.freed && e.begin >= 0 && e.begin <= e.end && e.end <= b.bytes
}

func tensorExtent(t backend.Tensor) extent { return extent{t.Mem, 4 * t.Off, 4 * (t.Off + t.Len())} }
func sumsExtent(s backend.Sums) extent     { return extent{s.Mem, 8 * s.Off, 8 * (s.Off + s.N)} }
func dataExtent(v backend.Data) extent {
	size := 4
	if v.Bytes {
		size = 1
	}
	return extent{v.Mem, size * v.Off, size * (v.Off + v.Rows*v.Cols)}
}

func address(e extent) cu.DevicePtr { return e.mem.(*block).at + cu.DevicePtr(e.begin) }

func asPointer(v []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(v)) }

// asFloats is the memory of v, which is page-locked and so aligned.
func asFloats(v []byte) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(v))), len(v)/4)
}

// asBytes is the memory of v.
func asBytes[T any](v []T) []byte {
	if len(v) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&v[0])), len(v)*int(unsafe.Sizeof(v[0])))
}
