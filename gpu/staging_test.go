//go:build cuda

package gpu

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/backendtest"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/gpu/cudasim"
	"github.com/aegpu/aegpu/model"
	aetrain "github.com/aegpu/aegpu/train"
)

// onHost is a device that keeps every data set in the host's memory.
type onHost struct{ *Device }

func (d onHost) OnHost(int) bool { return true }

func (d onHost) AllocBytes(rows, cols int, v []byte) (backend.Data, error) {
	b, err := d.hostData("AllocBytes", v)
	return backend.Data{Mem: b, Rows: rows, Cols: cols, Bytes: true}, err
}

func (d onHost) AllocFloats(rows, cols int, v []float32) (backend.Data, error) {
	b, err := d.hostData("AllocFloats", asBytes(v))
	return backend.Data{Mem: b, Rows: rows, Cols: cols}, err
}

// eachOrder runs a test with what is forked as late as its dependencies allow, and as
// early; on a GPU as it comes.
func eachOrder(t *testing.T, test func(t *testing.T, sim *cudasim.Sim)) {
	for _, order := range []string{"late", "early"} {
		t.Run(order, func(t *testing.T) {
			sim := device(t)
			t.Setenv("AEGPU_CUDASIM_GRAPH_ORDER", order)
			test(t, sim)
			sound(t, sim)
		})
	}
}

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

// Batches of data on the host are those of resident data, in every variant.
func TestStagedBatches(t *testing.T) {
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
		if n := len(d.stagings); n != 0 {
			t.Errorf("%d staging buffers after their data was freed", n)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Steps that do not read the batch that the one before left are right too.
func TestUnsteadySteps(t *testing.T) {
	const rows, cols, size = 60, 5, 4
	steps := map[string]func(w *walker, v backend.Data, x, y backend.Tensor) func(){
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
				w.gather(y, v.Slice(1, rows-1))
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
	eachOrder(t, func(t *testing.T, _ *cudasim.Sim) {
		d := open(t, Options{}).(*Device)
		for name, step := range steps {
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

func (w *walker) gather(x backend.Tensor, v backend.Data) {
	w.d.Enqueue(backend.Gather{Clean: x, Data: v, Batch: backend.Batch{Clock: w.clock, Shuffle: true}})
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

// hostCurve is the losses of a training on data on the host.
func hostCurve(t *testing.T, o Options, spec model.Spec, training model.TrainingOptions) []float64 {
	t.Helper()
	d := open(t, o).(*Device)
	losses := curve(t, onHost{d}, spec, training)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	return losses
}

// residentCurve is the losses of one on data on the device.
func residentCurve(t *testing.T, o Options, spec model.Spec, training model.TrainingOptions) []float64 {
	t.Helper()
	d := open(t, o)
	losses := curve(t, d, spec, training)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	return losses
}

// A training on data on the host gives the bits of one on resident data.
func TestStagedVariants(t *testing.T) {
	eachOrder(t, func(t *testing.T, sim *cudasim.Sim) {
		for _, v := range variants() {
			for _, p := range []Precision{FP32, TF32, BF16} {
				if p != FP32 && v.Name != "plain" && v.Name != "tied" && v.Name != "VAE" {
					continue
				}
				want := residentCurve(t, Options{Precision: p}, v.Spec, adam)
				var before cudasim.Stats
				if sim != nil {
					before = sim.Stats()
				}
				got := hostCurve(t, Options{Precision: p}, v.Spec, adam)
				if !slices.Equal(got, want) {
					t.Errorf("%s, %v: losses %v, on resident data %v", v.Name, p, got, want)
				}
				if sim == nil {
					continue
				}
				// The fetch, and the end of the step, which waits for it; all but that and the Gather may run beside it.
				s, nodes, forked := sim.Stats(), before.GraphNodes+2, before.GraphForked+1
				if s.GraphNodes != nodes || s.GraphForked != forked || s.GraphBeside != nodes-forked-2 {
					t.Errorf("%s, %v: %d launches, %d forked, beside %d others; want %d, %d, %d",
						v.Name, p, s.GraphNodes, s.GraphForked, s.GraphBeside, nodes, forked, nodes-forked-2)
				}
			}
		}
	})
}

// A step of several batches has one buffer for them: each is fetched while the one
// before it is computed on. Steps of 5, 5 and 3 rows start with a batch that the last
// of the step before is too small to have left.
func TestStagedAccumulation(t *testing.T) {
	eachOrder(t, func(t *testing.T, sim *cudasim.Sim) {
		for _, v := range variants() {
			for _, batches := range []int{2, 3} {
				o := adam
				o.Accumulate = batches
				want := residentCurve(t, Options{}, v.Spec, o)
				var before cudasim.Stats
				if sim != nil {
					before = sim.Stats()
				}
				if got := hostCurve(t, Options{}, v.Spec, o); !slices.Equal(got, want) {
					t.Errorf("%s in %d batches: losses %v, on resident data %v", v.Name, batches, got, want)
				}
				if sim == nil {
					continue
				}
				s, nodes, forked := sim.Stats(), before.GraphNodes+uint64(batches)+1, before.GraphForked+uint64(batches)
				if s.GraphNodes != nodes || s.GraphForked != forked {
					t.Errorf("%s in %d batches: %d launches, %d forked, want %d, %d", v.Name, batches, s.GraphNodes, s.GraphForked, nodes, forked)
				}
			}
		}
	})
}

// The orders of the simulator show a wait that is missing: for rows that are
// fetched, with nothing else forked, and for weight gradients that are made aside.
func TestPlantedMissingWaits(t *testing.T) {
	simulator(t)
	spec := variant(t, "plain")
	want := residentCurve(t, Options{}, spec, adam)
	for _, c := range []struct{ order, drop string }{{"late", "join"}, {"early", "fork"}} {
		t.Setenv("AEGPU_CUDASIM_GRAPH_ORDER", c.order)
		t.Setenv("AEGPU_CUDASIM_DROP_WAITS", c.drop)
		if slices.Equal(hostCurve(t, Options{OneStream: true}, spec, adam), want) {
			t.Errorf("fetching: without the %s and with what is forked %s the losses are right", c.drop, c.order)
		}
		if slices.Equal(residentCurve(t, Options{}, spec, adam), want) {
			t.Errorf("aside: without the %s and with what is forked %s the losses are right", c.drop, c.order)
		}
	}
}

// A recorded batch past the end of data on the host is an error of the launch.
func TestStagedBatchPastTheEnd(t *testing.T) {
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

// A staging buffer is what StageBytes says, and goes with its data.
func TestStagingIsCounted(t *testing.T) {
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
	if u := d.Usage(); u.Bytes-before.Bytes != d.StageBytes(4, 12) {
		t.Errorf("%d bytes are taken by two recordings, StageBytes says %d", u.Bytes-before.Bytes, d.StageBytes(4, 12))
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

// hostRun trains on the simulator and returns the model's file.
func hostRun(t *testing.T, ctx context.Context, wrap func(*Device) backend.Device, dir string, progress func(aetrain.Progress)) ([]byte, error) {
	t.Helper()
	c, err := aetrain.Preset("denoising")
	if err != nil {
		t.Fatal(err)
	}
	c.Hidden, c.Latent, c.Batch, c.Epochs, c.Test, c.Val = aetrain.Widths{6}, 3, 16, 3, 0, 0.2
	set := &data.Set{Name: "waves", Rows: 110, Cols: 12, U8: pixels(110, 12)}
	sets, err := aetrain.Divide(&data.Source{Train: set}, c)
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, Options{}).(*Device)
	res, err := aetrain.Run(ctx, wrap(d), c, sets, aetrain.Options{Dir: dir, Resume: true, Progress: progress})
	if err == nil {
		res.Model.Close()
	}
	if closed := d.Close(); closed != nil {
		t.Error(closed)
	}
	if err != nil {
		return nil, err
	}
	file, err := os.ReadFile(filepath.Join(dir, aetrain.ModelFile))
	if err != nil {
		t.Fatal(err)
	}
	return file, nil
}

// A run on data on the host, left alone or interrupted again and again, writes the
// bytes of one on resident data.
func TestRunOnDataOnTheHost(t *testing.T) {
	eachOrder(t, func(t *testing.T, _ *cudasim.Sim) {
		resident := func(d *Device) backend.Device { return d }
		host := func(d *Device) backend.Device { return onHost{d} }
		want, err := hostRun(t, t.Context(), resident, t.TempDir(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := hostRun(t, t.Context(), host, t.TempDir(), nil); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%v; the model differs from that of resident data", err)
		}
		broken, sittings := t.TempDir(), 0
		for {
			ctx, cancel := context.WithCancel(t.Context())
			looks := 0
			got, err := hostRun(t, ctx, host, broken, func(aetrain.Progress) {
				if looks++; looks == 1 {
					cancel()
				}
			})
			cancel()
			if sittings++; err == nil {
				if sittings < 4 || !bytes.Equal(got, want) {
					t.Errorf("after %d sittings the model differs from that of one", sittings)
				}
				return
			}
			if !aetrain.Interrupted(err) || sittings > 50 {
				t.Fatal(fmt.Errorf("sitting %d: %w", sittings, err))
			}
		}
	})
}
