package train

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/settings"
)

// A wide table whose code's size was found out starts as it does where the settings have that size: config.yaml has it.
func TestWideStartsAreByTheirSize(t *testing.T) {
	const rows, cols = 40, narrow + 12
	rng := rand.New(rand.NewPCG(3, 4))
	s := &data.Set{Name: "wide", Rows: rows, Cols: cols, F32: make([]float32, rows*cols)}
	for i := range rows {
		a, b := rng.NormFloat64(), rng.NormFloat64()
		for j := range cols {
			s.F32[i*cols+j] = float32(a*float64(j%7) + b*float64(j%3) + 0.3*rng.NormFloat64())
		}
	}
	c, err := settings.Preset("ae")
	if err != nil {
		t.Fatal(err)
	}
	c.Test = 0
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	var found, given *fittedPCA
	for _, known := range []bool{false, true} {
		sets, err := Divide(&data.Source{Train: s}, c)
		if err != nil {
			t.Fatal(err)
		}
		k := 2
		if !known {
			if k, _, err = sets.CodeSize(t.Context(), dev); err != nil {
				t.Fatal(err)
			}
		}
		p, err := sets.pcaOf(t.Context(), dev, k)
		if err != nil {
			t.Fatal(err)
		}
		if known {
			given = p
		} else if found = p; k != 2 {
			t.Fatalf("a code of %d of two factors", k)
		}
	}
	if !slices.Equal(found.is.Components, given.is.Components) || !slices.Equal(found.is.Variance, given.is.Variance) {
		t.Error("PCA of two components is another where their number was found out")
	}
}
