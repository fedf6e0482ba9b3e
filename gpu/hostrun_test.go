//go:build cuda

package gpu

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/gpu/cudasim"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
	aetrain "github.com/aegpu/aegpu/train"
)

// hostRun trains on the simulator and returns the model's file.
func hostRun(t *testing.T, ctx context.Context, targets bool, wrap func(*Device) backend.Device, dir string, progress func(aetrain.Progress)) ([]byte, error) {
	t.Helper()
	c, err := settings.Preset("denoising")
	if err != nil {
		t.Fatal(err)
	}
	c.Hidden, c.Latent, c.Batch, c.Epochs, c.Test, c.Val = settings.Widths{6}, 3, 16, 3, 0, 0.2
	set := &data.Set{Name: "waves", Rows: 110, Cols: 12, U8: pixels(110, 12)}
	if targets {
		set.Target = &data.Set{Name: "targets", Rows: 110, Cols: 5, F32: floats(110 * 5)}
	}
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
func TestRunOnDataOnTheHost(t *testing.T) { runsOnTheHost(t, false) }

// So does one whose decoder is to make other data, which are on the host too.
func TestRunOnTargetsOnTheHost(t *testing.T) { runsOnTheHost(t, true) }

func runsOnTheHost(t *testing.T, targets bool) {
	eachOrder(t, func(t *testing.T, _ *cudasim.Sim) {
		resident := func(d *Device) backend.Device { return d }
		host := func(d *Device) backend.Device { return onHost{d} }
		want, err := hostRun(t, t.Context(), targets, resident, t.TempDir(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := hostRun(t, t.Context(), targets, host, t.TempDir(), nil); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%v; the model differs from that of resident data", err)
		}
		broken, sittings := t.TempDir(), 0
		for {
			ctx, cancel := context.WithCancel(t.Context())
			looks := 0
			got, err := hostRun(t, ctx, targets, host, broken, func(aetrain.Progress) {
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

// windowRun trains in windows of 32 rows and returns the model's file.
func windowRun(t *testing.T, ctx context.Context, targets bool, file, dir string, progress func(aetrain.Progress)) ([]byte, error) {
	t.Helper()
	c, err := settings.Preset("denoising")
	if err != nil {
		t.Fatal(err)
	}
	c.Hidden, c.Latent, c.Batch, c.Epochs, c.Test, c.Val, c.Window, c.Block = settings.Widths{6}, 3, 16, 3, 0, 0.2, 32, 3
	c.Data = filepath.Join(t.TempDir(), "waves.npy")
	if err := data.Write(c.Data, &data.Set{Rows: 110, Cols: 12, F32: floats(110 * 12)}); err != nil {
		t.Fatal(err)
	}
	if targets {
		c.Target = settings.List{file}
	}
	sets, err := aetrain.Load(ctx, c)
	if err != nil {
		return nil, err
	}
	d := open(t, Options{}).(*Device)
	res, err := aetrain.Run(ctx, d, c, sets, aetrain.Options{Dir: dir, Resume: true, Progress: progress})
	if err == nil {
		res.Model.Close()
	}
	if closed := d.Close(); closed != nil {
		t.Error(closed)
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, aetrain.ModelFile))
}

// A run in windows, of data on disk or in memory, and one that is interrupted again and again, write the same bytes.
func TestRunInWindows(t *testing.T) { runsInWindows(t, false) }

// So does one whose decoder is to make other data.
func TestRunInWindowsOfTargets(t *testing.T) { runsInWindows(t, true) }

func runsInWindows(t *testing.T, targets bool) {
	file := filepath.Join(t.TempDir(), "targets.npy")
	if err := data.Write(file, &data.Set{Rows: 110, Cols: 5, F32: floats(110 * 5)}); err != nil {
		t.Fatal(err)
	}
	eachOrder(t, func(t *testing.T, _ *cudasim.Sim) {
		windowed := func(ctx context.Context, disk *data.Disk, dir string, progress func(aetrain.Progress)) ([]byte, error) {
			return windowRun(t, data.WithDisk(ctx, disk), targets, file, dir, progress)
		}
		want, err := windowed(t.Context(), nil, t.TempDir(), nil)
		if err != nil {
			t.Fatal(err)
		}
		disk := data.NewDisk(0, t.TempDir())
		defer disk.Close()
		if got, err := windowed(t.Context(), disk, t.TempDir(), nil); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%v; the model of rows on disk differs", err)
		}
		broken := t.TempDir()
		for sittings := 1; ; sittings++ {
			ctx, cancel := context.WithCancel(t.Context())
			got, err := windowed(ctx, disk, broken, func(aetrain.Progress) { cancel() })
			cancel()
			if err == nil {
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

// floats are numbers between -1 and 1.
func floats(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(math.Sin(float64(i * i)))
	}
	return v
}

// A step on rows that were uploaded to a window is that on resident rows of the same order.
func TestWindowIsAsResident(t *testing.T) {
	eachOrder(t, func(t *testing.T, _ *cudasim.Sim) {
		const rows, cols, held = 40, 12, 64
		spec := model.Spec{Inputs: cols, Hidden: []int{6}, Latent: 3}
		trained := func(windowed bool) []float32 {
			d := open(t, Options{}).(*Device)
			var left []interface{ Free() }
			defer func() {
				for _, l := range left {
					l.Free()
				}
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			}()
			m, err := model.New(d, spec, 1)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			all := floats(2 * rows * cols)
			var tr *model.Training
			var window backend.Tensor
			for k := range 2 {
				x := all[k*rows*cols:][:rows*cols]
				if tr == nil || !windowed {
					n := rows
					if windowed {
						n = held
					}
					place, err := d.Alloc(n, cols)
					if err != nil {
						t.Fatal(err)
					}
					if tr, err = m.NewTraining(model.Resident{Rows: place.Data()}, model.TrainingOptions{Batch: 8, Steps: 5, Optimiser: backend.Optimiser{Kind: backend.SGD}}); err != nil {
						t.Fatal(err)
					}
					window, left = place, append(left, place.Mem)
					defer tr.Close()
				}
				d.Upload(window.Top(rows), x)
				tr.DrawFrom(rows)
				tr.SetTime(backend.Time{Seed: 3, Epoch: uint64(k), Step: uint64(5 * k)}, slices.Repeat([]backend.Hyper{{LR: 0.1}}, 5))
				if err := tr.Launch(8, 5); err != nil {
					t.Fatal(err)
				}
			}
			v := make([]float32, m.FlatSize())
			d.Download(v, m.Flat())
			if err := d.Sync(); err != nil {
				t.Fatal(err)
			}
			return v
		}
		if resident, windowed := trained(false), trained(true); !slices.Equal(resident, windowed) {
			t.Error("weights differ")
		}
	})
}
