//go:build cuda

package gpu

import (
	"errors"

	"github.com/aegpu/aegpu/backend"
	"gorgonia.org/cu"
)

var _ backend.Timer = (*Device)(nil)

// Time is the seconds between two events on the stream, one before and one after
// what enqueue enqueues.
func (d *Device) Time(enqueue func()) (seconds float64, err error) {
	var start, end cu.Event
	d.do("Time", func() (err error) {
		if start, err = cu.MakeEvent(cu.DefaultEvent); err != nil {
			return err
		}
		if end, err = cu.MakeEvent(cu.DefaultEvent); err != nil {
			return err
		}
		return start.Record(d.stream)
	})
	enqueue()
	d.do("Time", func() error {
		if err := errors.Join(end.Record(d.stream), end.Synchronize()); err != nil {
			return err
		}
		ms, err := start.Elapsed(end)
		seconds = ms / 1e3
		return err
	})
	for _, e := range []*cu.Event{&start, &end} { // also after an error
		if *e == (cu.Event{}) {
			continue
		}
		if err := d.worker.Do(func() error { return cu.DestroyEvent(e) }); err != nil {
			d.fail("Time", err)
		}
	}
	return seconds, d.err
}
