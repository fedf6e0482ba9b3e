package backend

import "fmt"

// Memory is a block of one device's memory. Only its device looks inside.
type Memory interface {
	// Free returns the block to the device. It may be called twice.
	Free()
}

// Tensor is a dense row-major Rows x Cols matrix of float32 in device memory,
// Off elements into Mem. The zero Tensor stands for "none".
type Tensor struct {
	Mem        Memory
	Off        int
	Rows, Cols int
}

// Len is the number of elements.
func (t Tensor) Len() int { return t.Rows * t.Cols }

// None reports whether t stands for an absent operand.
func (t Tensor) None() bool { return t.Mem == nil }

// Top is the view of the first n rows.
func (t Tensor) Top(n int) Tensor {
	if t.None() {
		return t
	}
	t.Rows = n
	return t
}

// Slice is the view of n elements from element off on, as rows x cols.
func (t Tensor) Slice(off, rows, cols int) Tensor {
	return Tensor{Mem: t.Mem, Off: t.Off + off, Rows: rows, Cols: cols}
}

// Reshape is the same elements as rows x cols.
func (t Tensor) Reshape(rows, cols int) Tensor { return t.Slice(0, rows, cols) }

// String is the shape, as 3x4, or none.
func (t Tensor) String() string {
	if t.None() {
		return "none"
	}
	return fmt.Sprintf("%dx%d", t.Rows, t.Cols)
}

// Sums is a vector of N float64 accumulators in device memory: losses and
// penalties add up there and are read when they are logged.
type Sums struct {
	Mem Memory
	Off int
	N   int
}

// Data is a resident data set, Rows x Cols, as it is stored: bytes stand for
// v/255, otherwise elements are float32.
type Data struct {
	Mem        Memory
	Off        int
	Rows, Cols int
	Bytes      bool
}

// Data is the tensor seen as a data set to gather batches from.
func (t Tensor) Data() Data { return Data{Mem: t.Mem, Off: t.Off, Rows: t.Rows, Cols: t.Cols} }

// Head is the view of the first n rows.
func (d Data) Head(n int) Data { d.Rows = n; return d }

// Slice is the view of n rows from row on.
func (d Data) Slice(row, n int) Data {
	d.Off += row * d.Cols
	d.Rows = n
	return d
}

// Alloc reserves a zeroed tensor while memory is being planned.
type Alloc func(rows, cols int) Tensor

// planAlign keeps every tensor on a 256-byte boundary, which covers vector loads
// on CPUs and the alignment rules of cuBLASLt.
const planAlign = 64

// Measure is the number of float32 elements that build asks for.
func Measure(build func(Alloc)) int {
	total := 0
	build(func(rows, cols int) Tensor {
		total += (rows*cols + planAlign - 1) / planAlign * planAlign
		return Tensor{Rows: rows, Cols: cols}
	})
	return total
}

// Plan runs build twice: once to add up what it asks for, once to hand out
// views of one block of that size. build must ask for the same both times.
func Plan(dev Device, build func(Alloc)) (Memory, error) {
	block, err := dev.Alloc(1, max(1, Measure(build)))
	if err != nil {
		return nil, err
	}
	at := 0
	build(func(rows, cols int) Tensor {
		t := block.Slice(at, rows, cols)
		at += (rows*cols + planAlign - 1) / planAlign * planAlign
		return t
	})
	return block.Mem, nil
}
