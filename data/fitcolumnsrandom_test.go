package data

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// randomTable is a table of all kinds with gaps, wild rows and rare levels.
func randomTable(rng *rand.Rand) (*Set, []bool) {
	s := &Set{Name: "random", Rows: 40 + rng.IntN(100), Cols: 3 + rng.IntN(6), Gaps: true}
	counts, wide := make([]bool, s.Cols), rng.IntN(2) == 0
	share, scale := rng.Float64()*0.5, make([]float64, s.Cols)
	for j := range s.Cols {
		c := Column{Name: string(rune('a' + j)), Kind: Kind(rng.IntN(5))}
		if scale[j] = math.Exp(10 * rng.NormFloat64()); c.Kind == Category {
			for k := range 1 + rng.IntN(12) {
				c.Levels = append(c.Levels, string(rune('A'+k)))
			}
		}
		counts[j] = c.Kind == Count && rng.IntN(2) == 0
		s.Columns = append(s.Columns, c)
	}
	for i := range s.Rows {
		for j, c := range s.Columns {
			v := math.Round(1000 * rng.ExpFloat64())
			switch c.Kind {
			case Real:
				v = float64(float32(scale[j] * (1 + rng.NormFloat64())))
				if rng.IntN(30) == 0 {
					v *= 1e4
				}
			case YesNo:
				v = float64(rng.IntN(2))
			case Category:
				v = float64(rng.IntN(1 + rng.IntN(len(c.Levels))))
			}
			if i > 0 && rng.Float64() < share {
				v = math.NaN()
			}
			if s.F64 = append(s.F64, v); !wide {
				s.F32 = append(s.F32, float32(v))
			}
		}
	}
	if !wide {
		s.F64 = nil
	}
	return s, counts
}

// Whatever a table is like, what it is prepared as gives it back, and the encoder sees no NaN.
func TestRandomTablesComeBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(16, 1))
	for range 300 {
		s, counts := randomTable(rng)
		rows, targets := both(t, s, ColumnOptions{Scaling: Scaling(rng.IntN(5)), Counts: counts})
		for j, is := range counts {
			if v := targets.number(j, 77); is && v != 77 {
				t.Fatalf("a count of 77 is to be made as %g", v)
			}
		}
		y := applied(t, targets, s)
		back, err := targets.Undo(y.F32)
		if err != nil {
			t.Fatal(err)
		}
		sameTable(t, s, back)
		x := applied(t, rows, s)
		if slices.ContainsFunc(x.F32, func(v float32) bool { return v-v != 0 }) {
			t.Fatal("the encoder sees NaN")
		}
		seen, err := rows.Undo(x.F32)
		if err != nil {
			t.Fatal(err)
		}
		for i := range s.Rows { // a gap comes back as what stands for it
			for j := range s.Cols {
				if s.At(i, j) != s.At(i, j) {
					set(seen, i*s.Cols+j, math.NaN())
				}
			}
		}
		sameTable(t, s, seen)
		m, err := targets.Match(s)
		if err != nil {
			t.Fatal(err)
		}
		errors, in := make([]float64, s.Cols), targets.Inputs()
		for i := range s.Rows {
			targets.SquaredErrors(errors, m, i, y.F32[i*in:])
			for j, e := range errors {
				if (e != e) != (s.At(i, j) != s.At(i, j)) || e > 1e-8 {
					t.Fatalf("row %d, column %d: an error of %g for the row itself", i, j, e)
				}
			}
		}
	}
}

// set writes a number.
func set(s *Set, i int, v float64) {
	if s.F64 != nil {
		s.F64[i] = v
	} else {
		s.F32[i] = float32(v)
	}
}

// On disk the preparations have the bits that they have in memory.
func TestColumnsOnDisk(t *testing.T) {
	rng := rand.New(rand.NewPCG(16, 2))
	disk := NewDisk(0, t.TempDir())
	if disk == nil {
		t.Skip("no maps on this system")
	}
	defer disk.Close()
	for range 20 {
		s, counts := randomTable(rng)
		on := *s
		on.disk = disk
		var err error
		if s.F64 != nil {
			on.F64, err = copyOf(disk, s.F64)
		} else {
			on.F32, err = copyOf(disk, s.F32)
		}
		if err != nil {
			t.Fatal(err)
		}
		on.learn()
		a, b := pairText(t, s, counts), pairText(t, &on, counts)
		if a != b {
			t.Fatalf("on disk %s, in memory %s", b, a)
		}
		rows, targets := both(t, &on, ColumnOptions{Counts: counts})
		for _, p := range []*Preparation{rows, targets} {
			x, y := applied(t, p, s), applied(t, p, &on)
			if Fingerprint(x) != Fingerprint(y) {
				t.Fatal("other rows on disk")
			}
		}
	}
}

// pairText is a pair of preparations as files have them.
func pairText(t *testing.T, s *Set, counts []bool) string {
	t.Helper()
	rows, targets, err := FitColumns(s, ColumnOptions{Counts: counts})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal([]*Preparation{rows, targets})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
