package data

import (
	"math"
	"strings"
	"testing"
)

// A constant column is turned back to its value, whatever comes out for it, and one that has two values is not, nor one of
// counts or without a scaling.
func TestConstantColumnsStayConstant(t *testing.T) {
	nan := math.NaN()
	s, err := NewTable("t", Numbers("c", []float64{1e-6, nan, 1e-6, 1e-6}), Numbers("pm", []float64{-1, 1, -1, 1}), Counts("n", []float64{3, 3, 3, 3}), Counts("k", []float64{4, 4, nan, 4}))
	if err != nil {
		t.Fatal(err)
	}
	for _, scaling := range []Scaling{ScaleAuto, ScaleStandard, ScaleMinMax, ScaleRobust} {
		rows, targets := both(t, s, ColumnOptions{Scaling: scaling, Counts: []bool{false, false, true, false}})
		back, err := targets.Undo([]float32{0.5, 0.5, 2.6, -7})
		if err != nil {
			t.Fatal(err)
		}
		if got := []float64{back.At(0, 0), back.At(0, 2), back.At(0, 3)}; float32(got[0]) != 1e-6 || got[1] != 3 || got[2] != 4 {
			t.Errorf("%v: turned back to %v", scaling, got)
		}
		if targets.Constant[1] || math.Abs(back.At(0, 1)) == 1 || rows.Constant == nil {
			t.Errorf("%v: %v, %v of two values", scaling, targets.Constant, back.At(0, 1))
		}
		if y := applied(t, targets, s).F32; y[0] != 0 {
			t.Errorf("%v: prepared as %v", scaling, y[0])
		}
		targets.Constant = targets.Constant[:2]
		if err := targets.Validate(); err == nil || !strings.Contains(err.Error(), "2 marks of columns") {
			t.Errorf("%v", err)
		}
		targets.Constant = make([]bool, 4)
		targets.Shift, targets.Scale, targets.Scaling, targets.Robust = nil, nil, ScaleNone, nil
		if err := targets.Validate(); err == nil || !strings.Contains(err.Error(), "constant columns") {
			t.Errorf("%v", err)
		}
	}
	rows, _ := both(t, s, ColumnOptions{Scaling: ScaleNone})
	if rows.Constant != nil {
		t.Error("constant columns without a scaling")
	}
	if p := fitted(t, cities(t, map[string]int{"Oslo": 9, "Lyon": 5}), PreparationOptions{}); p.Constant != nil {
		t.Error("constant columns of a model of one likelihood")
	}
}
