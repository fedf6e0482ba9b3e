package data

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
)

// both fits a pair and checks that files give it back.
func both(t testing.TB, s *Set, o ColumnOptions) (rows, targets *Preparation) {
	t.Helper()
	rows, targets, err := FitColumns(s, o)
	if err != nil {
		t.Fatal(err)
	}
	return throughJSON(t, rows), throughJSON(t, targets)
}

// throughJSON is a preparation as a file gives it back.
func throughJSON(t testing.TB, p *Preparation) *Preparation {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	q := &Preparation{}
	if err := json.Unmarshal(text, q); err != nil {
		t.Fatal(err)
	}
	if err := q.Validate(); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(q); err != nil || string(again) != string(text) {
		t.Fatalf("%v: %s came back as %s", err, text, again)
	}
	return q
}

// column is what a set has in a column.
func column(s *Set, j int) (values []float64) {
	for i := range s.Rows {
		values = append(values, s.At(i, j))
	}
	return values
}

// moments are the mean and the deviation of the values that are there, and how many are not.
func moments(values []float64) (mean, deviation float64, gaps int) {
	n := 0.0
	for _, v := range values {
		if v == v {
			n++
			mean += v
		}
	}
	mean /= n
	for _, v := range values {
		if v == v {
			deviation += (v - mean) * (v - mean) / n
		}
	}
	return mean, math.Sqrt(deviation), len(values) - int(n)
}

// Statistics are over the cells that are there; a missing one is seen as the mean and is NaN in the targets.
func TestColumnsWithGaps(t *testing.T) {
	for _, name := range []string{"missing.csv", "constant-and-missing.csv"} {
		s := reading(t, name, Reading{}).Train
		rows, targets := both(t, s, ColumnOptions{})
		x, y := applied(t, rows, s), applied(t, targets, s)
		if x.Gaps || !y.Gaps || rows.SameAs(targets, s) {
			t.Errorf("%s: gaps of rows %v, of targets %v", name, x.Gaps, y.Gaps)
		}
		gaps := 0
		for j := range s.Cols {
			mean, deviation, missing := moments(column(y, j))
			constant := name == "constant-and-missing.csv" && j == 1
			if math.Abs(mean) > 1e-6 || !constant && math.Abs(deviation-1) > 1e-6 || constant && (deviation != 0 || targets.Shift[j] != 0.5 || targets.Scale[j] != 1) {
				t.Errorf("%s: column %d has mean %g and deviation %g", name, j, mean, deviation)
			}
			gaps += missing
		}
		if gaps == 0 || gaps != s.MissingCells() {
			t.Errorf("%s: %d cells are missing of the targets, %d of the table", name, gaps, s.MissingCells())
		}
		for i := range x.F32 {
			if x.F32[i] != y.F32[i] && !(s.value(i) != s.value(i) && x.F32[i] == 0) {
				t.Fatalf("%s: value %d is %g in the rows and %g in the targets", name, i, x.F32[i], y.F32[i])
			}
		}
		errors := make([]float64, s.Cols)
		for i := range s.Rows {
			targets.SquaredErrors(errors, s, i, x.F32[i*s.Cols:])
			for j, e := range errors {
				if gap := s.At(i, j) != s.At(i, j); gap != (e != e) || e > 1e-12 {
					t.Fatalf("%s: row %d, column %d: an error of %g", name, i, j, e)
				}
			}
		}
		whole := s.Head(3)
		if whole.Gaps = true; rows.SameAs(targets, whole) != !whole.HasGaps() {
			t.Errorf("%s: rows without a gap are not the same as their targets", name)
		}
	}
}

// Of every kind of column, what a missing cell is seen as and that it is not to be made.
func TestGapsOfEveryKind(t *testing.T) {
	s := gappy()
	rows, targets := both(t, s, ColumnOptions{Counts: []bool{false, true, false, false, false}})
	x, y := applied(t, rows, s), applied(t, targets, s)
	at := 0
	for j, want := range [][]float64{{0}, {0}, {0}, {0}, {0}} { // of few rows, a category is all (other)
		for i := range s.Rows {
			for k, v := range want {
				if missing := s.At(i, j) != s.At(i, j); missing && (x.At(i, at+k) != float64(float32(v)) || y.At(i, at+k) == y.At(i, at+k)) || !missing && y.At(i, at+k) != y.At(i, at+k) {
					t.Errorf("row %d, column %d: %g is seen as %g, and %g to be made", i, j, s.At(i, j), x.At(i, at+k), y.At(i, at+k))
				}
			}
		}
		at += len(want)
	}
	back, err := targets.Undo(y.F32)
	if err != nil {
		t.Fatal(err)
	}
	sameTable(t, s, back)
	row := make([]float32, s.Cols)
	if targets.UndoRow(row, y.F32[:y.Cols]); row[1] != 0 || row[4] != 10 {
		t.Errorf("a row came back as %v", row)
	}
	if _, err := fitted(t, s.Head(1), PreparationOptions{}).Match(s); err == nil {
		t.Error("another preparation lets gaps through")
	}
}

// mixedTypes is the table of mixed types with its dates.
func mixedTypes(t testing.TB) *Set {
	t.Helper()
	src, err := Read(t.Context(), "testdata/mixed-types.csv", Reading{Types: []string{"joined=date"}})
	if err != nil {
		t.Fatal(err)
	}
	return src.Train
}

// A table of every kind: each column by its own likelihood, its counts as logarithms and as they are.
func TestColumnsOfMixedTypes(t *testing.T) {
	s := mixedTypes(t)
	counts := make([]bool, s.Cols)
	counts[4] = true
	rows, targets := both(t, s, ColumnOptions{Counts: counts})
	if got, want := strings.Join(namesOf(rows.inputColumns()), " "), "age city=Ghent city=Lyon city=Oslo city=Porto city=(other) smoker income visits joined"; s.IDs == nil || got != want {
		t.Errorf("inputs %s, want %s", got, want)
	}
	x, y := applied(t, rows, s), applied(t, targets, s)
	for i := range s.Rows {
		want := (math.Log1p(s.At(i, 4)) - rows.Shift[4]) / rows.Scale[4]
		if y.At(i, 8) != s.At(i, 4) || x.At(i, 8) != float64(float32(want)) || x.At(i, 6) != s.At(i, 2) || x.At(i, 5) != 0 {
			t.Fatalf("row %d: %v and %v of %v", i, x.F32[i*10:i*10+10], y.F32[i*10:i*10+10], column(s, 4)[i])
		}
	}
	if mean, deviation, _ := moments(column(x, 8)); math.Abs(mean) > 1e-6 || math.Abs(deviation-1) > 1e-6 {
		t.Errorf("logarithms of counts have mean %g and deviation %g", mean, deviation)
	}
	_, plain, _ := moments(column(s, 4))
	for p, deviation := range map[*Preparation]float64{rows: rows.Scale[4], targets: plain} { // of ln(1+x), and of counts
		if d := p.Deviations(); math.Abs(d[4]-deviation) > 1e-9 || p.Columns[4].Kind != Count {
			t.Errorf("the counts deviate by %g: expected %g", d[4], deviation)
		}
		seen := applied(t, p, s)
		back, err := p.Undo(seen.F32)
		if err != nil {
			t.Fatal(err)
		}
		sameTable(t, s, back)
		errors := make([]float64, s.Cols)
		m, err := p.Match(s)
		if err != nil {
			t.Fatal(err)
		}
		if p.SquaredErrors(errors, m, 0, seen.F32); !(slices.Max(errors) < 1e-9) {
			t.Errorf("errors %v of what was given", errors)
		}
	}
	if rows.SameAs(targets, s) || !has(rows.Said(), "ln(1+x)", "visits") || has(targets.Said(), "ln(1+x)") {
		t.Errorf("said %q, of targets %q", rows.Said(), targets.Said())
	}
	rows, targets = both(t, s, ColumnOptions{})
	if !rows.SameAs(targets, s) || !slices.Equal(applied(t, rows, s).F32, applied(t, targets, s).F32) {
		t.Error("without counts the preparations differ")
	}
}

// sameTable compares what came back with what went in, by levels as texts.
func sameTable(t testing.TB, s, back *Set) {
	t.Helper()
	if err := back.Validate(); err != nil && !s.HasGaps() {
		t.Fatal(err)
	}
	for i := range s.Rows {
		for j := range s.Cols {
			v, w := s.At(i, j), back.At(i, j)
			switch {
			case v != v || w != w:
				if v == v || w == w {
					t.Fatalf("row %d, column %d: %g came back as %g", i, j, v, w)
				}
			case s.kind(j) == Category:
				text, level := s.Columns[j].Levels[int(v)], back.Columns[j].Levels[int(w)]
				if text != level && !(level == otherLevel && slices.Contains(back.Columns[j].Pooled, text)) {
					t.Fatalf("row %d, column %d: %q came back as %q", i, j, text, level)
				}
			case s.kind(j) == Real || s.kind(j) == Date:
				if math.Abs(v-w) > 2e-6*max(math.Abs(v), back.spreadFor(j), 1e-30) {
					t.Fatalf("row %d, column %d: %v came back as %v", i, j, v, w)
				}
			case math.Abs(v-w) > 1e-6*v:
				t.Fatalf("row %d, column %d: %v came back as %v", i, j, v, w)
			}
		}
	}
}

// spreadFor is the largest absolute value of a column.
func (s *Set) spreadFor(j int) float64 {
	most := 0.0
	for i := range s.Rows {
		if v := math.Abs(s.At(i, j)); v > most {
			most = v
		}
	}
	return most
}

// A table of counts, with names and as an array; what is no count is refused where it is, then and later.
func TestColumnsOfCounts(t *testing.T) {
	table := reading(t, "row-names-counts.csv", Reading{}).Train
	array := &Set{Name: "array", Rows: table.Rows, Cols: table.Cols, F32: table.F32}
	all := slices.Repeat([]bool{true}, table.Cols)
	for _, s := range []*Set{table, array} {
		rows, targets := both(t, s, ColumnOptions{Counts: all})
		if y := applied(t, targets, s); !slices.Equal(y.F32, s.F32) || rows.Columns[3].Kind != Count {
			t.Errorf("%s: other counts", s.Name)
		}
		x := applied(t, rows, s)
		back, err := rows.Undo(x.F32)
		if err != nil || !slices.Equal(back.F32, s.F32) {
			t.Errorf("%s: %v: other counts came back", s.Name, err)
		}
		broken := *array
		broken.Name, broken.F32 = "broken", slices.Clone(s.F32)
		broken.F32[2*s.Cols+5] = 1.5
		for _, p := range []*Preparation{rows, targets} {
			_, err := p.Apply(&broken)
			wantError(t, err, "broken: row 3: column 6", "1.5", "expected a count")
		}
		broken.F32[2*s.Cols+5] = -1
		_, _, err = FitColumns(&broken, ColumnOptions{Counts: all})
		wantError(t, err, "broken: row 3: column 6", "-1", "expected a count")
	}
	_, _, err := FitColumns(array, ColumnOptions{Counts: all[:3]})
	wantError(t, err, "which of 3 columns")
	_, _, err = FitColumns(mixedTypes(t), ColumnOptions{Counts: []bool{false, true, false, false, false, false}})
	wantError(t, err, "kind category: expected numbers for counts")
	_, _, err = FitColumns(&Set{Name: "bytes", Rows: 1, Cols: 1, U8: []uint8{1}}, ColumnOptions{Counts: []bool{true}})
	wantError(t, err, "bytes")
}

// What is asked for is done: no scaling, the range, missing cells that take a value or are refused.
func TestColumnsAsAskedFor(t *testing.T) {
	s := reading(t, "missing.csv", Reading{}).Train
	for _, scaling := range []Scaling{ScaleNone, ScaleMinMax, ScaleStandard, ScaleRobust} {
		rows, targets := both(t, s, ColumnOptions{Scaling: scaling})
		x, y := applied(t, rows, s), applied(t, targets, s)
		back, err := targets.Undo(y.F32)
		if err != nil {
			t.Fatal(err)
		}
		sameTable(t, s, back)
		for j := range s.Cols {
			for i := range s.Rows {
				if v, w := x.At(i, j), y.At(i, j); v != w && !(w != w && v == 0) {
					t.Fatalf("%v: row %d: %g is seen, %g to be made", scaling, i, v, w)
				}
			}
		}
		if rows.Scaling != scaling || (scaling == ScaleRobust) != (rows.Robust != nil) {
			t.Errorf("%v: scaling %v, robust %v", scaling, rows.Scaling, rows.Robust)
		}
	}
	for _, missing := range []Missing{MissingMean, MissingMedian} {
		rows, targets := both(t, s, ColumnOptions{Missing: missing})
		if x, y := applied(t, rows, s), applied(t, targets, s); x.Gaps || y.Gaps || !slices.Equal(x.F32, y.F32) || !rows.SameAs(targets, s) {
			t.Errorf("%v leaves gaps", missing)
		}
	}
	_, _, err := FitColumns(s, ColumnOptions{Missing: MissingRefuse})
	wantError(t, err, "missing: expected a value")
	_, err = FitPreparation(s, PreparationOptions{Missing: MissingMask})
	wantError(t, err, "likelihood of its own")
	_, _, err = FitColumns(s, ColumnOptions{Missing: 9})
	wantError(t, err, "unknown treatment 9")
	_, _, err = FitColumns(s, ColumnOptions{Scaling: 9})
	wantError(t, err, "unknown scaling 9")
	none := gappy()
	for i := range none.Rows {
		none.F32[i*none.Cols+3] = float32(gap)
	}
	_, _, err = FitColumns(none, ColumnOptions{})
	wantError(t, err, `column 4 ("c")`, "no value in 4 rows")
}

// Without a gap and a wild row, the numbers are those of FitPreparation, bit for bit.
func TestColumnsAreStandardisedAsEver(t *testing.T) {
	s := stores()[0]
	p := fitted(t, s, PreparationOptions{Scaling: ScaleStandard})
	rows, targets := both(t, s, ColumnOptions{Scaling: ScaleStandard})
	if !slices.Equal(p.Shift, rows.Shift) || !slices.Equal(p.Scale, rows.Scale) || !rows.SameAs(targets, s) || !slices.Equal(applied(t, p, s).F32, applied(t, rows, s).F32) {
		t.Error("other numbers")
	}
	unit := &Set{Name: "unit", Rows: 2, Cols: 1, F32: []float32{0, 1}}
	if rows, _ := both(t, unit, ColumnOptions{}); rows.Scaling != ScaleStandard || rows.Shift[0] != 0.5 {
		t.Errorf("%+v: expected a scaling within [0,1], too", rows)
	}
}
