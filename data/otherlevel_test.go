package data

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// cities is a table with a city for so many rows each, and a number.
func cities(t testing.TB, rows map[string]int) *Set {
	t.Helper()
	var texts []string
	var numbers []float64
	for _, city := range sortedKeysOf(rows) {
		for range rows[city] {
			texts, numbers = append(texts, city), append(numbers, float64(len(numbers)))
		}
	}
	s, err := NewTable("cities", Numbers("n", numbers), Texts("city", texts))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sortedKeysOf(m map[string]int) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Levels of few cells become one, and there is always one for others.
func TestRareLevelsArePooled(t *testing.T) {
	for _, c := range []struct {
		rows   map[string]int
		levels string
		pooled string
	}{
		{map[string]int{"Oslo": 9, "Lyon": 5}, "Lyon Oslo (other)", ""},
		{map[string]int{"Oslo": 9, "Lyon": 4}, "Lyon Oslo (other)", ""},
		{map[string]int{"Oslo": 9, "Lyon": 4, "Rome": 1}, "Oslo (other)", "Lyon Rome"},
		{map[string]int{"Oslo": 9, "Lyon": 4, "Rome": 1, "(other)": 1}, "Oslo (other)", "Lyon Rome"},
		{map[string]int{"Oslo": 9, "(other)": 8}, "Oslo (other)", ""},
		{map[string]int{"Lyon": 4, "Rome": 1}, "(other)", "Lyon Rome"},
	} {
		s := cities(t, c.rows)
		rows, targets := both(t, s, ColumnOptions{})
		for _, p := range []*Preparation{rows, targets} {
			if got := p.Columns[1]; !got.Other || strings.Join(levelsSorted(got), " ") != strings.Join(levelsSorted(Column{Levels: strings.Fields(c.levels)}), " ") ||
				strings.Join(got.Pooled, " ") != c.pooled || got.Levels[len(got.Levels)-1] != otherLevel {
				t.Errorf("%v: levels %q, pooled %q", c.rows, got.Levels, got.Pooled)
			}
			if has(p.Said(), "city", "taken as (other)", `"Lyon"`) != (c.pooled != "") {
				t.Errorf("%v: said %q", c.rows, p.Said())
			}
			back, err := p.Undo(applied(t, p, s).F32)
			if err != nil {
				t.Fatal(err)
			}
			sameTable(t, s, back)
		}
		share := map[string]float64{}
		same := 0.0
		for city, n := range c.rows {
			if slices.Contains(strings.Fields(c.pooled), city) {
				city = otherLevel
			}
			share[city] += float64(n) / float64(s.Rows)
		}
		for _, v := range share {
			same += v * v
		}
		if d := rows.Deviations()[1]; same < 1 && !(d*d-(1-same) < 1e-12 && (1-same)-d*d < 1e-12) || same >= 1 && d != 1 {
			t.Errorf("%v: a deviation of %g", c.rows, d)
		}
	}
}

// levelsSorted are the levels in order.
func levelsSorted(c Column) []string {
	l := slices.Clone(c.Levels)
	slices.Sort(l)
	return l
}

// Levels that were not there in training are taken as "(other)" and said, however the rows come; but not by preparations
// without that level.
func TestNewLevelsAreTakenAsOther(t *testing.T) {
	train := cities(t, map[string]int{"Oslo": 9, "Lyon": 6, "Rome": 2, "Bonn": 1})
	p, _ := both(t, train, ColumnOptions{})
	later, err := NewTable("later", Texts("city", []string{"Graz", "Oslo", "Graz", "Rome", "(other)", "Linz", "Graz"}), Numbers("n", make([]float64, 7)))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"(other)", "Oslo", "(other)", "(other)", "(other)", "(other)", "(other)"}
	check := func(where string, s *Set) {
		t.Helper()
		m, err := p.Match(s)
		if err != nil {
			t.Fatal(where, err)
		}
		for i, city := range want {
			if got := m.Columns[1].Levels[int(m.At(i, 1))]; got != city {
				t.Errorf("%s: row %d is %q, want %q", where, i, got, city)
			}
		}
	}
	check("a set", later)
	swapped, err := later.rearranged([]int{1, 0})
	if err != nil {
		t.Fatal(err)
	}
	line := `city: "Graz" (3 rows), "Linz" (1 row) were not there in training: taken as (other)`
	if got := p.NewLevels(swapped); !slices.Equal(got, []string{line}) {
		t.Errorf("said %q", got)
	}
	disk := NewDisk(0, t.TempDir())
	defer disk.Close()
	on := *swapped
	on.disk = disk
	if on.F32, err = copyOf(disk, on.F32); err != nil {
		t.Fatal(err)
	}
	check("on disk", &on)
	for _, name := range []string{"a.csv", "a.parquet", "a.arrow", "a.tsv.gz"} {
		path := filepath.Join(t.TempDir(), name)
		if err := Write(path, later); err != nil {
			t.Fatal(err)
		}
		src := mustRead(t, path, Reading{As: p})
		if !slices.Contains(src.Doubts, line) {
			t.Errorf("%s: doubts %q", name, src.Doubts)
		}
		check(name, src.Train)
		old := fitted(t, train, PreparationOptions{})
		_, err := Read(t.Context(), path, Reading{As: old})
		wantError(t, err, `level "Graz" was not there when the preparation was fitted`)
	}
	_, err = fitted(t, train, PreparationOptions{}).Match(later)
	wantError(t, err, `level "Graz" was not there when the preparation was fitted`)
	src := mustRead(t, file(t, "one.csv", "city,n\nGraz,1\n,2\nOslo,3\n"), Reading{As: p})
	if want := `city: "Graz" (1 row) was not there in training: taken as (other)`; !slices.Contains(src.Doubts, want) || src.Train.MissingCells() != 1 {
		t.Errorf("doubts %q, %d cells missing", src.Doubts, src.Train.MissingCells())
	}
}

// Missing cells that take the most frequent level take it by its number among the levels that are left.
func TestMissingCellsTakeALevelThatIsLeft(t *testing.T) {
	text := "n,city\n"
	for i := range 40 {
		text += fmt.Sprintf("%d,%s\n", i*i%7, []string{"Aachen", "Oslo", "Oslo", "Lyon", ""}[i%5])
		if i < 3 {
			text += fmt.Sprintf("%d,A%d\n", i, i)
		}
	}
	s := mustRead(t, file(t, "gaps.csv", text), Reading{Types: []string{"city=category"}}).Train
	rows, _ := both(t, s, ColumnOptions{Missing: MissingMean})
	m, err := rows.Match(s)
	if err != nil || m.Gaps || rows.Columns[1].Levels[int(rows.Fill[1])] != "Oslo" || len(rows.Columns[1].Pooled) != 3 {
		t.Errorf("%v: missing cells take %v of %+v", err, rows.Fill, rows.Columns[1])
	}
}
