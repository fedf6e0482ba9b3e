package data

import (
	"math"
	"testing"
)

// Rows as an encoder sees them are those that a decoder makes, translated; and neither is rounded on its way to raw units.
func TestRowsInOtherTerms(t *testing.T) {
	var heights, visits []float64
	var colours []string
	var members []bool
	for i := range 15 {
		heights, visits = append(heights, float64(i*i%7)), append(visits, float64(i*i%13))
		colours, members = append(colours, []string{"red", "green", "blue"}[i%3]), append(members, i%4 == 0)
	}
	s, err := NewTable("many", Numbers("height", heights), Texts("colour", colours), Counts("visits", visits), YesNos("member", members))
	if err != nil {
		t.Fatal(err)
	}
	rows, targets, err := FitColumns(s, ColumnOptions{Counts: []bool{false, false, true, false}})
	if err != nil {
		t.Fatal(err)
	}
	x, want := applied(t, rows, s), applied(t, targets, s)
	if err := rows.Translate(x.F32, targets); err != nil {
		t.Fatal(err)
	}
	for i, v := range x.F32 {
		if !(math.Abs(float64(v-want.F32[i])) <= 1e-5) {
			t.Errorf("value %d is %g: expected %g", i, v, want.F32[i])
		}
	}
	half, got := make([]float32, rows.Inputs()), make([]float64, 4)
	for _, c := range []struct{ logarithm, visits float64 }{{0.5, math.Expm1(0.5)}, {-3, 0}} {
		half[5] = float32((c.logarithm - rows.Shift[2]) / rows.Scale[2])
		half[1], half[2], half[6] = 0.4, 0.6, 0.25
		if rows.Numbers(got, half); !(math.Abs(got[0]-rows.Shift[0]) < 1e-6) || got[1] != 1 || !(math.Abs(got[2]-c.visits) < 1e-6) || got[3] != 0.25 {
			t.Errorf("%v: expected %g, 1, %g, 0.25", got, rows.Shift[0], c.visits)
		}
	}
	if err := rows.Translate(x.F32, IdentityPreparation(3)); err == nil {
		t.Error("other columns are taken for the same")
	}
}
