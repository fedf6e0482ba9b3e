//go:build cuda

package gpu

import (
	"math"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
	aetrain "github.com/aegpu/aegpu/train"
)

// startedOn is what a model that starts from PCA makes of rows after an epoch in which it hardly learns, the size of its code
// being found out too.
func startedOn(t *testing.T, dev backend.Device, preset string, set *data.Set) (codes int, y []float32) {
	t.Helper()
	c, err := settings.Preset(preset)
	if err != nil {
		t.Fatal(err)
	}
	c.Hidden, c.Batch, c.Epochs, c.Test, c.Val, c.Init, c.LR = settings.Widths{40}, 16, 1, 0, 0, model.PCAInit, 1e-12
	sets, err := aetrain.Divide(&data.Source{Train: set}, c)
	if err != nil {
		t.Fatal(err)
	}
	res, err := aetrain.Run(t.Context(), dev, c, sets, aetrain.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Model.Close()
	made, err := res.Model.Reconstruct(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	return res.Model.Spec.Latent, made.F32
}

// A model starts from PCA on a GPU as it does on the CPU, of as many codes: what it makes of rows is the same, but for signs
// and turns of the codes that cancel.
func TestStartFromPCA(t *testing.T) {
	sim := device(t)
	for _, preset := range []string{"ae", "vae"} {
		t.Run(preset, func(t *testing.T) {
			set := &data.Set{Name: "few directions", Rows: 110, Cols: 12}
			for i := range set.Rows {
				for j := range set.Cols {
					set.F32 = append(set.F32, float32(math.Sin(float64(i*(1+j%3)))+0.1*math.Cos(float64(i*i*(j+1)))))
				}
			}
			host, err := cpu.Open(cpu.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer host.Close()
			want, y := startedOn(t, host, preset, set)
			d := open(t, Options{})
			codes, made := startedOn(t, d, preset, set)
			if err := d.Close(); err != nil {
				t.Error(err)
			}
			if codes != want || codes != 3 {
				t.Errorf("a code of %d, of %d on the CPU, want 3", codes, want)
			}
			for i, v := range made {
				if !(math.Abs(float64(v-y[i])) <= 1e-4) { // float32 sums of 110 rows, and of 12 and 40 weights of order 1
					t.Fatalf("row %d, column %d: %g, on the CPU %g", i/12, i%12, v, y[i])
				}
			}
			sound(t, sim)
		})
	}
}
