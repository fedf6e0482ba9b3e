package data

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"gopkg.in/yaml.v3"
)

// columns has a common column, one far from zero, and a constant one that no binary fraction holds.
func columns() *Set {
	return &Set{Name: "columns", Rows: 4, Cols: 3, F32: []float32{
		-1, 1000001, 0.1,
		0, 1000002, 0.1,
		2, 1000003, 0.1,
		5, 1000007, 0.1,
	}}
}

func TestScalerMapsColumns(t *testing.T) {
	for _, kind := range []string{"minmax", "standard"} {
		sc, err := FitScaler(kind, columns())
		if err != nil {
			t.Fatal(err)
		}
		if sc.Scale[2] != 1 || sc.Shift[2] != 0.1 {
			t.Errorf("%s: a constant column has shift %v and scale %v, want 0.1 and 1", kind, sc.Shift[2], sc.Scale[2])
		}
		out, err := sc.Apply(columns())
		if err != nil {
			t.Fatal(err)
		}
		for j := range 2 {
			var sum, squares float64
			lo, hi := math.Inf(1), math.Inf(-1)
			for i := range 4 {
				v := float64(out.F32[i*3+j])
				sum, squares, lo, hi = sum+v, squares+v*v, min(lo, v), max(hi, v)
			}
			if kind == "minmax" && (lo != 0 || hi > 1 || hi < 1-1e-6) {
				t.Errorf("minmax: column %d goes from %v to %v", j, lo, hi)
			}
			// The shift is a float32, which is 0.03 apart from the mean of column 1 at most.
			if kind == "standard" && (math.Abs(sum) > 0.1 || math.Abs(squares/4-1) > 1e-2) {
				t.Errorf("standard: column %d has mean %v and mean square %v", j, sum/4, squares/4)
			}
		}
		back, err := sc.Invert(out)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range back.F32 {
			if want := columns().F32[k]; math.Abs(float64(v-want)) > 1e-6*math.Abs(float64(want))+1e-6 {
				t.Errorf("%s: value %d came back as %v, want %v", kind, k, v, want)
			}
		}
	}
}

// Cross-entropy needs data in [0,1]: not a hair above, whatever the range is.
func TestMinMaxNeverExceedsOne(t *testing.T) {
	x := float32(0.1)
	for range 5000 {
		x = x*1.0173 + 1e-3
		if x > 1e30 {
			x = 1e-20
		}
		s := &Set{Rows: 2, Cols: 1, F32: []float32{-x / 3, x}}
		sc, err := FitScaler("minmax", s)
		if err != nil {
			t.Fatal(err)
		}
		out, _ := sc.Apply(s)
		if lo, hi := out.Range(); lo != 0 || hi > 1 || hi < 1-1e-6 {
			t.Fatalf("%v to %v maps to %v to %v", -x/3, x, lo, hi)
		}
	}
}

func TestScalerReadsBytesAndSurvivesYAMLAndJSON(t *testing.T) {
	sc, err := FitScaler("minmax", small())
	if err != nil {
		t.Fatal(err)
	}
	want, _ := sc.Apply(small())
	var y, j Scaler
	text, err := yaml.Marshal(sc)
	if err == nil {
		err = yaml.Unmarshal(text, &y)
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err = json.Marshal(sc)
	if err == nil {
		err = json.Unmarshal(text, &j)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, again := range map[string]*Scaler{"yaml": &y, "json": &j} {
		got, err := again.Apply(small())
		if err != nil || !slices.Equal(got.F32, want.F32) || !slices.Equal(got.Labels, want.Labels) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, want)
		}
	}
}

func TestScalerRefuses(t *testing.T) {
	_, err := FitScaler("max", columns())
	wantError(t, err, "none, minmax or standard")
	_, err = FitScaler("minmax", &Set{Name: "empty", Cols: 2})
	wantError(t, err, "no rows")
	_, err = FitScaler("minmax", &Set{Rows: 2, Cols: 1, F32: []float32{-3e38, 3e38}})
	wantError(t, err, "column 1", "range")
	sc, _ := FitScaler("standard", columns())
	_, err = sc.Apply(counted(3))
	wantError(t, err, "1 columns: expected 3")
	for _, bad := range []Scaler{
		{}, {Kind: "minmax"}, {Kind: "none", Shift: []float32{1}},
		{Kind: "minmax", Shift: []float32{1}, Scale: []float32{0}},
		{Kind: "standard", Shift: []float32{float32(math.NaN())}, Scale: []float32{1}},
	} {
		wantError(t, bad.Validate(), "expected")
	}
	s := columns()
	none, err := FitScaler("none", s)
	if err != nil {
		t.Fatal(err)
	}
	if same, err := none.Apply(s); same != s || err != nil {
		t.Errorf("none: %v, %v", same, err)
	}
}
