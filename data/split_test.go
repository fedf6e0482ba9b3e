package data

import (
	"math"
	"slices"
	"testing"
)

// counted is n rows that hold their own number.
func counted(n int) *Set {
	s := &Set{Name: "counted", Rows: n, Cols: 1, F32: make([]float32, n)}
	for i := range s.F32 {
		s.F32[i] = float32(i)
	}
	return s
}

func TestSplitHoldsOutTheSameRowsEverywhere(t *testing.T) {
	_, held := Split(counted(20), 7, 0.25)
	if want := []float32{0, 9, 11, 15, 17}; !slices.Equal(held.F32, want) {
		t.Errorf("seed 7 holds out %v, want %v", held.F32, want)
	}
}

func TestSplitParts(t *testing.T) {
	for _, c := range []struct {
		rows     int
		fraction float64
		held     int
	}{
		{10, 0.1, 1}, {10, 0.25, 3}, {3, 1e-9, 1}, {3, 1, 2}, {3, 5, 2}, {2, 0.5, 1}, {1000, 0.1, 100},
		{1, 0.5, 0}, {0, 0.5, 0}, {10, 0, 0}, {10, -1, 0}, {10, math.NaN(), 0},
	} {
		s := counted(c.rows)
		rest, held := Split(s, 3, c.fraction)
		if c.held == 0 {
			if rest != s || held != nil {
				t.Errorf("%d rows, %v: something was held out", c.rows, c.fraction)
			}
			continue
		}
		if held.Rows != c.held || !slices.IsSorted(held.F32) || !slices.IsSorted(rest.F32) {
			t.Errorf("%d rows, %v: held %v", c.rows, c.fraction, held.F32)
		}
		all := slices.Sorted(slices.Values(append(slices.Clone(rest.F32), held.F32...)))
		if !slices.Equal(all, s.F32) {
			t.Errorf("%d rows, %v: rest %v and held %v are not the rows", c.rows, c.fraction, rest.F32, held.F32)
		}
	}
}

func TestSplitIsFair(t *testing.T) {
	var times [10]int
	for seed := range uint64(4000) {
		_, held := Split(counted(10), seed, 0.3)
		for _, v := range held.F32 {
			times[int(v)]++
		}
	}
	for i, n := range times { // 1200 expected, deviation 29
		if n < 1200-150 || n > 1200+150 {
			t.Errorf("row %d was held out %d times of 4000 at fraction 0.3", i, n)
		}
	}
}
