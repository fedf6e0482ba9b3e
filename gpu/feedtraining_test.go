//go:build cuda

package gpu

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/gpu/cudasim"
	"github.com/aegpu/aegpu/settings"
	aetrain "github.com/aegpu/aegpu/train"
)

// fedRun trains a stack of layers and a classifier in windows, and returns the model's file. A run that fails has none.
func fedRun(t *testing.T, wrap func(*Device) backend.Device) []byte {
	t.Helper()
	c, err := settings.Preset("stacked")
	if err != nil {
		t.Fatal(err)
	}
	c.Hidden, c.Latent, c.Batch, c.Epochs, c.PretrainEpochs, c.Test, c.Val, c.Window, c.Block = settings.Widths{6}, 3, 16, 2, 2, 0, 0.2, 32, 3
	c.Classifier, c.ClassifierEpochs = settings.FinetuneClassifier, 2
	set := &data.Set{Name: "waves", Rows: 110, Cols: 12, F32: floats(110 * 12), Classes: []string{"a", "b"}}
	for i := range set.Rows {
		set.Labels = append(set.Labels, int32(i%2))
	}
	sets, err := aetrain.Divide(&data.Source{Train: set}, c)
	if err != nil {
		t.Fatal(err)
	}
	d, dir := open(t, Options{}).(*Device), t.TempDir()
	res, err := aetrain.Run(t.Context(), wrap(d), c, sets, aetrain.Options{Dir: dir})
	if err == nil {
		res.Model.Close()
	}
	if closed := d.Close(); closed != nil {
		t.Error(closed)
	}
	if err != nil {
		t.Log(err)
		return nil
	}
	file, err := os.ReadFile(filepath.Join(dir, aetrain.ModelFile))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// A run whose windows come beside the steps is one whose windows are uploaded between them, with labels and in every phase.
// A wait that is left out makes another.
func TestRunInFedWindows(t *testing.T) {
	uploaded := func(d *Device) backend.Device { return struct{ backend.Device }{d} }
	fed := func(d *Device) backend.Device { return d }
	var want []byte
	eachOrder(t, func(t *testing.T, _ *cudasim.Sim) {
		want = fedRun(t, uploaded)
		if got := fedRun(t, fed); want == nil || !bytes.Equal(got, want) {
			t.Error("the models differ")
		}
	})
	for order, drop := range map[string]string{"late": "join", "early": "fork"} {
		simulator(t)
		t.Setenv("AEGPU_CUDASIM_GRAPH_ORDER", order)
		t.Setenv("AEGPU_CUDASIM_DROP_WAITS", drop)
		t.Setenv(oneStreamEnv, "1") // no other waits
		if got := fedRun(t, fed); bytes.Equal(got, want) {
			t.Errorf("%s, without what is waited for by a %s: the model is the same", order, drop)
		}
	}
}

// What is planned of the device's memory for data is what the windows take, with labels.
func TestPlanOfFedWindows(t *testing.T) {
	sim := device(t)
	d := open(t, Options{}).(*Device)
	set := &data.Set{Name: "waves", Rows: 110, Cols: 12, F32: floats(110 * 12)}
	c, err := settings.Preset("ae")
	if err != nil {
		t.Fatal(err)
	}
	c.Hidden, c.Latent, c.Batch, c.Val, c.Test = settings.Widths{6}, 3, 16, 0, 0
	sets, err := aetrain.Divide(&data.Source{Train: set}, c)
	if err != nil {
		t.Fatal(err)
	}
	planned := func(window int) int {
		c.Window = window
		m, err := aetrain.Plan(d, c, sets)
		if err != nil {
			t.Fatal(err)
		}
		return m.Data
	}
	if whole, window := planned(0), planned(32); whole != 4*110*12 || window != 2*4*32*12 {
		t.Errorf("%d bytes are planned for all rows, %d for windows", whole, window)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	sound(t, sim)
}
