//go:build cuda

package gpu

import (
	"errors"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/cudasim"
	"github.com/aegpu/aegpu/model"
)

func TestCounts(t *testing.T) {
	sim := device(t)
	dev := open(t, Options{})
	counter := dev.(backend.MemoryCounter)
	before := counter.HeldBytes()
	x, err := dev.Alloc(10, 10)
	if err != nil {
		t.Fatal(err)
	}
	if held := counter.HeldBytes() - before; held != 400 {
		t.Errorf("%d bytes are held more after an allocation of 400", held)
	}
	p, err := dev.Compile(backend.List{backend.Zero{Dst: x}, backend.Activate{Y: x, X: x, Act: backend.Tanh}})
	if err != nil {
		t.Fatal(err)
	}
	wantNodes(t, "a fill and a kernel", p.(backend.LaunchCounter).Nodes(), 2)
	x.Mem.Free()
	if err := dev.Close(); err != nil {
		t.Error(err)
	}
	sound(t, sim)
}

// A launch's bytes are those that it reads and writes, each once: a fill, a kernel
// in place, and a product with bias.
func TestBytesOfLaunches(t *testing.T) {
	sim := simulator(t)
	if sim.Kind != "checked" {
		t.Skipf("the %s simulator does not count bytes", sim.Kind)
	}
	t.Setenv(cudasim.BytesEnv, "1")
	dev := open(t, Options{})
	x, err := dev.Alloc(10, 10)
	if err != nil {
		t.Fatal(err)
	}
	b := x.Slice(20, 1, 10)
	moved := func(what string, wantRead, wantWritten int, step func()) {
		t.Helper()
		if err := dev.Sync(); err != nil {
			t.Fatal(err)
		}
		r, w, ok := dev.(backend.ByteCounter).MovedBytes()
		step()
		if err := dev.Sync(); err != nil {
			t.Fatal(err)
		}
		read, written, _ := dev.(backend.ByteCounter).MovedBytes()
		if !ok || read-r != wantRead || written-w != wantWritten {
			t.Errorf("%s: %d bytes read, %d written (%v), want %d and %d", what, read-r, written-w, ok, wantRead, wantWritten)
		}
	}
	moved("a fill", 0, 400, func() { dev.Enqueue(backend.Zero{Dst: x}) })
	moved("a kernel in place", 400, 400, func() { dev.Enqueue(backend.Activate{Y: x, X: x, Act: backend.Tanh}) })
	product := func() {
		dev.Enqueue(backend.Linear{Y: x.Slice(0, 2, 2), X: x.Slice(30, 2, 10), W: x.Slice(60, 2, 10), B: b.Slice(0, 1, 2)})
	}
	product() // its algorithm runs once more when it is chosen
	moved("a product", 4*(20+20+2), 4*4, product)
	moved("a column sum", 280, 40, func() { dev.Enqueue(backend.ColumnMeans{M: b, H: x.Slice(30, 7, 10)}) })
	x.Mem.Free()
	if err := dev.Close(); err != nil {
		t.Error(err)
	}
	sound(t, sim)
}

// Programs take the memory that StepBytes says, of every variant, and one copy of the
// weights between them.
func TestStepBytes(t *testing.T) {
	sim := simulator(t)
	for _, p := range []Precision{FP32, BF16} {
		for _, v := range variants() {
			d := open(t, Options{Precision: p}).(*Device)
			m, err := model.New(d, v.Spec, 7)
			if err != nil {
				t.Fatal(err)
			}
			data, err := d.AllocBytes(trainRows, v.Spec.Inputs, pixels(trainRows, v.Spec.Inputs))
			if err != nil {
				t.Fatal(err)
			}
			training, err := m.NewTraining(model.Resident{Rows: data}, model.TrainingOptions{Batch: trainBatch, Steps: 1, Optimiser: adam.Optimiser})
			if err != nil {
				t.Fatal(err)
			}
			said, before := 0, d.Usage().Bytes
			for _, rows := range []int{trainBatch, trainBatch - 1} {
				own, shared, err := d.StepBytes(training.Step(rows))
				if err := errors.Join(err, training.Prepare(rows)); err != nil {
					t.Fatal(err)
				}
				if said += own; rows == trainBatch {
					said += shared
				}
				if took := d.Usage().Bytes - before; took != said {
					t.Errorf("%s in %v, to a batch of %d: %d bytes are taken, StepBytes says %d", v.Name, p, rows, took, said)
				}
			}
			training.Close()
			m.Close()
			data.Mem.Free()
			if err := d.Close(); err != nil {
				t.Error(err)
			}
			sound(t, sim)
		}
	}
}
