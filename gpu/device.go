//go:build cuda

package gpu

import (
	"errors"
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
	"github.com/aegpu/aegpu/gpu/internal/worker"
	"github.com/aegpu/aegpu/gpu/plan"
	"gorgonia.org/cu"
)

// Device is a GPU with its context, its stream and its memory. Fields below
// worker belong to the worker's thread.
type Device struct {
	info    backend.Info
	options Options
	err     error // the first
	closed  bool
	worker  *worker.Worker

	gpu          cu.Device
	ctx          cu.CUContext
	started      bool // ctx is held
	sms          int
	stream       cu.Stream
	modules      []cu.Module
	functions    map[string]cu.Function
	blocks       map[*block]bool // what is allocated
	scratch      scratch
	pinned       pinned
	idleReadings []*readingBuffer // for readings to come
	allReadings  []*readingBuffer // all there are

	lt        cublaslt.Handle
	ltOpen    bool
	plans     map[planKey]*cublaslt.Plan // nil where cuBLASLt has no algorithm
	asked     []*asked                   // what plans were asked for, in order
	machine   string                     // what choices hold for
	tuning    *tuning                    // nil where the first algorithm is taken
	held      *tuning                    // what comes before it
	workspace *block

	capturing    bool                      // what is enqueued becomes a graph
	branches     [plan.Reducing + 1]branch // streams beside the first
	beside       *block                    // the workspace of what runs aside
	programs     map[*program]bool
	kept         map[keptKey]*block // buffers of operations enqueued one by one
	copies       []*weightCopy
	halfOnly     []halfOnly // what programs have left in bfloat16 alone
	batchBuffers []*batchBuffer
	feeding      cu.Stream // of all feeds
	feeds        map[*feed]bool

	ranks *ranks // nil where the device is alone
}

var _ backend.Device = (*Device)(nil)

// Info says what the device is.
func (d *Device) Info() backend.Info { return d.info }

// Usage is what a device has taken.
type Usage struct {
	Blocks int // allocations
	Bytes  int // in them
	Host   int // page-locked bytes of the host's memory, of data sets that stay there and of feeds
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

// fail keeps the first error.
func (d *Device) fail(op string, err error) {
	if d.err == nil {
		d.err = fmt.Errorf("%s: %s: %w", d.info.Name, op, err)
	}
}

// do has the worker do something, unless there was an error. Where the ranks have failed meanwhile that is the error: what
// was waited for was not computed.
func (d *Device) do(op string, fn func() error) {
	if d.err != nil {
		return
	}
	err := d.ranks.failed()
	if err == nil {
		if err = d.worker.Do(fn); err != nil {
			d.ranks.look()
		}
		if why := d.ranks.failed(); why != nil {
			err = why
		}
	}
	if err != nil {
		d.fail(op, err)
	}
}

// Sync waits for all that is enqueued and returns the first error.
func (d *Device) Sync() error {
	d.do("Sync", func() error { return d.stream.Synchronize() })
	return d.err
}

// Close waits, frees everything and returns the first error. Where the other ranks may be gone [Device.Abort] comes first.
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
	try(d.ranks.close())
	for _, plan := range d.plans {
		if plan != nil {
			plan.Free()
		}
	}
	if d.ltOpen {
		try(d.lt.Close())
	}
	for f := range d.feeds {
		try(f.release())
	}
	if d.feeding != (cu.Stream{}) {
		try(d.feeding.Destroy())
	}
	try(d.pinned.free())
	for _, l := range d.allReadings {
		try(l.free())
	}
	for b := range d.blocks {
		try(b.release())
	}
	clear(d.blocks)
	for _, m := range d.modules {
		try(m.Unload())
	}
	for i := range d.branches {
		try(d.branches[i].free())
	}
	if d.stream != (cu.Stream{}) {
		try(d.stream.Destroy())
	}
	if d.started {
		try(d.gpu.ReleasePrimaryCtx())
	}
	return errors.Join(errs...)
}
