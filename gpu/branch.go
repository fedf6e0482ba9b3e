//go:build cuda

package gpu

import (
	"errors"

	"gorgonia.org/cu"
)

// branch is a stream beside the first, and how it forks from it and joins it again
// within a capture.
type branch struct {
	stream     cu.Stream
	from, done cu.Event
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

// run enqueues work on the branch, after all that is on the first stream so far.
func (b *branch) run(first cu.Stream, work func(cu.Stream) error) error {
	if err := b.from.Record(first); err != nil {
		return err
	}
	if err := b.stream.Wait(b.from, 0); err != nil {
		return err
	}
	if err := work(b.stream); err != nil {
		return err
	}
	return b.done.Record(b.stream)
}

// join has the first stream wait for what is on the branch.
func (b *branch) join(first cu.Stream) error { return first.Wait(b.done, 0) }
