package bench

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/settings"
)

// counting is a CPU that counts operations' launches and memory as a GPU does.
type counting struct {
	backend.Device
	held int
}

func (d *counting) HeldBytes() int { return d.held }

func (d *counting) Alloc(rows, cols int) (backend.Tensor, error) {
	d.held += 4 * rows * cols
	return d.Device.Alloc(rows, cols)
}

func (d *counting) Compile(step backend.List) (backend.Program, error) {
	p, err := d.Device.Compile(step)
	return counted{p}, err
}

type counted struct{ backend.Program }

func (counted) Nodes() int { return 17 }

func rig8(t *testing.T) (backend.Device, settings.Config, *data.Set) {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Close() })
	c, err := settings.Preset("ae")
	if err != nil {
		t.Fatal(err)
	}
	c.Hidden, c.Latent = settings.Widths{6}, 3
	return dev, c, &data.Set{Name: "ramp", Rows: 5, Cols: 4, F32: make([]float32, 20)}
}

func TestStepOnADeviceThatCounts(t *testing.T) {
	host, c, set := rig8(t)
	dev := &counting{Device: host, held: 100}
	for _, runs := range []int{0, 2} {
		p, err := Step(t.Context(), dev, c, set, 8, Ceiling{FLOPs: 1e9, Bytes: 1e9}, Options{Runs: runs, Target: time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if p.Launches != 17 || p.MemoryBytes <= 100 || p.Runs != runs || (p.StepMS > 0) != (runs > 0) || p.FLOPs == 0 {
			t.Errorf("%d runs: %+v", runs, p)
		}
	}
}

func TestPlan(t *testing.T) {
	host, c, set := rig8(t)
	dev := &counting{Device: host}
	m, err := Plan(dev, c, set, 8)
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRig(dev, c, set, 8)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	// The clock and the sums are not counted here, nor what a GPU copies.
	if need := int(m.Needed); need < dev.held || need > dev.held+1000 || m.Free != host.Info().Free {
		t.Errorf("%+v, and %d bytes were taken", m, dev.held)
	}
}

// timed is a CPU with a clock of its own, which shows a second for everything.
type timed struct{ backend.Device }

func (d timed) Time(f func()) (float64, error) {
	f()
	return 1, d.Sync()
}

func TestTheDevicesClock(t *testing.T) {
	host, c, set := rig8(t)
	dev := timed{host}
	p, err := Step(t.Context(), dev, c, set, 8, Ceiling{FLOPs: 1e9, Bytes: 1e9}, Options{Runs: 30, Target: 4 * time.Second})
	if err != nil || p.Runs != 30 || p.StepMS <= 0 || p.StepMS != p.Q1MS || p.StepMS != p.MaxMS || p.StepMS > 250 {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err := Step(t.Context(), dev, c, set, 8, Ceiling{FLOPs: 1e9, Bytes: 1e9}, Options{Runs: 30, Target: time.Second, Most: 2 * time.Second}); err != nil || p.Runs != leastRuns {
		t.Errorf("at most 2 s: %d runs, %v", p.Runs, err)
	}
	if ClockOf(dev) != DeviceEvents || ClockOf(host) != HostClock {
		t.Errorf("clocks %s, %s", ClockOf(dev), ClockOf(host))
	}
}

func TestPoint(t *testing.T) {
	p := point([]float64{5, 1, 2, 4, 3}, 10, backend.Work{FLOPs: 60, Bytes: 20}, Ceiling{FLOPs: 60, Bytes: 40})
	want := Point{Batch: 10, StepMS: 3000, Q1MS: 2000, Q3MS: 4000, MinMS: 1000, MaxMS: 5000, Runs: 5, ExamplesPerSecond: 10. / 3,
		FLOPs: 60, FLOPRate: 20, Bytes: 20, Intensity: 3, FloorMS: 1000, FloorShare: 1. / 3}
	if p != want {
		t.Errorf("%+v, want %+v", p, want)
	}
	if q := quantile([]float64{1, 2}, .25); q != 1.25 {
		t.Errorf("the first quartile of 1 and 2 is %g", q)
	}
}

// growing is a CPU whose clock says that a product's rate doubles up to a side of
// 8000, and that has no room for more.
type growing struct {
	backend.Device
	side, copies int
	sides        []int
}

func (d *growing) Alloc(rows, cols int) (backend.Tensor, error) {
	if cols > 3*7000*7000 {
		return backend.Tensor{}, backend.ErrOutOfMemory
	}
	return backend.Tensor{Rows: rows, Cols: cols, Mem: nothing{}}, nil
}

func (d *growing) Enqueue(op backend.Operation) {
	if o, ok := op.(backend.Linear); ok {
		d.side = o.Y.Rows
	}
}

func (d *growing) Compile(backend.List) (backend.Program, error) { return copies{d}, nil }

// copies is a program of a copy.
type copies struct{ d *growing }

func (c copies) Launch(times int) { c.d.side, c.d.copies = 0, times }
func (copies) Free()              {}

func (d *growing) Time(f func()) (float64, error) {
	f()
	if d.side == 0 {
		return 0.5, nil
	}
	if !slices.Contains(d.sides, d.side) {
		d.sides = append(d.sides, d.side)
	}
	return float64(d.side) * float64(d.side) / 1e10, nil
}

type nothing struct{}

func (nothing) Free() {}

func TestCeilingGrows(t *testing.T) {
	host, _, _ := rig8(t)
	dev := &growing{Device: host}
	c, err := MeasureCeiling(t.Context(), dev)
	if err != nil || !slices.Equal(dev.sides, []int{2000, 4000}) || c.Side != 4000 {
		t.Errorf("sides %v, %+v, %v", dev.sides, c, err)
	}
	if want := 4 * 2 * 4000. * 1e10; math.Abs(c.FLOPs/want-1) > 1e-9 || c.Bytes != float64(dev.copies)*2*4*copyFloats/.5 {
		t.Errorf("%+v, want %g FLOP/s", c, want)
	}
}

func TestStepOnADeviceThatDoesNot(t *testing.T) {
	dev, c, set := rig8(t)
	p, err := Step(t.Context(), dev, c, set, 8, Ceiling{FLOPs: 1e9, Bytes: 1e9}, Options{Runs: 1, Target: time.Millisecond})
	if err != nil || p.Launches != 0 || p.MemoryBytes != 0 || p.StepMS <= 0 {
		t.Errorf("%+v, %v", p, err)
	}
}
