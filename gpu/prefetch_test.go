//go:build cuda

package gpu

import (
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/cudasim"
)

// Batches of data on the host are those of resident data, in every variant.
func TestFetchedBatches(t *testing.T) {
	eachOrder(t, func(t *testing.T, _ *cudasim.Sim) {
		d := open(t, Options{}).(*Device)
		const rows, lead = 100, 3
		for _, cols := range []int{3, 12, 16} {
			grey := pixels(rows+lead, cols)
			floats := make([]float32, len(grey))
			for i, g := range grey {
				floats[i] = float32(g) / 300
			}
			for variant := range 32 {
				spec := backend.Batch{
					Shuffle: variant&1 != 0, Binarise: variant&2 != 0, Corrupt: backend.CorruptionKind(variant >> 2 & 3),
					Level: 0.3, Low: -1, High: 2,
				}
				var got [2][]float32
				for i, d := range []interface {
					backend.Device
					backend.HostData
				}{d, onHost{d}} {
					v, err := d.AllocBytes(rows+lead, cols, grey)
					if variant&16 != 0 {
						v, err = d.AllocFloats(rows+lead, cols, floats)
					}
					if err != nil {
						t.Fatal(err)
					}
					got[i] = epochs(t, d, v.Slice(lead, rows), spec, variant%3 == 0)
					v.Mem.Free()
				}
				if !slices.Equal(got[0], got[1]) {
					t.Errorf("%d columns, variant %d: data on the host gives other batches", cols, variant)
				}
			}
		}
		if n := len(d.batchBuffers); n != 0 {
			t.Errorf("%d buffers for batches after their data was freed", n)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}

// unsteadySteps are steps of batches of size rows that do not read the batch that the
// one before left.
func unsteadySteps(size int) map[string]func(w *walker, v backend.Data, x, y backend.Tensor) func() {
	return map[string]func(w *walker, v backend.Data, x, y backend.Tensor) func(){
		"a whole batch ticked": func(w *walker, v backend.Data, x, _ backend.Tensor) func() {
			return func() { w.gather(x, v); w.take(x); w.d.Enqueue(backend.Tick{Clock: w.clock, Rows: size}) }
		},
		"fewer rows ticked": func(w *walker, v backend.Data, x, _ backend.Tensor) func() {
			return func() { w.gather(x, v); w.take(x); w.d.Enqueue(backend.Tick{Clock: w.clock, Rows: 1}) }
		},
		"no tick": func(w *walker, v backend.Data, x, _ backend.Tensor) func() {
			return func() { w.gather(x, v); w.take(x) }
		},
		"a tick before": func(w *walker, v backend.Data, x, _ backend.Tensor) func() {
			return func() {
				w.d.Enqueue(backend.Tick{Clock: w.clock, Rows: 3})
				w.gather(x, v)
				w.take(x)
				w.d.Enqueue(backend.Tick{Clock: w.clock, Rows: 1})
			}
		},
		"two gathers": func(w *walker, v backend.Data, x, y backend.Tensor) func() {
			return func() {
				w.gather(x, v)
				w.gather(y, v.Slice(1, v.Rows-1))
				w.take(x)
				w.take(y)
				w.d.Enqueue(backend.Tick{Clock: w.clock, Rows: size})
			}
		},
		"two gathers, ticked between": func(w *walker, v backend.Data, x, y backend.Tensor) func() {
			return func() {
				w.gather(x, v)
				w.take(x)
				w.d.Enqueue(backend.Tick{Clock: w.clock, Rows: size})
				w.gather(y.Top(2), v)
				w.take(y.Top(2))
				w.d.Enqueue(backend.Tick{Clock: w.clock, Rows: 2})
			}
		},
	}
}

// They are right too.
func TestUnsteadySteps(t *testing.T) {
	const rows, cols, size = 60, 5, 4
	eachOrder(t, func(t *testing.T, _ *cudasim.Sim) {
		d := open(t, Options{}).(*Device)
		for name, step := range unsteadySteps(size) {
			var got [2][]float32
			for i, d := range []backend.Device{d, onHost{d}} {
				v, err := d.AllocBytes(rows, cols, pixels(rows, cols))
				if err != nil {
					t.Fatal(err)
				}
				w := newWalker(t, d, size, cols)
				p := w.record(step(w, v, w.alloc(size, cols), w.alloc(size, cols)))
				w.set(0, 1)
				p.Launch(2)
				p.Launch(3)
				w.look()
				d.Enqueue(backend.Tick{Clock: w.clock, Rows: 5})
				p.Launch(2)
				w.look()
				w.set(7, w.clock.Mem.(*block).row) // where it stands, in another epoch
				p.Launch(1)
				w.look()
				got[i] = w.end(p)
				v.Mem.Free()
			}
			if !slices.Equal(got[0], got[1]) {
				t.Errorf("%s: data on the host gives other batches", name)
			}
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Two programs whose turns change read what the other has left, or what is filled in
// anew.
func TestProgramsTakeTurns(t *testing.T) {
	const rows, cols = 90, 5
	eachOrder(t, func(t *testing.T, _ *cudasim.Sim) {
		d := open(t, Options{}).(*Device)
		var got [2][]float32
		for i, d := range []backend.Device{d, onHost{d}} {
			v, err := d.AllocBytes(rows, cols, pixels(rows, cols))
			if err != nil {
				t.Fatal(err)
			}
			w := newWalker(t, d, 8, cols)
			x := w.alloc(8, cols)
			var programs []backend.Program
			for _, n := range []int{2, 8, 3} {
				programs = append(programs, w.record(func() { w.gather(x.Top(n), v); w.take(x.Top(n)); w.d.Enqueue(backend.Tick{Clock: w.clock, Rows: n}) }))
			}
			w.set(0, 0)
			for turn := range 15 {
				programs[turn*turn%3].Launch(1 + turn%2)
				programs[turn%3].Launch(1)
				w.look()
				if turn%4 == 3 {
					w.set(turn, turn)
				}
			}
			got[i] = w.end(programs...)
			v.Mem.Free()
		}
		if !slices.Equal(got[0], got[1]) {
			t.Error("data on the host gives other batches")
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A recorded batch past the end of data on the host is an error of the launch.
func TestFetchedBatchPastTheEnd(t *testing.T) {
	sim := simulator(t)
	d := open(t, Options{}).(*Device)
	v, err := onHost{d}.AllocBytes(10, 3, pixels(10, 3))
	if err != nil {
		t.Fatal(err)
	}
	w := newWalker(t, d, 4, 3)
	x := w.alloc(4, 3)
	p := w.record(func() { w.gather(x, v); w.d.Enqueue(backend.Tick{Clock: w.clock, Rows: 4}) })
	w.set(0, 0)
	p.Launch(2)
	if err := d.Sync(); err != nil {
		t.Error(err)
	}
	p.Launch(1)
	if err := d.Sync(); err == nil || !strings.Contains(err.Error(), "rows 8 to 12 of data of 10") {
		t.Errorf("Sync: %v", err)
	}
	_ = d.Close() // the same error
	sound(t, sim)
}

// A buffer for batches is what BatchBytes says, and goes with its data.
func TestBatchBuffersAreCounted(t *testing.T) {
	sim := simulator(t)
	d := open(t, Options{}).(*Device)
	v, err := onHost{d}.AllocFloats(10, 3, make([]float32, 30))
	if err != nil {
		t.Fatal(err)
	}
	w := newWalker(t, d, 4, 3)
	x := w.alloc(4, 3)
	before := d.Usage()
	full := w.record(func() { w.gather(x, v); w.d.Enqueue(backend.Tick{Clock: w.clock, Rows: 4}) })
	last := w.record(func() { w.gather(x.Top(2), v); w.d.Enqueue(backend.Tick{Clock: w.clock, Rows: 2}) })
	if u := d.Usage(); u.Bytes-before.Bytes != d.BatchBytes(4, 12) {
		t.Errorf("%d bytes are taken by two recordings, BatchBytes says %d", u.Bytes-before.Bytes, d.BatchBytes(4, 12))
	}
	w.set(0, 0)
	if err := d.Sync(); err != nil {
		t.Fatal(err)
	}
	sim.Reset()
	full.Launch(2)
	last.Launch(1)
	if err := d.Sync(); err != nil {
		t.Fatal(err)
	}
	if n := sim.Stats().Launches; n != 3*3+1 {
		t.Errorf("an epoch of 3 steps of 3 launches took %d, want one more for the first batch", n)
	}
	v.Mem.Free()
	if u := d.Usage(); u.Bytes != before.Bytes || u.Host != 0 {
		t.Errorf("%+v after the data was freed, %+v before the recordings", u, before)
	}
	w.end(full, last)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	sound(t, sim)
}
