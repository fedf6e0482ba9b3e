package train

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// counting is a device that adds up what is allocated, and says that it has free
// bytes.
type counting struct {
	backend.Device
	taken int
	free  uint64
}

func (c *counting) Info() backend.Info {
	i := c.Device.Info()
	i.Free = c.free
	return i
}

func (c *counting) Alloc(rows, cols int) (backend.Tensor, error) {
	c.taken += 4 * rows * cols
	return c.Device.Alloc(rows, cols)
}

func (c *counting) AllocSums(n int) (backend.Sums, error) {
	c.taken += 8 * n
	return c.Device.AllocSums(n)
}

func (c *counting) AllocBytes(rows, cols int, v []byte) (backend.Data, error) {
	c.taken += len(v)
	return c.Device.AllocBytes(rows, cols, v)
}

func (c *counting) AllocClock(steps int) (backend.Clock, error) {
	c.taken += 32 * steps
	return c.Device.AllocClock(steps)
}

func openCounting(t *testing.T, free uint64) *counting {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Close() })
	return &counting{Device: dev, free: free}
}

// planSets are rows of noise with two classes.
func planSets() *Sets {
	set := func(rows int) *data.Set {
		s := &data.Set{Rows: rows, Cols: 50, U8: make([]byte, rows*50), Labels: make([]int32, rows), Classes: []string{"a", "b"}}
		for i := range s.U8 {
			s.U8[i] = byte(i * i % 251)
		}
		for i := range s.Labels {
			s.Labels[i] = int32(i % 2)
		}
		return s
	}
	p := data.IdentityPreparation(set(1).Cols)
	p.Unit = true
	return &Sets{Train: set(300), Val: set(40), Preparation: p}
}

// What is planned is what a run of one phase takes. (What a GPU keeps beside it is held
// to StepBytes in package gpu.)
func TestPlanIsWhatARunTakes(t *testing.T) {
	for _, preset := range []string{"ae", "denoising", "sparse", "vae", "contractive"} {
		t.Run(preset, func(t *testing.T) {
			c, err := settings.Preset(preset)
			if err != nil {
				t.Fatal(err)
			}
			c.Hidden, c.Latent, c.Epochs, c.Batch, c.OutputBias = settings.Widths{40}, 6, 1, 64, settings.ZeroBias
			c.Init = model.XavierInit // a start from PCA gives its memory back before the step takes any, and here all is added up
			switch preset {
			case "sparse":
				c.Optimizer = settings.LAMB
			case "vae":
				c.Batch, c.Accumulate = 16, 4
			}
			dev, sets := openCounting(t, 0), planSets()
			m, err := Plan(dev, c, sets)
			if err != nil {
				t.Fatal(err)
			}
			result, err := Run(context.Background(), dev, c, sets, Options{})
			if err != nil {
				t.Fatal(err)
			}
			result.Model.Close()
			if got := m.Total(); got < dev.taken || float64(got) > 1.04*float64(dev.taken) {
				t.Errorf("%d bytes are planned, %d were taken", got, dev.taken)
			}
		})
	}
}

// hosting is a device that keeps data sets in the host's memory.
type hosting struct{ *counting }

func (h hosting) OnHost(int) bool                { return true }
func (h hosting) BatchBytes(rows, bytes int) int { return rows*bytes + 1000 }
func (h hosting) AllocFloats(rows, cols int, v []float32) (backend.Data, error) {
	return backend.Data{}, errors.New("a plan allocates nothing")
}

// Data on the host does not count, but what batches of it pass through does.
func TestPlanOfDataOnTheHost(t *testing.T) {
	c, err := settings.Preset("ae")
	if err != nil {
		t.Fatal(err)
	}
	c.Hidden, c.Latent, c.Batch = settings.Widths{40}, 6, 64
	dev, sets := openCounting(t, 0), planSets()
	near, err := Plan(dev, c, sets)
	if err != nil {
		t.Fatal(err)
	}
	far, err := Plan(hosting{dev}, c, sets)
	if err != nil {
		t.Fatal(err)
	}
	if bytes := (300 + 40) * 50; far.Host != bytes || near.Data-far.Data != bytes {
		t.Errorf("%d bytes on the host and %d fewer on the device, want %d", far.Host, near.Data-far.Data, bytes)
	}
	if want := 64*50 + 1000; far.Step-near.Step != want {
		t.Errorf("a step takes %d bytes more, want %d", far.Step-near.Step, want)
	}
	if small, all := far.batch(1)-near.batch(1), far.batch(1000)-near.batch(1000); small != 50+1000 || all != 300*50+1000 {
		t.Errorf("batches of 1 and of more than all rows take %d and %d bytes more", small, all)
	}
}

// A run that does not fit is refused before anything is allocated, with the batch
// that fits; with that batch it runs.
func TestTooLittleMemory(t *testing.T) {
	c, err := settings.Preset("stacked")
	if err != nil {
		t.Fatal(err)
	}
	c.Hidden, c.Latent, c.Epochs, c.PretrainEpochs, c.Batch = settings.Widths{40}, 6, 1, 1, 256
	c.Classifier, c.ClassifierEpochs = settings.FinetuneClassifier, 1
	sets, dev := planSets(), openCounting(t, 0)
	full, err := Plan(dev, c, sets)
	if err != nil {
		t.Fatal(err)
	}
	dev.free = uint64(full.Total()) * 3 / 4
	_, err = Run(context.Background(), dev, c, sets, Options{})
	if !errors.Is(err, backend.ErrOutOfMemory) || dev.taken != 0 {
		t.Fatalf("Run: %v with %d bytes taken, want out of memory before anything is", err, dev.taken)
	}
	n := full.LargestBatch(dev.free, int(c.Batch))
	if n < 1 || n >= int(c.Batch) || !strings.Contains(err.Error(), fmt.Sprintf("the largest batch that fits is %d; Batch %d with Accumulate 2 ", n, 256/2)) {
		t.Errorf("the largest batch is %d, the error says %v", n, err)
	}
	if c.Batch = settings.Number(n + 1); checkMemory(dev, c, sets) == nil {
		t.Errorf("a batch of %d fits", n+1)
	}
	c.Batch = settings.Number(n)
	result, err := Run(context.Background(), dev, c, sets, Options{})
	if err != nil {
		t.Fatalf("with a batch of %d: %v", n, err)
	}
	result.Model.Close()
	dev.free = uint64(full.Data)
	if err := checkMemory(dev, c, sets); err == nil || !strings.Contains(err.Error(), "even one of 1") {
		t.Errorf("without room for a model: %v", err)
	}
}

// A run that the host has no memory for is refused before anything is allocated, by a device that does not say what it
// has; with checkpoints it needs more.
func TestTooLittleMemoryOfTheHost(t *testing.T) {
	c, err := settings.Preset("ae")
	if err != nil {
		t.Fatal(err)
	}
	c.Hidden, c.Latent = settings.Widths{2 << 20, 1 << 20}, 32
	dev, sets := openCounting(t, 0), planSets()
	need := map[string]float64{}
	for what, o := range map[string]Options{"the training:": {}, "the training and its checkpoints:": {Dir: filepath.Join(t.TempDir(), "run")}} {
		_, err := Run(t.Context(), dev, c, sets, o)
		var host *hostmemory.Error
		if !errors.As(err, &host) || !errors.Is(err, backend.ErrOutOfMemory) || dev.taken != 0 || host.Free == 0 || !strings.Contains(err.Error(), what) {
			t.Fatalf("%s %v with %d bytes taken, want out of memory before anything is", what, err, dev.taken)
		}
		need[what] = host.Need
		if _, err := os.Stat(o.Dir); err == nil {
			t.Errorf("%s left its directory", what)
		}
	}
	if need["the training:"] >= need["the training and its checkpoints:"] {
		t.Errorf("needs %v", need)
	}
}
