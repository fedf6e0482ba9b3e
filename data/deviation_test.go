package data

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

// things is a table of two numbers, an answer and a category.
func things(t *testing.T) *Set {
	t.Helper()
	s, err := NewTable("things",
		Numbers("far", []float64{1e12, 1e12 + 2, 1e12 + 4, 1e12 + 6}), Numbers("same", []float64{7, 7, 7, 7}),
		YesNos("yes", []bool{true, false, false, false}), Texts("colour", []string{"red", "blue", "red", "green"}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Standardised, a reconstruction that is the mean of the training rows has an error of 1 a column, whatever the scaling.
func TestErrorsAreInUnitsOfTheVariance(t *testing.T) {
	s := things(t)
	for _, scaling := range []Scaling{ScaleNone, ScaleMinMax, ScaleStandard} {
		p, err := FitPreparation(s, PreparationOptions{Scaling: scaling})
		if err != nil {
			t.Fatal(err)
		}
		want := []float64{math.Sqrt(5), 1, math.Sqrt(3) / 4, math.Sqrt(1 - 0.25 - 2./16)}
		for j, d := range p.Deviations() {
			if math.Abs(d-want[j]) > 1e-12 {
				t.Errorf("%v: deviation of column %d is %g: expected %g", scaling, j, d, want[j])
			}
		}
		if scaling == ScaleNone {
			continue // 1e12 is blurred on its way through float32
		}
		mean, sums, dst := make([]float32, p.Inputs()), make([]float64, 4), make([]float64, 4)
		x := make([]float32, 4*p.Inputs())
		p.Rows(x, s, 0, 4)
		for k, v := range x {
			mean[k%p.Inputs()] += v / 4
		}
		for i := range 4 {
			p.SquaredErrors(dst, s, i, mean)
			for j, e := range dst {
				sums[j] += e / 4
			}
		}
		for j, want := range []float64{1, 0, 1, 1} {
			if math.Abs(sums[j]-want) > 1e-6 {
				t.Errorf("%v: the mean leaves %g of column %d: expected %g", scaling, sums[j], j, want)
			}
		}
	}
}

// A value outside of the range that is clamped for the model counts in full.
func TestErrorsAreOfTheRawValue(t *testing.T) {
	s := &Set{Name: "few", Rows: 2, Cols: 1, F32: []float32{0, 1}}
	p, err := FitPreparation(s, PreparationOptions{Unit: true})
	if err != nil {
		t.Fatal(err)
	}
	var e [1]float64
	p.SquaredErrors(e[:], &Set{Rows: 1, Cols: 1, F32: []float32{11}}, 0, []float32{1})
	if want := 100 / 0.25; e[0] != want {
		t.Errorf("%g: expected %g", e[0], want)
	}
	p.SquaredErrors(e[:], &Set{Rows: 1, Cols: 1, F32: []float32{3e38}}, 0, []float32{1})
	if e[0] != math.MaxFloat32 {
		t.Errorf("%g: expected the largest float32", e[0])
	}
}

func TestDeviationsInFiles(t *testing.T) {
	p, err := FitPreparation(&Set{Name: "few", Rows: 2, Cols: 1, F32: []float32{0, 4}}, PreparationOptions{Scaling: ScaleMinMax})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(p)
	if err != nil || !strings.Contains(string(text), `"deviation":[2]`) {
		t.Fatalf("%s, %v", text, err)
	}
	for _, bad := range []string{`"deviation":[2,2]`, `"deviation":[0]`, `"deviation":[-1]`} {
		q := &Preparation{}
		if err := json.Unmarshal([]byte(strings.Replace(string(text), `"deviation":[2]`, bad, 1)), q); err != nil {
			t.Fatal(err)
		}
		if err := q.Validate(); err == nil || !strings.Contains(err.Error(), "deviation") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	old := *p
	old.Deviation = nil
	if old.Validate() != nil || old.Deviations() != nil {
		t.Error("a file without deviations is refused, or said to have some")
	}
	var e [1]float64
	old.SquaredErrors(e[:], &Set{Rows: 1, Cols: 1, F32: []float32{4}}, 0, []float32{0})
	if e[0] != 1 {
		t.Errorf("%g: expected the error in units of the scaling", e[0])
	}
	old.Scaling = ScaleStandard
	if d := old.Deviations(); len(d) != 1 || d[0] != 4 {
		t.Errorf("%v: expected the scale, which is the deviation", d)
	}
}

// The deviations of bytes are those of the same numbers as floats.
func TestDeviationsOfBytes(t *testing.T) {
	const rows = 1<<16 + 100 // more than one round of sums
	grey := &Set{Name: "grey", Rows: rows, Cols: 4, U8: make([]uint8, rows*4)}
	real := &Set{Name: "real", Rows: rows, Cols: 4, F32: make([]float32, rows*4)}
	for i := range rows {
		row := grey.U8[i*4 : i*4+4]
		row[0], row[1], row[2] = 255, uint8(i*i%256), 200
		if i == rows-1 {
			row[3] = 255 // in one row alone
		}
		grey.Row(real.F32[i*4:], i)
	}
	p, err := FitPreparation(grey, PreparationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	q, err := FitPreparation(real, PreparationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for j, d := range p.Deviations() {
		if want := q.Deviations()[j]; math.Abs(d-want) > 1e-6*want {
			t.Errorf("column %d: %g of bytes, %g of floats", j, d, want)
		}
	}
	if d := p.Deviations(); d[0] != 1 || d[2] != 1 {
		t.Errorf("%v: constant columns have 1", d)
	}
}
