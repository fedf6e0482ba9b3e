package model

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/data"
)

// EncodeDeviations gives the codes of Encode, and exp(l/2) behind them with l within its bounds; rows keep their names.
func TestDeviationsStandBesideCodes(t *testing.T) {
	m, err := New(ref64.New(), Spec{Inputs: 2, Latent: 2, Code: Gaussian{}, Likelihood: GaussianNLL{}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	w := []float32{1, 0, 0, 1, 2, 0, 0, 1000} // mu = x, l = (2 x0, 1000 x1 - 3)
	set(t, m, "encoder.0.weight", w)
	set(t, m, "encoder.0.bias", []float32{0, 0, 0, -3})
	s := &data.Set{Name: "rows", Rows: 3, Cols: 2, F32: []float32{0.5, 0, -1, 1, 0.25, -1}, IDs: []string{"a", "b", "c"}, IDName: "deviation_1", Labels: []int32{0, 1, 0}, Classes: []string{"x", "y"}, LabelName: "kind"}
	got, err := m.EncodeDeviations(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	codes, err := m.Encode(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	want := [][2]float64{{math.Exp(0.5), math.Exp(-1.5)}, {math.Exp(-1), math.Exp(20.0 / 2)}, {math.Exp(0.25), math.Exp(-20.0 / 2)}}
	for i := range s.Rows {
		if !slices.Equal(got.F32[4*i:4*i+2], codes.F32[2*i:2*i+2]) {
			t.Errorf("row %d: codes %v, expected %v", i, got.F32[4*i:4*i+2], codes.F32[2*i:2*i+2])
		}
		for j, v := range want[i] {
			if d := float64(got.F32[4*i+2+j]); !(math.Abs(d-v) <= 1e-6*v) { // rounded to float32, l too
				t.Errorf("row %d: deviation %d is %g, expected %g", i, j, d, v)
			}
		}
	}
	var names []string
	for _, c := range got.Columns {
		names = append(names, c.Name)
	}
	if !slices.Equal(names, []string{"code_0", "code_1", "deviation_0", "deviation_1"}) || got.Cols != 4 || got.Validate() != nil ||
		got.IDName != "" || !slices.Equal(got.IDs, s.IDs) || got.LabelName != "kind" {
		t.Errorf("columns %q, ids %q in %q", names, got.IDs, got.IDName)
	}
	plain, err := New(ref64.New(), Spec{Inputs: 2, Latent: 2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plain.EncodeDeviations(t.Context(), s); !errors.Is(err, ErrNotDrawn) {
		t.Errorf("of a code that is not drawn: %v", err)
	}
}
