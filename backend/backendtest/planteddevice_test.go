package backendtest

import (
	"github.com/aegpu/aegpu/backend"
)

// devicePlants are faults in what a device does beside operations.
var devicePlants = []fault{
	{bug: "launches once", group: "Record", in: func(d backend.Device) backend.Device { return launchesOnce{d} }},
	{bug: "recording computes", group: "Record", in: func(d backend.Device) backend.Device { return computesEarly{d} }},
	{bug: "another bit each time", group: "Deterministic", in: func(d backend.Device) backend.Device { return &drifts{Device: d} }},
	{bug: "swallows errors", group: "Errors", in: func(d backend.Device) backend.Device { return silent{d} }},
	{bug: "reads when it is waited for", group: "Memory", in: func(d backend.Device) backend.Device { return readsLate{d} }},
	{bug: "readings share a place", group: "Memory", in: func(d backend.Device) backend.Device { return &onePlace{Device: d} }},
	{bug: "memory is not zeroed", group: "Memory", in: func(d backend.Device) backend.Device { return dirty{d} }},
}

type (
	launchesOnce  struct{ backend.Device }
	computesEarly struct{ backend.Device }
	silent        struct{ backend.Device }
	dirty         struct{ backend.Device }
	readsLate     struct{ backend.Device }
)

type single struct{ backend.Program }

func (p single) Launch(times int) { p.Program.Launch(min(1, times)) }

func (d launchesOnce) Record(step func()) (backend.Program, error) {
	p, err := recordOf(step)
	return single{p}, err
}

func (d computesEarly) Record(step func()) (backend.Program, error) {
	step()
	return recordOf(step)
}

// drifts adds up in another order each time, as atomics do.
type drifts struct {
	backend.Device
	calls float64
}

func (d *drifts) Accumulate(s backend.Sums, i int, v backend.Tensor, scale float64) {
	d.calls++
	d.Device.Enqueue(backend.Accumulate{Sums: s, Slot: i, V: v, Scale: scale * (1 + d.calls*1e-15)})
}

// lateReading reads accumulators as they are at the end.
type lateReading struct {
	d backend.Device
	s backend.Sums
}

func (r lateReading) Done() bool { return true }

func (r lateReading) Wait(dst []float64) error { return r.d.FetchSums(r.s).Wait(dst) }

func (d readsLate) FetchSums(s backend.Sums) backend.Reading {
	return lateReading{d.Device, s}
}

// onePlace has all readings arrive in one place, so that the last one holds.
type onePlace struct {
	backend.Device
	place []float64
}

type placed struct {
	d *onePlace
	n int
}

func (d *onePlace) FetchSums(s backend.Sums) backend.Reading {
	v := make([]float64, s.N)
	d.ReadSums(v, s)
	d.place = append(v, d.place[min(len(v), len(d.place)):]...)
	return placed{d, s.N}
}

func (r placed) Done() bool { return true }

func (r placed) Wait(dst []float64) error {
	copy(dst, r.d.place[:r.n])
	return nil
}

func (d silent) Sync() error { return nil }

func (d silent) Close() error { return nil }

func (d dirty) Alloc(rows, cols int) (backend.Tensor, error) {
	t, err := d.Device.Alloc(rows, cols)
	if err == nil {
		edit(d.Device, t, func(v []float32) { v[len(v)-1] = 1 })
	}
	return t, err
}
