//go:build cuda

package aegpu_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/aegpu/aegpu"
	"github.com/aegpu/aegpu/gpu/cudasim"
)

// TestAlgorithmsGoWithTheRun: a run that is gone on with on a device that has computed by other algorithms comes to the bits
// of one that was left alone, and the device computes by its own again in the next.
func TestAlgorithmsGoWithTheRun(t *testing.T) {
	if _, err := cudasim.Use(); err != nil {
		t.Skip(err)
	}
	rows, s := must(aegpu.Read("testdata/waves.csv")), aegpu.Settings{Hidden: aegpu.Widths{8}, Latent: 2, Epochs: 3, Batch: 10}
	open := func(fast string) aegpu.Device {
		t.Setenv("XDG_CACHE_HOME", t.TempDir())
		t.Setenv("AEGPU_CUDASIM_FAST_ALGORITHM", fast)
		dev := must(aegpu.Open("0"))
		t.Cleanup(func() {
			if err := dev.Close(); err != nil {
				t.Error(err)
			}
		})
		return dev
	}
	fit := func(dev aegpu.Device, how ...aegpu.Option) []byte {
		t.Helper()
		m := must(aegpu.Fit(dev, rows, s, how...))
		defer m.Close()
		file := filepath.Join(t.TempDir(), "model.safetensors")
		if err := m.Save(file); err != nil {
			t.Fatal(err)
		}
		return must(os.ReadFile(file))
	}
	dir, dev := t.TempDir(), open("1")
	want := fit(dev)
	ctx, stop := context.WithCancel(t.Context())
	_, err := aegpu.Fit(dev, rows, s, aegpu.InDirectory(dir), aegpu.WithContext(ctx), aegpu.OnProgress(func(aegpu.Progress) { stop() }))
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	dev = open("3")
	other := fit(dev)
	if bytes.Equal(other, want) {
		t.Error("both algorithms round the same: the test shows nothing")
	}
	if !bytes.Equal(fit(dev, aegpu.InDirectory(dir), aegpu.Resuming()), want) {
		t.Error("the run that was gone on with made another model")
	}
	if !bytes.Equal(fit(dev), other) {
		t.Error("the next run did not compute by the device's own algorithms")
	}
}
