//go:build cuda

package gpu

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/gpu/cudasim"
	"github.com/aegpu/aegpu/settings"
	aetrain "github.com/aegpu/aegpu/train"
)

// hostRun trains on the simulator and returns the model's file.
func hostRun(t *testing.T, ctx context.Context, wrap func(*Device) backend.Device, dir string, progress func(aetrain.Progress)) ([]byte, error) {
	t.Helper()
	c, err := settings.Preset("denoising")
	if err != nil {
		t.Fatal(err)
	}
	c.Hidden, c.Latent, c.Batch, c.Epochs, c.Test, c.Val = settings.Widths{6}, 3, 16, 3, 0, 0.2
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
