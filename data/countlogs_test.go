package data

import (
	"math"
	"math/rand/v2"
	"testing"
)

// someCounts is a table of 100 rows of two columns of counts, one of which has gaps, and a real one.
func someCounts() *Set {
	rng := rand.New(rand.NewPCG(3, 1))
	s := &Set{Name: "counts", Rows: 100, Cols: 3, Columns: []Column{{Name: "n", Kind: Count}, {Name: "x"}, {Name: "m", Kind: Count}}, Gaps: true}
	for i := range s.Rows {
		m := math.Floor(100 * rng.ExpFloat64())
		if i%7 == 0 {
			m = math.NaN()
		}
		s.F32 = append(s.F32, float32(rng.IntN(9)), float32(rng.NormFloat64()), float32(m))
	}
	return s
}

// Counts that are made by way of ln(1+x) are the same numbers to the encoder and to the decoder but for missing cells, their
// errors are those of logarithms, in units of the variance of these, and what a model makes of them comes back as counts.
func TestCountsByWayOfLogarithms(t *testing.T) {
	s := someCounts()
	rows, targets := both(t, s, ColumnOptions{Counts: []bool{true, false, true}, Logs: true})
	x, y := applied(t, rows, s), applied(t, targets, s)
	errors, near := make([]float64, s.Cols), make([]float32, s.Cols)
	for i := range s.Rows {
		for j := range s.Cols {
			switch missing := s.At(i, j) != s.At(i, j); {
			case missing && (x.At(i, j) != 0 || y.At(i, j) == y.At(i, j)):
				t.Fatalf("row %d, column %d: a missing cell is seen as %g, and %g to be made", i, j, x.At(i, j), y.At(i, j))
			case !missing && x.At(i, j) != y.At(i, j):
				t.Fatalf("row %d, column %d: %g is seen, and %g to be made", i, j, x.At(i, j), y.At(i, j))
			}
			near[j] = float32(x.At(i, j)) + 0.5
		}
		targets.SquaredErrors(errors, s, i, near)
		for j, e := range errors { // half a deviation off; 1e-5 for float32
			if v := s.At(i, j); v == v && !(math.Abs(e-0.25) <= 1e-5) {
				t.Fatalf("row %d, column %d: an error of %g variances, expected 1/4", i, j, e)
			}
		}
	}
	for j := range s.Cols {
		if _, deviation, _ := moments(column(y, j)); math.Abs(deviation-1) > 1e-5 || math.Abs(targets.Deviations()[j]-targets.Scale[j]) > 1e-12 {
			t.Errorf("column %d deviates by %g, %g in raw units, scaled by %g", j, deviation, targets.Deviations()[j], targets.Scale[j])
		}
	}
	back, err := targets.Undo(y.F32)
	if err != nil {
		t.Fatal(err)
	}
	sameTable(t, s, back)
}

// Whatever comes out of a model is a count: rounded, and 0 where it is below.
func TestMadeCountsAreWhole(t *testing.T) {
	s := someCounts()
	_, targets := both(t, s, ColumnOptions{Counts: []bool{true, false, true}, Logs: true})
	rng := rand.New(rand.NewPCG(5, 1))
	out := make([]float32, 300*s.Cols)
	for i := range out {
		out[i] = float32(4 * rng.NormFloat64())
	}
	out[0], out[2] = 300, -300 // far beyond float32, and below any count
	made, err := targets.Undo(out)
	if err != nil {
		t.Fatal(err)
	}
	zeros := 0
	for i := range made.Rows {
		for _, j := range []int{0, 2} {
			v := made.At(i, j)
			if !(v >= 0) || v != math.Trunc(v) || math.IsInf(v, 0) {
				t.Fatalf("row %d, column %d: %g is no count", i, j, v)
			}
			if v == 0 {
				zeros++
			}
			want := math.Expm1(float64(out[i*s.Cols+j])*targets.Scale[j] + targets.Shift[j])
			if want > 0 && want < 1e6 && math.Abs(v-want) > 0.5+1e-3 {
				t.Fatalf("row %d, column %d: %g, expected %g, rounded", i, j, v, want)
			}
		}
	}
	if zeros == 0 {
		t.Error("no number was below 0")
	}
}
