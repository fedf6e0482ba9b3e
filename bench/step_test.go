package bench

import (
	"testing"
	"time"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/train"
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

func (d *counting) Record(step func()) (backend.Program, error) {
	p, err := d.Device.Record(step)
	return counted{p}, err
}

type counted struct{ backend.Program }

func (counted) Nodes() int { return 17 }

func rig8(t *testing.T) (backend.Device, train.Config, *data.Set) {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Close() })
	c, err := train.Preset("ae")
	if err != nil {
		t.Fatal(err)
	}
	c.Hidden, c.Latent = train.Widths{6}, 3
	return dev, c, &data.Set{Name: "ramp", Rows: 5, Cols: 4, F32: make([]float32, 20)}
}

func TestStepOnADeviceThatCounts(t *testing.T) {
	host, c, set := rig8(t)
	dev := &counting{Device: host, held: 100}
	for _, runs := range []int{0, 2} {
		p, err := Step(dev, c, set, 8, Ceiling{FLOPs: 1e9, Bytes: 1e9}, Options{Runs: runs, Target: time.Millisecond})
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

func TestStepOnADeviceThatDoesNot(t *testing.T) {
	dev, c, set := rig8(t)
	p, err := Step(dev, c, set, 8, Ceiling{FLOPs: 1e9, Bytes: 1e9}, Options{Runs: 1, Target: time.Millisecond})
	if err != nil || p.Launches != 0 || p.MemoryBytes != 0 || p.StepMS <= 0 {
		t.Errorf("%+v, %v", p, err)
	}
}
