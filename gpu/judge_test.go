//go:build cuda

package gpu

import (
	"math"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// TestJudge holds reconstructions and likelihoods of rows to the CPU's, for every kind of autoencoder.
func TestJudge(t *testing.T) {
	sim := device(t)
	s := &data.Set{Name: "rows", Rows: 11, Cols: 36, F32: make([]float32, 11*36)}
	for i := range s.F32 {
		s.F32[i] = float32(i*i%17) / 17
	}
	for _, v := range variants() {
		t.Run(v.Name, func(t *testing.T) {
			if sim != nil {
				sim.Reset()
			}
			judge := func(dev backend.Device) *model.Judged {
				m, err := model.New(dev, v.Spec, 3)
				if err != nil {
					t.Fatal(err)
				}
				j, err := m.Judge(t.Context(), s)
				if err != nil {
					t.Fatal(err)
				}
				m.Close()
				if err := dev.Close(); err != nil {
					t.Error(err)
				}
				return j
			}
			got, want := judge(open(t, Options{})), judge(onCPU(t))
			sound(t, sim)
			for i, y := range got.Y {
				if d := math.Abs(float64(y) - float64(want.Y[i])); !(d <= 1e-5*(1+math.Abs(float64(want.Y[i])))) {
					t.Fatalf("value %d is %g, on the CPU %g", i, y, want.Y[i])
				}
			}
			if (got.NLL == nil) != (want.NLL == nil) {
				t.Fatal("a likelihood on one device alone")
			}
			for i, v := range got.NLL {
				if d := math.Abs(v - want.NLL[i]); !(d <= 1e-5*(1+math.Abs(want.NLL[i]))) {
					t.Errorf("row %d: nll %g, on the CPU %g", i, v, want.NLL[i])
				}
			}
		})
	}
}
