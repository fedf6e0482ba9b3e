//go:build cuda

package gpu

import (
	"errors"
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
	"github.com/aegpu/aegpu/gpu/internal/worker"
	"gorgonia.org/cu"
)

// Device is a GPU with its context, its stream and its memory. Fields below
// worker belong to the worker's thread.
type Device struct {
	info      backend.Info
	options   Options
	err       error // the first
	closed    bool
	recording bool
	worker    *worker.Worker

	gpu       cu.Device
	ctx       cu.CUContext
	started   bool // ctx is held
	sms       int
	stream    cu.Stream
	modules   []cu.Module
	functions map[string]cu.Function
	args      arguments
	blocks    map[*block]bool // what is allocated
	lt        cublaslt.Handle
	ltOpen    bool
	plans     map[planKey]*cublaslt.Plan // nil where cuBLASLt has no algorithm
	asked     []*asked                   // what plans were asked for, in order
	tuning    *tuning                    // nil where the first algorithm is taken
	workspace *block
	scratch   scratch
	stage     stage
	landings  []*landing // for readings to come
	landed    []*landing // all there are
	spans     []*spanTable
	derived   []*derived
	epoch     int // of what is derived
	shadows   []*shadow
	recorded  *effects   // of the recording under way
	next      access     // of the operation that is run next
	sources   []*derived // that the operation under way reads, the tensors being thin
	programs  map[*program]bool
	program   *program // that is recorded
	stagings  []*staging
	fetching  branch // batches of data on the host (staging.go)
	aside     aside
}

var _ backend.Device = (*Device)(nil)

// Info says what the device is.
func (d *Device) Info() backend.Info { return d.info }

// Usage is what a device has taken.
type Usage struct {
	Blocks int // allocations
	Bytes  int // in them
	Host   int // bytes of data sets that stay in the host's memory
}

// Usage counts what is allocated, with the device's own.
func (d *Device) Usage() (u Usage) {
	if !d.closed {
		_ = d.worker.Do(func() error { // counting does not fail
			for b := range d.blocks {
				u.Blocks++
				if b.host != nil {
					u.Host += b.bytes
				} else {
					u.Bytes += b.bytes
				}
			}
			return nil
		})
	}
	return u
}

// run enqueues an operation with the access that ready was told, unless there was
// an error; in a recording it is kept for later (recorded.go).
func (d *Device) run(op string, enqueue func() error) {
	a := d.next
	d.next = access{}
	if d.recorded == nil {
		d.do(op, a, enqueue)
	} else if d.err == nil {
		d.recorded.operations = append(d.recorded.operations, operation{access: a, name: op, enqueue: enqueue})
	}
}

// fail keeps the first error.
func (d *Device) fail(op string, err error) {
	if d.err == nil {
		d.err = fmt.Errorf("%s: %s: %w", d.info.Name, op, err)
	}
}

// wait has the worker do something that waits for the stream, which a recording
// cannot do.
func (d *Device) wait(op string, fn func() error) {
	if d.recording {
		d.fail(op, errors.New("it cannot be recorded"))
	}
	d.run(op, fn)
}

// Sync waits for all that is enqueued and returns the first error.
func (d *Device) Sync() error {
	d.wait("Sync", func() error { return d.stream.Synchronize() })
	return d.err
}

// Close waits, frees everything and returns the first error.
func (d *Device) Close() error {
	if d.closed {
		return nil
	}
	err := d.Sync()
	d.closed = true
	return errors.Join(err, d.worker.Close(d.stop))
}

// stop gives everything back. After an asynchronous error of the context the
// calls fail, and only the first error is of interest.
func (d *Device) stop() error {
	var errs []error
	try := func(err error) {
		if d.err == nil && err != nil {
			errs = append(errs, err)
		}
	}
	for p := range d.programs {
		try(p.release())
	}
	for _, plan := range d.plans {
		if plan != nil {
			plan.Free()
		}
	}
	if d.ltOpen {
		try(d.lt.Close())
	}
	try(d.stage.free())
	for _, l := range d.landed {
		try(l.free())
	}
	for b := range d.blocks {
		try(b.release())
	}
	clear(d.blocks)
	for _, m := range d.modules {
		try(m.Unload())
	}
	try(d.fetching.free())
	try(d.aside.free())
	if d.stream != (cu.Stream{}) {
		try(d.stream.Destroy())
	}
	if d.started {
		try(d.gpu.ReleasePrimaryCtx())
	}
	return errors.Join(errs...)
}
