package backend

import "errors"

// ErrOutOfMemory is wrapped by the error of an allocation that does not fit.
var ErrOutOfMemory = errors.New("out of device memory")

// Info says what a device is.
type Info struct {
	Kind   string // "cpu" or "cuda"
	Name   string // "cpu", "cuda:0"
	Detail string // for people: model, cores or memory, instruction set or driver
	Total  uint64 // bytes of memory, 0 if unknown
	Free   uint64 // bytes free when the device was opened, 0 if unknown
}

// Program is a compiled step.
type Program interface {
	// Launch enqueues the step, times over.
	Launch(times int)
	// Free gives back what the program holds. It may be called twice.
	Free()
}

// Device computes. Its methods are called from one goroutine at a time.
type Device interface {
	Info() Info

	// Alloc is a zeroed tensor in memory of its own. The error wraps
	// ErrOutOfMemory, with bytes needed and free, where that is the cause.
	Alloc(rows, cols int) (Tensor, error)
	// AllocSums is n zeroed accumulators in memory of their own.
	AllocSums(n int) (Sums, error)
	// AllocBytes is a resident data set of bytes, copied from v (rows*cols).
	AllocBytes(rows, cols int, v []byte) (Data, error)
	// AllocClock is a clock that can hold tables of up to steps rows.
	AllocClock(steps int) (Clock, error)

	// Upload copies host values to dst; Download waits and copies to the host.
	Upload(dst Tensor, src []float32)
	Download(dst []float32, src Tensor)
	// ReadSums waits and copies accumulators to the host.
	ReadSums(dst []float64, src Sums)
	// FetchSums enqueues a copy of accumulators to the host: as they are when all that
	// was enqueued before it is done. What is enqueued after it does not wait for it.
	FetchSums(src Sums) Reading
	// WriteSums sets accumulators from the host.
	WriteSums(dst Sums, src []float64)

	// SetClock sets the time and the table of the steps ahead (its first row is
	// for the next step). An empty table leaves every Hyper zero.
	SetClock(c Clock, t Time, table []Hyper)
	// Enqueue has an operation computed after all that was enqueued before it.
	Enqueue(op Operation)
	// Compile makes a program of a step, which is a list of operations; it computes
	// nothing. A device that sees the whole step may do two of its operations as one,
	// and may keep in the precision of products what no other operation of the step
	// reads: every launch then gives the same bits, but not always those of the
	// operations enqueued one by one.
	Compile(step List) (Program, error)
	// Sync waits for all that is enqueued and returns the device's first error.
	Sync() error
	// Close waits, frees everything and returns the device's first error.
	Close() error
}

// HostData is what a device can do besides that gathers from the host's memory: a
// data set that its own has no room for stays there. AllocBytes does so too.
type HostData interface {
	// OnHost reports whether a data set of that many bytes would stay on the host.
	OnHost(bytes int) bool
	// BatchBytes is the device memory that a step's gathers of up to so many rows at a
	// time, of so many bytes each, take for data on the host.
	BatchBytes(rows, bytes int) int
	// AllocFloats is a data set copied from v (rows*cols).
	AllocFloats(rows, cols int, v []float32) (Data, error)
}
