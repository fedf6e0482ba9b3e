//go:build cuda

package gpu

import (
	"errors"

	"gorgonia.org/cu"
)

// branch is a second stream, and how it forks from the device's and joins it again
// within a recording.
type branch struct {
	stream     cu.Stream
	from, done cu.Event
	away       bool // forked and not joined
}

func (b *branch) open() (err error) {
	if b.stream != (cu.Stream{}) {
		return nil
	}
	if b.stream, err = cu.MakeStream(cu.NonBlocking); err != nil {
		return err
	}
	if b.from, err = cu.MakeEvent(cu.DisableTiming); err != nil {
		return err
	}
	b.done, err = cu.MakeEvent(cu.DisableTiming)
	return err
}

func (b *branch) free() error {
	var errs []error
	for _, e := range []*cu.Event{&b.from, &b.done} {
		if *e != (cu.Event{}) {
			errs = append(errs, cu.DestroyEvent(e))
		}
	}
	if b.stream != (cu.Stream{}) {
		errs = append(errs, b.stream.Destroy())
	}
	return errors.Join(errs...)
}

// fork enqueues work on the branch, after all that is on the device's stream so far.
func (d *Device) fork(b *branch, work func(cu.Stream) error) error {
	b.away = true
	return errors.Join(
		d.enqueue(func() error { return errors.Join(b.from.Record(d.stream), b.stream.Wait(b.from, 0)) }),
		work(b.stream),
		d.enqueue(func() error { return b.done.Record(b.stream) }))
}

// join has the device's stream wait for what is on the branch.
func (d *Device) join(b *branch) error {
	if !b.away {
		return nil
	}
	b.away = false
	return d.enqueue(func() error { return d.stream.Wait(b.done, 0) })
}
