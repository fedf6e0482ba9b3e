package data

import (
	"path/filepath"
	"slices"
	"testing"
)

func TestColumnsAreMatchedByName(t *testing.T) {
	ordered := open(t, filepath.Join("testdata", "pandas-index.csv"))
	reversed := open(t, filepath.Join("testdata", "columns-reversed.csv"))
	p := fitted(t, ordered, PreparationOptions{})
	want := applied(t, p, ordered)
	got, err := p.Match(reversed)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.F32, ordered.F32) || !slices.Equal(namesOf(got.Columns), namesOf(ordered.Columns)) || got == reversed {
		t.Error("the columns are not in the order that was fitted")
	}
	if x := applied(t, p, reversed); !slices.Equal(x.F32, want.F32) {
		t.Error("reversed columns are prepared otherwise")
	}
	if got, err := p.Match(ordered); err != nil || got != ordered {
		t.Errorf("the same columns are copied, %v", err)
	}
	plain := *ordered
	plain.Columns = nil
	if got, err := p.Match(&plain); err != nil || got != &plain {
		t.Errorf("columns without names: %v", err)
	}
}

func TestMatchSaysWhatDiffers(t *testing.T) {
	named := func(names ...string) *Set {
		return &Set{Name: "t.csv", Rows: 1, Cols: len(names), F32: make([]float32, len(names)), Columns: columnsNamed(names)}
	}
	p := fitted(t, named("a", "b", "c"), PreparationOptions{})
	for _, c := range []struct {
		s     *Set
		words []string
	}{
		{named("a", "b", "d"), []string{"t.csv: other columns", `missing "c"`, `new "d"`}},
		{named("a", "b"), []string{"t.csv has rows of 2 numbers: expected 3", `missing "c"`}},
		{named("a", "b", "b"), []string{`missing "c"`, `new "b"`}},
		{&Set{Name: "u", Rows: 1, Cols: 4, F32: make([]float32, 4)}, []string{"u has rows of 4 numbers: expected 3, as"}},
		{&Set{Name: "v", Rows: 1, Cols: 3, F32: make([]float32, 2)}, []string{"v: 2 values"}},
		{named("1", "2", "3", "4", "5", "6", "7", "8", "9", "10"), []string{`"8" and 2 more`}},
	} {
		_, err := p.Match(c.s)
		wantError(t, err, c.words...)
	}
	p = fitted(t, named("a", "a", "b"), PreparationOptions{})
	if _, err := p.Match(named("a", "a", "b")); err != nil {
		t.Error(err)
	}
	_, err := p.Match(named("b", "a", "a"))
	wantError(t, err, "some names stand for several columns")
	_, err = (&Preparation{}).Match(named("a"))
	wantError(t, err, "preparation: scaling auto")
}

func TestLevelsAreMatchedByName(t *testing.T) {
	table := func(columns ...Values) *Set {
		s, err := NewTable("new", columns...)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	p := fitted(t, mixed(t), PreparationOptions{})
	s := table(
		YesNos("member", []bool{true, false}), Texts("colour", []string{"blue", "red"}, "pink", "blue", "red"),
		Numbers("visits", []float64{2, 4}), Numbers("height", []float64{1.5, 1.6}))
	m, err := p.Match(s)
	if err != nil {
		t.Fatal(err)
	}
	if m.At(0, 1) != 2 || m.At(1, 1) != 0 || !slices.Equal(m.Columns[1].Levels, []string{"red", "green", "blue"}) {
		t.Errorf("levels %v of %q", m, m.Columns[1].Levels)
	}
	if s.At(0, 1) != 1 || len(s.Columns[1].Levels) != 3 || s.Columns[1].Levels[0] != "pink" {
		t.Error("Match changed the set")
	}
	ok := Texts("colour", []string{"blue", "red"})
	height, visits, member := Numbers("height", []float64{1, 2}), Counts("visits", []float64{1, 2}), YesNos("member", []bool{true, true})
	for _, c := range []struct {
		s     *Set
		words []string
	}{
		{table(height, Texts("colour", []string{"red", "pink"}), visits, member), []string{`new: row 2: column 2 ("colour"): level "pink"`, `"red" "green" "blue"`}},
		{table(height, Numbers("colour", []float64{0, 1}), visits, member), []string{`column 2 ("colour")`, "kind real: expected category"}},
		{table(Texts("height", []string{"a", "b"}), ok, visits, member), []string{`column 1 ("height")`, "kind category: expected real"}},
		{table(height, ok, visits, Numbers("member", []float64{0, 2})), []string{`row 2: column 4 ("member"): 2: expected 0 (no) or 1 (yes)`}},
		{&Set{Name: "plain", Rows: 1, Cols: 4, F32: []float32{1, 3, 1, 1}}, []string{"plain: row 1: column 2", "one of 3 levels"}},
		{&Set{Name: "grey", Rows: 1, Cols: 4, U8: []uint8{1, 3, 1, 1}}, []string{"grey: row 1: column 2"}},
	} {
		_, err := p.Match(c.s)
		wantError(t, err, c.words...)
	}
	if _, err := p.Apply(&Set{Name: "plain", Rows: 1, Cols: 4, F32: []float32{1, 2, 1, 1}}); err != nil {
		t.Error(err)
	}
}

// Under Unit only numbers have to lie within [0, 1], not the places of levels.
func TestUnitLooksAtNumbersOnly(t *testing.T) {
	s, err := NewTable("levels", Numbers("x", []float64{0, 0.5, 1, 0.2, 0.3}), Texts("grade", []string{"a", "b", "c", "d", "e"}))
	if err != nil {
		t.Fatal(err)
	}
	p := fitted(t, s, PreparationOptions{Unit: true})
	if x := applied(t, p, s); x.Cols != 6 {
		t.Errorf("%d columns", x.Cols)
	}
	fresh, err := NewTable("fresh", Numbers("x", []float64{0.5}), Texts("grade", []string{"z"}, "v", "w", "x", "y", "z"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Apply(fresh)
	wantError(t, err, `level "z" was not there`)
}
