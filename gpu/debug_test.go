//go:build cuda

package gpu

import (
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
)

// A batch past the end of the data set is read out of bounds. The error comes out
// of Sync, and names the kernel when every launch is waited for.
func TestFaultOfAKernel(t *testing.T) {
	for _, o := range []Options{{}, {Debug: true}} {
		sim := simulator(t)
		if sim.Kind != "checked" {
			t.Skipf("the %s simulator does not stop a kernel", sim.Kind)
		}
		d := open(t, o)
		data, err := d.Alloc(3, 5)
		if err != nil {
			t.Fatal(err)
		}
		batch, err := d.Alloc(2, 5)
		if err != nil {
			t.Fatal(err)
		}
		clock, err := d.AllocClock(0)
		if err != nil {
			t.Fatal(err)
		}
		d.SetClock(clock, backend.Time{Row: 2}, nil)
		d.Enqueue(backend.Gather{Clean: batch, Data: data.Data(), Batch: backend.Batch{Clock: clock}})
		d.Enqueue(backend.Zero{Dst: batch})
		err = d.Sync()
		if err == nil || o.Debug != strings.Contains(err.Error(), "gather_fwd_f32") {
			t.Errorf("debug %t: %v", o.Debug, err)
		}
		if again := d.Close(); again == nil || !strings.Contains(again.Error(), err.Error()) {
			t.Errorf("Close: %v, want the first error, %v", again, err)
		}
		if report := sim.Report(); !strings.Contains(report, "gather_fwd_f32, block 0, thread") ||
			!strings.Contains(report, "of a buffer of 60 bytes") {
			t.Errorf("the simulator found %q, want a load past 60 bytes", report)
		}
		if s := sim.Stats(); s.Live != 0 || s.Leaked != 0 {
			t.Errorf("%d allocations were leaked, %d are live", s.Leaked, s.Live)
		}
	}
}
