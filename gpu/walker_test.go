//go:build cuda

package gpu

import (
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/backendtest"
)

// walker gathers by compiled steps that fold every batch into one tensor, so that
// it tells which batches came in which order.
type walker struct {
	*testing.T
	d     *backendtest.Listing
	clock backend.Clock
	free  []backend.Memory
	fold  backend.Tensor
	seen  []float32
}

func newWalker(t *testing.T, d backend.Device, batch, cols int) *walker {
	w := &walker{T: t, d: &backendtest.Listing{Device: d}}
	w.fold = w.alloc(batch, cols)
	var err error
	if w.clock, err = d.AllocClock(1); err != nil {
		t.Fatal(err)
	}
	w.free = append(w.free, w.clock.Mem)
	return w
}

func (w *walker) alloc(rows, cols int) backend.Tensor {
	w.Helper()
	x, err := w.d.Alloc(rows, cols)
	if err != nil {
		w.Fatal(err)
	}
	w.free = append(w.free, x.Mem)
	return x
}

func (w *walker) record(step func()) backend.Program {
	w.Helper()
	p, err := w.d.Record(step)
	if err != nil {
		w.Fatal(err)
	}
	return p
}

// take folds a batch.
func (w *walker) take(x backend.Tensor) {
	fold := w.fold.Top(x.Rows)
	w.d.Enqueue(backend.Add{Dst: fold, Src: x})
	w.d.Enqueue(backend.Activate{Y: fold, X: fold, Act: backend.Tanh})
}

func (w *walker) set(epoch, row int) {
	w.d.SetClock(w.clock, backend.Time{Seed: 9, Epoch: uint64(epoch), Step: uint64(100*epoch + row), Row: uint64(row)}, nil)
}

// look notes what was folded so far.
func (w *walker) look() {
	w.Helper()
	v := make([]float32, w.fold.Len())
	w.d.Download(v, w.fold)
	if err := w.d.Sync(); err != nil {
		w.Fatal(err)
	}
	w.seen = append(w.seen, v...)
}

func (w *walker) end(programs ...backend.Program) []float32 {
	for _, p := range programs {
		p.Free()
	}
	for _, m := range w.free {
		m.Free()
	}
	return w.seen
}

// epochs walks a data set as a training does: whole epochs with a smaller last
// batch, one step and many at a time, and from the middle of an epoch on.
func epochs(t *testing.T, d backend.Device, v backend.Data, spec backend.Batch, both bool) []float32 {
	t.Helper()
	const size = 7
	w := newWalker(t, d, size, v.Cols)
	spec.Clock = w.clock
	clean, noisy := w.alloc(size, v.Cols), backend.Tensor{}
	if spec.Corrupt != backend.NoCorruption {
		noisy = w.alloc(size, v.Cols)
	}
	step := func(n int) func() {
		return func() {
			c, out := clean.Top(n), clean.Top(n)
			if !noisy.None() {
				out = noisy.Top(n)
			}
			if !noisy.None() && !both {
				c = backend.Tensor{}
			}
			d.Enqueue(backend.Gather{Clean: c, Noisy: noisy.Top(n), Data: v, Batch: spec})
			w.take(out)
			if both {
				w.take(clean.Top(n))
			}
			d.Enqueue(backend.Tick{Clock: w.clock, Rows: n})
		}
	}
	full, last := w.record(step(size)), w.record(step(v.Rows%size))
	for epoch, from := range []int{0, 0, 3 * size, 5, v.Rows / size * size} {
		w.set(epoch, from)
		left := (v.Rows - from) / size
		for _, times := range []int{1, 9, 1, left} {
			times = min(times, left)
			full.Launch(times)
			left -= times
			w.look()
		}
		if from%size == 0 {
			last.Launch(1)
			w.look()
		}
	}
	return w.end(full, last)
}

func (w *walker) gather(x backend.Tensor, v backend.Data) {
	w.d.Enqueue(backend.Gather{Clean: x, Data: v, Batch: backend.Batch{Clock: w.clock, Shuffle: true}})
}
