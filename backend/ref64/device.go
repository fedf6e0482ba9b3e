package ref64

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// Device computes at once, in float64, on one goroutine.
type Device struct {
	err error             // the first error; operations do nothing after it
	sum func(v []float64) // adds up over the ranks; nil where the device is the only one
}

var _ backend.Device = (*Device)(nil)

// New is a device with no memory in use.
func New() *Device { return &Device{} }

// NewRank is a device that is one of several ranks, which sum adds up over.
func NewRank(sum func(v []float64)) *Device { return &Device{sum: sum} }

// floats is the memory of tensors and sums, bytes that of a data set of bytes.
type (
	floats struct{ v []float64 }
	bytes  struct{ v []byte }
)

func (m *floats) Free() { m.v = nil }
func (m *bytes) Free()  { m.v = nil }

// Info says what the device is.
func (d *Device) Info() backend.Info {
	return backend.Info{Kind: "ref64", Name: "ref64", Detail: "float64 reference"}
}

// most is the number of elements that a tensor may have: more than a reference is
// ever asked for, and few enough for any machine.
const most = 1 << 28

// Alloc is a zeroed tensor.
func (d *Device) Alloc(rows, cols int) (backend.Tensor, error) {
	if rows < 0 || cols < 0 {
		return backend.Tensor{}, fmt.Errorf("ref64: Alloc: %dx%d", rows, cols)
	}
	if cols > 0 && rows > most/cols {
		return backend.Tensor{}, fmt.Errorf("ref64: Alloc: %dx%d: %w", rows, cols, backend.ErrOutOfMemory)
	}
	return backend.Tensor{Mem: &floats{make([]float64, rows*cols)}, Rows: rows, Cols: cols}, nil
}

// AllocSums is n zeroed accumulators.
func (d *Device) AllocSums(n int) (backend.Sums, error) {
	if n < 0 {
		return backend.Sums{}, fmt.Errorf("ref64: AllocSums: %d", n)
	}
	return backend.Sums{Mem: &floats{make([]float64, n)}, N: n}, nil
}

// AllocBytes is a data set of bytes.
func (d *Device) AllocBytes(rows, cols int, v []byte) (backend.Data, error) {
	if err := backend.CheckAllocBytes(rows, cols, v); err != nil {
		return backend.Data{}, err
	}
	m := &bytes{append([]byte(nil), v...)}
	return backend.Data{Mem: m, Rows: rows, Cols: cols, Bytes: true}, nil
}

// vec is the elements of t, row after row; nil where t is none.
func vec(t backend.Tensor) []float64 {
	if t.None() {
		return nil
	}
	return t.Mem.(*floats).v[t.Off : t.Off+t.Len()]
}

func sums(s backend.Sums) []float64 { return s.Mem.(*floats).v[s.Off : s.Off+s.N] }

// Set writes host values to dst in full precision.
func (d *Device) Set(dst backend.Tensor, v []float64) { copy(vec(dst), v) }

// Get is a copy of src in full precision.
func (d *Device) Get(src backend.Tensor) []float64 { return append([]float64(nil), vec(src)...) }

// Upload copies host values to dst.
func (d *Device) Upload(dst backend.Tensor, src []float32) {
	if d.stop(backend.CheckUpload(dst, src)) {
		return
	}
	for i, x := range src {
		vec(dst)[i] = float64(x)
	}
}

// Download copies src to the host.
func (d *Device) Download(dst []float32, src backend.Tensor) {
	if d.stop(backend.CheckDownload(dst, src)) {
		return
	}
	for i, x := range vec(src) {
		dst[i] = float32(x)
	}
}

// ReadSums copies accumulators to the host.
func (d *Device) ReadSums(dst []float64, src backend.Sums) {
	if d.stop(backend.CheckReadSums(dst, src)) {
		return
	}
	copy(dst, sums(src))
}

// FetchSums copies accumulators to the host at once.
func (d *Device) FetchSums(src backend.Sums) backend.Reading {
	if d.stop(nil) {
		return backend.Read{Err: d.err}
	}
	return backend.Read{Values: append([]float64{}, sums(src)...)}
}

// WriteSums sets accumulators from the host.
func (d *Device) WriteSums(dst backend.Sums, src []float64) {
	if d.stop(backend.CheckWriteSums(dst, src)) {
		return
	}
	copy(sums(dst), src)
}

// zeroSums clears accumulators.
func (d *Device) zeroSums(o backend.ZeroSums) {
	if d.stop(nil) {
		return
	}
	clear(sums(o.Sums))
}

// stop keeps the first error and reports whether there is one.
func (d *Device) stop(err error) bool {
	if d.err == nil {
		d.err = err
	}
	return d.err != nil
}

// Program is a compiled step: the list itself, which goes to the queue anew at every
// launch.
type Program struct {
	Queue backend.Queue
	Step  backend.List
}

// Launch enqueues the step, times over.
func (p Program) Launch(times int) {
	for range times {
		for _, op := range p.Step {
			p.Queue.Enqueue(op)
		}
	}
}

// Free has nothing to give back.
func (Program) Free() {}

// Compile keeps the list.
func (d *Device) Compile(step backend.List) (backend.Program, error) {
	if d.stop(step.Check()) {
		return nil, d.err
	}
	return Program{d, step}, nil
}

// Sync returns the first error.
func (d *Device) Sync() error { return d.err }

// Close returns the first error.
func (d *Device) Close() error { return d.err }

// unknown is the error of an operation that the device does not have.
func (d *Device) unknown(op backend.Operation) {
	d.stop(fmt.Errorf("ref64: %s: there is no such operation here", backend.Name(op)))
}
