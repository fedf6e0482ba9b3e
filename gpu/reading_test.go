//go:build cuda

package gpu

import (
	"testing"

	"github.com/aegpu/aegpu/backend"
)

// A reading waits for what was enqueued before it, and what comes after goes on
// meanwhile.
func TestReadingWaitsForNoMore(t *testing.T) {
	sim := simulator(t)
	d := open(t, Options{})
	x, err := d.Alloc(1, 3)
	if err != nil {
		t.Fatal(err)
	}
	s, err := d.AllocSums(1)
	if err != nil {
		t.Fatal(err)
	}
	d.Upload(x, []float32{1, 2, 3})
	step, err := d.Compile(backend.List{backend.Accumulate{Sums: s, V: x, Scale: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Sync(); err != nil {
		t.Fatal(err)
	}
	sim.Reset()
	var readings []backend.Reading
	for range 4 {
		step.Launch(2)
		readings = append(readings, d.FetchSums(s))
	}
	for i, r := range readings {
		if r.Done() {
			t.Errorf("reading %d is there before anything ran", i)
		}
		var got [1]float64
		if err := r.Wait(got[:]); err != nil {
			t.Fatal(err)
		}
		if n := sim.Stats().Launches; n != uint64(2*i+2) || got[0] != float64(12*i+12) {
			t.Errorf("reading %d is %v and came after %d launches; want %d after %d", i, got[0], n, 12*i+12, 2*i+2)
		}
	}
	if n := len(d.(*Device).allReadings); n != 4 {
		t.Errorf("%d buffers for 4 readings at once", n)
	}
	for range 10 {
		if err := d.FetchSums(s).Wait(make([]float64, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(d.(*Device).allReadings); n != 4 {
		t.Errorf("%d buffers after ten more readings, one at a time", n)
	}
	d.FetchSums(s) // not waited for: Close frees it
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if err := d.FetchSums(s).Wait(make([]float64, 1)); err == nil {
		t.Error("a reading of a closed device")
	}
	sound(t, sim)
}
