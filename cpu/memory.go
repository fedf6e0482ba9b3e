package cpu

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/cpu/simd"
)

// memory is a block of the device: of the kinds of elements only one is there.
type memory struct {
	dev    *Device // nil once freed
	floats []float32
	sums   []float64
	bytes  []byte
	clock  *clock
}

// Free drops the block, and the views of it that the last operations kept.
func (m *memory) Free() {
	if m.dev == nil {
		return
	}
	delete(m.dev.live, m)
	m.dev.ops = operations{}
	*m = memory{}
}

// own makes m the device's.
func (d *Device) own(m *memory) *memory {
	m.dev = d
	d.live[m] = struct{}{}
	return m
}

// Alloc is a zeroed tensor.
func (d *Device) Alloc(rows, cols int) (backend.Tensor, error) {
	n, err := d.room("Alloc", rows, cols, 4)
	if err != nil {
		return backend.Tensor{}, err
	}
	return backend.Tensor{Mem: d.own(&memory{floats: simd.Floats(n)}), Rows: rows, Cols: cols}, nil
}

// line is the bytes of a cache line.
const line = 64

// AllocSums is n zeroed accumulators.
func (d *Device) AllocSums(n int) (backend.Sums, error) {
	if _, err := d.room("AllocSums", 1, n, 8); err != nil {
		return backend.Sums{}, err
	}
	return backend.Sums{Mem: d.own(&memory{sums: make([]float64, n)}), N: n}, nil
}

// AllocBytes is a data set of bytes, a copy of v.
func (d *Device) AllocBytes(rows, cols int, v []byte) (backend.Data, error) {
	if err := backend.CheckAllocBytes(rows, cols, v); err != nil {
		return backend.Data{}, err
	}
	if _, err := d.room("AllocBytes", rows, cols, 1); err != nil {
		return backend.Data{}, err
	}
	m := d.own(&memory{bytes: simd.Bytes(v)})
	return backend.Data{Mem: m, Rows: rows, Cols: cols, Bytes: true}, nil
}

// AllocClock is a clock whose tables hold up to steps rows.
func (d *Device) AllocClock(steps int) (backend.Clock, error) {
	if _, err := d.room("AllocClock", 1, steps, 32); err != nil {
		return backend.Clock{}, err
	}
	return backend.Clock{Mem: d.own(&memory{clock: &clock{table: make([]backend.Hyper, 0, steps)}})}, nil
}

// room is the number of elements, or an error where they do not fit: a slice
// that the machine cannot hold would crash the program.
func (d *Device) room(op string, rows, cols, size int) (int, error) {
	if d.closed {
		return 0, errClosed
	}
	if rows < 0 || cols < 0 {
		return 0, fmt.Errorf("cpu: %s: %dx%d", op, rows, cols)
	}
	if err := hostmemory.Ask(fmt.Sprintf("%s of %dx%d", op, rows, cols), rows, cols, size); err != nil {
		return 0, fmt.Errorf("cpu: %w", err)
	}
	return rows * cols, nil
}

// block is an operand's memory, nil (and the device's error) where it is not the
// device's.
func (d *Device) block(mem backend.Memory) *memory {
	m, ok := mem.(*memory)
	switch {
	case mem == nil:
		d.fail("an operand is none")
	case !ok:
		d.fail("an operand is in the memory of another kind of device (%T)", mem)
	case m.dev == nil:
		d.fail("an operand's memory was freed")
	case m.dev != d:
		d.fail("an operand is in the memory of another device")
	default:
		return m
	}
	return nil
}

// view is elements off to off+n of v.
func view[E any](d *Device, v []E, off, n int) []E {
	if off < 0 || n < 0 || off > len(v)-n {
		d.fail("an operand is elements %d to %d of memory that holds %d", off, off+n, len(v))
		return nil
	}
	return v[off : off+n : off+n]
}

// floats is the elements of t, nil where t is none.
func (d *Device) floats(t backend.Tensor) []float32 {
	if t.None() {
		return nil
	}
	if m := d.block(t.Mem); m != nil {
		return view(d, m.floats, t.Off, t.Len())
	}
	return nil
}

// sums is the accumulators of s.
func (d *Device) sums(s backend.Sums) []float64 {
	if m := d.block(s.Mem); m != nil {
		return view(d, m.sums, s.Off, s.N)
	}
	return nil
}

// Upload copies host values to dst.
func (d *Device) Upload(dst backend.Tensor, src []float32) {
	if d.begin("Upload", backend.CheckUpload(dst, src)) {
		copy(d.floats(dst), src)
	}
}

// Download copies src to the host.
func (d *Device) Download(dst []float32, src backend.Tensor) {
	if d.begin("Download", backend.CheckDownload(dst, src)) {
		copy(dst, d.floats(src))
	}
}

// ReadSums copies accumulators to the host.
func (d *Device) ReadSums(dst []float64, src backend.Sums) {
	if d.begin("ReadSums", backend.CheckReadSums(dst, src)) {
		copy(dst, d.sums(src))
	}
}

// FetchSums copies accumulators to the host at once.
func (d *Device) FetchSums(src backend.Sums) backend.Reading {
	v := make([]float64, src.N)
	if d.begin("FetchSums", nil) {
		copy(v, d.sums(src))
	}
	return backend.Read{Values: v, Err: d.err}
}

// WriteSums sets accumulators from the host.
func (d *Device) WriteSums(dst backend.Sums, src []float64) {
	if d.begin("WriteSums", backend.CheckWriteSums(dst, src)) {
		copy(d.sums(dst), src)
	}
}

// ZeroSums clears accumulators.
func (d *Device) zeroSums(o backend.ZeroSums) {
	if !d.begin("ZeroSums", nil) {
		return
	}
	if v := d.sums(o.Sums); d.ready() {
		clear(v)
	}
}
