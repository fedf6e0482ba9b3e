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

// run enqueues work on the branch, after all that is on the first stream so far, and on other branches.
func (b *branch) run(first cu.Stream, after []*branch, work func(cu.Stream) error) error {
	if err := b.from.Record(first); err != nil {
		return err
	}
	if err := b.stream.Wait(b.from, 0); err != nil {
		return err
	}
	for _, a := range after {
		if err := a.join(b.stream); err != nil {
			return err
		}
	}
	if err := work(b.stream); err != nil {
		return err
	}
	return b.done.Record(b.stream)
}

// join has another stream wait for what is on the branch.
func (b *branch) join(s cu.Stream) error { return s.Wait(b.done, 0) }
