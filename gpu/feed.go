//go:build cuda

package gpu

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aegpu/aegpu/backend"
	"gorgonia.org/cu"
)

var _ backend.Feeder = (*Device)(nil)

// feed brings rows from page-locked memory to a place of their own, by copies on a stream of their own, and from there, at
// the speed of the device's memory, to the tensor that compiled steps read: these need to know of one place only.
type feed struct {
	d     *Device
	to    backend.Tensor
	half  [2]feedHalf // one is written to while the other is copied
	next  int
	stage *block
	taken cu.Event // what was in the stage is in the tensor
	rows  int      // that were sent last
}

// feedHalf is memory of the host.
type feedHalf struct {
	host *block
	sent cu.Event // it is in the stage
}

// feedPiece is how much is copied at a time. Copies of other streams, such as that of a clock, come in between: a whole
// window would keep them, and the steps after them, waiting.
const feedPiece = 8 << 20

// NewFeed is a way to a tensor.
func (d *Device) NewFeed(to backend.Tensor) (backend.Feed, error) {
	if !d.owns(tensorExtent(to)) {
		d.fail("NewFeed", errors.New("a tensor outside its memory, which may be freed, or that of another device"))
	}
	if d.err != nil {
		return nil, d.err
	}
	f := &feed{d: d, to: to}
	err := d.worker.Do(func() error {
		d.feeds[f] = true
		if err := f.make(); err != nil {
			return errors.Join(err, f.release())
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("NewFeed: %w", err)
	}
	return f, nil
}

func (f *feed) make() (err error) {
	d := f.d
	if d.feeding == (cu.Stream{}) {
		if d.feeding, err = cu.MakeStream(cu.NonBlocking); err != nil {
			return err
		}
	}
	bytes := 4 * f.to.Len()
	if f.stage, err = d.allocate(bytes); err != nil {
		return err
	}
	if f.taken, err = cu.MakeEvent(cu.DisableTiming); err != nil {
		return err
	}
	for i := range f.half {
		h := &f.half[i]
		if h.host, err = d.allocateHost(bytes); err != nil {
			return err
		}
		if h.sent, err = cu.MakeEvent(cu.DisableTiming); err != nil {
			return err
		}
	}
	return nil
}

var errFeedFreed = errors.New("the feed is freed")

// Next is the half that was sent the longer time ago.
func (f *feed) Next() (to []float32) {
	f.d.do("Next", func() error {
		if !f.d.feeds[f] {
			return errFeedFreed
		}
		h := &f.half[f.next]
		to = asFloats(h.host.host)
		return h.sent.Synchronize()
	})
	return to
}

// Send begins the copy to the stage, once what was in there is out of it.
func (f *feed) Send(rows int) error {
	if rows < 0 || rows > f.to.Rows {
		return fmt.Errorf("Send: %d rows to a tensor of %d", rows, f.to.Rows)
	}
	return f.d.worker.Do(func() error {
		d, h := f.d, &f.half[f.next]
		if !d.feeds[f] {
			return errFeedFreed
		}
		if err := d.feeding.Wait(f.taken, 0); err != nil {
			return err
		}
		to := f.stage.at
		for piece := range slices.Chunk(h.host.host[:4*rows*f.to.Cols], feedPiece) {
			if err := cu.MemcpyHtoDAsync(to, asPointer(piece), int64(len(piece)), d.feeding); err != nil {
				return err
			}
			to += cu.DevicePtr(len(piece))
		}
		f.rows, f.next = rows, 1-f.next
		return h.sent.Record(d.feeding)
	})
}

// Take enqueues the copy from the stage, which waits for that to it.
func (f *feed) Take() {
	d, to := f.d, f.to.Top(f.rows)
	if !d.owns(tensorExtent(to)) {
		d.fail("Take", errors.New("the tensor's memory is freed"))
	}
	d.do("Take", func() error {
		if !d.feeds[f] {
			return errFeedFreed
		}
		if err := d.readyFor(backend.Access{Writes: []backend.Tensor{to}}); err != nil || to.Len() == 0 {
			return err
		}
		if err := d.stream.Wait(f.half[1-f.next].sent, 0); err != nil {
			return err
		}
		if err := cu.MemcpyDtoDAsync(address(tensorExtent(to)), f.stage.at, int64(4*to.Len()), d.stream); err != nil {
			return err
		}
		return f.taken.Record(d.stream)
	})
}

// Free waits for what is under way.
func (f *feed) Free() {
	if !f.d.closed {
		_ = f.d.worker.Do(f.release) // a failure here was reported where it began
	}
}

// release gives everything back, on the worker's thread.
func (f *feed) release() error {
	d := f.d
	if !d.feeds[f] {
		return nil
	}
	delete(d.feeds, f)
	errs := []error{d.feeding.Synchronize()}
	for _, b := range []*block{f.half[0].host, f.half[1].host, f.stage} {
		if b != nil {
			errs = append(errs, d.drop(b))
		}
	}
	for _, e := range []*cu.Event{&f.half[0].sent, &f.half[1].sent, &f.taken} {
		if *e != (cu.Event{}) {
			errs = append(errs, cu.DestroyEvent(e))
		}
	}
	return errors.Join(errs...)
}
