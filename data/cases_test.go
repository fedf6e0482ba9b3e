package data

import (
	"context"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// reading reads a file of testdata.
func reading(t *testing.T, name string, how Reading) *Source {
	t.Helper()
	src, err := Read(context.Background(), filepath.Join("testdata", name), how)
	if err != nil {
		t.Fatal(err)
	}
	if err := src.Train.Validate(); err != nil {
		t.Fatal(err)
	}
	return src
}

// has says whether one of the lines holds all the words.
func has(lines []string, words ...string) bool {
	return slices.ContainsFunc(lines, func(l string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(l, w) })
	})
}

var sixColumns = []string{"temperature", "pressure", "flow", "level", "speed", "torque"}

// takenFor are small files that people have, and what each is.
var takenFor = []struct {
	name    string
	how     Reading
	rows    int
	columns []string
	kinds   string // a letter a column
	id      string // of the first row
	classes []string
	found   [][]string
	doubts  [][]string
}{
	{name: "numeric-header.csv", rows: 300, columns: []string{"0", "1", "2", "3", "4", "5"}, found: [][]string{{"header", "counts up by one from 0", "--header no"}}},
	{name: "numeric-header.csv", how: Reading{Header: "no"}, rows: 301},
	{name: "pandas-index.csv", rows: 300, columns: sixColumns, id: "0", found: [][]string{{"names of rows: column 1", "no name", "--id none"}}},
	{name: "pandas-index.csv", how: Reading{ID: "none"}, rows: 300, columns: append([]string{""}, sixColumns...)},
	{name: "semicolon-decimal-comma.csv", rows: 300, columns: sixColumns, found: [][]string{{"separated by ';'", "decimal mark ','"}}},
	{name: "hash-header-spaces.txt", rows: 300, columns: []string{"gas flow", "oil level", "speed"}, found: [][]string{{"separated by spaces", "names from the comment"}}},
	{name: "title-line.csv", doubts: [][]string{{"unix times", "Unix Timestamp"}}, rows: 300, columns: []string{"Unix Timestamp", "Open", "High", "Low", "Close", "Volume"},
		found: [][]string{{"left out before it", "Created on"}, {"left out: Date (dates, --types Date=date", "Symbol (one text in all rows)"}}},
	{name: "title-line.csv", doubts: [][]string{{"unix times", "Unix Timestamp"}}, how: Reading{Types: []string{"Date=date"}, Drop: []string{"Symbol"}}, rows: 300, kinds: "rdrrrrr",
		columns: []string{"Unix Timestamp", "Date", "Open", "High", "Low", "Close", "Volume"}, found: [][]string{{"left out: Symbol (--drop)"}}},
	{name: "row-names-counts.csv", rows: 120, id: "Cell_0", kinds: strings.Repeat("c", 40), found: [][]string{{"names of rows"}, {"40 count"}}},
	{name: "xyz.csv", rows: 300, columns: []string{"x", "y", "z"}},
	{name: "label-named-grade.csv", how: Reading{Label: "7", Columns: []string{"flow"}}, rows: 300, columns: []string{"flow"}, classes: []string{"bad", "good"}, found: [][]string{{"labels: grade"}, {"not in --columns"}}},
	{name: "label-named-grade.csv", how: Reading{Label: "grade"}, rows: 300, columns: sixColumns, classes: []string{"bad", "good"}, found: [][]string{{"labels: grade"}}},
	{name: "label-named-grade.csv", rows: 300, columns: append(slices.Clone(sixColumns), "grade"), kinds: "rrrrrra", found: [][]string{{"grade", "--label grade"}}},
	{name: "missing.csv", rows: 300, columns: sixColumns, doubts: [][]string{{"missing cells", "temperature (12)", "torque (7)"}}},
	{name: "constant-and-missing.csv", rows: 200, columns: []string{"a", "b", "c"}, found: [][]string{{"constant: b"}}, doubts: [][]string{{"missing cells: b (1)"}}},
	{name: "mixed-types.csv", rows: 400, columns: []string{"age", "city", "smoker", "income", "visits"}, kinds: "rayrc", id: "c000121",
		found: [][]string{{"names of rows: customer"}, {"1 yes/no (smoker)", "1 category (city)"}, {"left out: joined (dates, --types joined=date"}}},
	{name: "mixed-types.csv", how: Reading{Types: []string{"visits=count", "joined=date"}, ID: "customer"}, rows: 400, kinds: "rayrcd", id: "c000121",
		columns: []string{"age", "city", "smoker", "income", "visits", "joined"}},
	{name: "unix-milliseconds.csv", doubts: [][]string{{"unix times", "time (milliseconds"}}, rows: 300, columns: []string{"time", "a", "b"}},
	{name: "ratings.tsv", doubts: [][]string{{"unix times", "timestamp"}}, how: Reading{Drop: []string{"user"}}, rows: 1500, columns: []string{"item", "rating", "timestamp"}},
	{name: "one-factor.csv", rows: 2000, columns: []string{"SO4", "NO3", "NH4", "OM", "BC"}},
}

func TestTablesAreTakenForWhatTheyAre(t *testing.T) {
	for _, c := range takenFor {
		src := reading(t, c.name, c.how)
		s := src.Train
		kinds := ""
		for _, col := range s.Columns {
			kinds += map[Kind]string{Real: "r", Count: "c", YesNo: "y", Category: "a", Date: "d"}[col.Kind]
		}
		if c.kinds == "" {
			c.kinds = strings.Repeat("r", len(s.Columns))
		}
		if s.Rows != c.rows || c.columns != nil && !slices.Equal(namesOf(s.Columns), c.columns) || kinds != c.kinds || !slices.Equal(s.Classes, c.classes) {
			t.Errorf("%s %+v: %d rows of %q, kinds %s, classes %q", c.name, c.how, s.Rows, namesOf(s.Columns), kinds, s.Classes)
		}
		if c.id == "" && s.IDs != nil || c.id != "" && (len(s.IDs) != s.Rows || s.IDs[0] != c.id) {
			t.Errorf("%s: names of rows %.3q", c.name, s.IDs)
		}
		for _, words := range c.found {
			if !has(src.Found, words...) {
				t.Errorf("%s: %q is not said in %q", c.name, words, src.Found)
			}
		}
		for _, words := range c.doubts {
			if !has(src.Doubts, words...) {
				t.Errorf("%s: %q is not doubted in %q", c.name, words, src.Doubts)
			}
		}
		if c.doubts == nil && src.Doubts != nil {
			t.Errorf("%s: doubts %q", c.name, src.Doubts)
		}
	}
}

// Milliseconds since 1970 are told apart: what the model sees of them has 17 values.
func TestTimesKeepTheirPrecision(t *testing.T) {
	s := reading(t, "unix-milliseconds.csv", Reading{}).Train
	p := fitted(t, s, PreparationOptions{})
	x := applied(t, p, s)
	seen := map[float32]bool{}
	for i := range x.Rows {
		seen[x.F32[i*x.Cols]] = true
	}
	if len(seen) != 17 {
		t.Errorf("%d values are left of 17", len(seen))
	}
	back, err := p.Undo(x.F32)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Rows {
		if d := back.At(i, 0) - s.At(i, 0); d > 1e-3 || d < -1e-3 {
			t.Fatalf("row %d: %f came back as %f", i, s.At(i, 0), back.At(i, 0))
		}
	}
}

func TestTablesThatAreAskedAbout(t *testing.T) {
	for _, c := range []struct {
		name  string
		how   Reading
		words []string
	}{
		{"ratings.tsv", Reading{}, []string{"user and item look like the ids of a list of events", "--columns"}},
		{"label-named-grade.csv", Reading{Label: "class"}, []string{`no column "class"`, `"grade"`}},
		{"xyz.csv", Reading{Columns: []string{"x", "w"}}, []string{`no column "w"`, `"x" "y" "z"`}},
		{"xyz.csv", Reading{Drop: []string{"x", "y", "z"}}, []string{"300 rows of 0 columns", "x (--drop)"}},
		{"xyz.csv", Reading{Types: []string{"x=date"}}, []string{`column 1 ("x")`, "expected dates"}},
		{"xyz.csv", Reading{Types: []string{"x=count"}}, []string{`column 1 ("x")`, "expected whole numbers from 0 on"}},
		{"xyz.csv", Reading{Label: "x", Drop: []string{"x"}}, []string{"x is dropped and asked for"}},
		{"xyz.csv", Reading{Label: "x", Types: []string{"x=id"}}, []string{"x is asked for as labels and as names of rows"}},
		{"mixed-types.csv", Reading{Types: []string{"city=real"}}, []string{`column 3 ("city")`, `found "Lyon"`, "line 2"}},
		{"one-line-bomb.csv.gz", Reading{}, []string{"line 1", "a line of more than"}},
	} {
		_, err := Read(context.Background(), filepath.Join("testdata", c.name), c.how)
		wantError(t, err, c.words...)
	}
}

func TestBombTakesLittle(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Open(context.Background(), filepath.Join("testdata", "one-line-bomb.csv.gz")); err == nil {
		t.Error("one endless line was read")
	}
	runtime.ReadMemStats(&after)
	if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 100 {
		t.Errorf("%d MiB were taken", took)
	}
}

// A table of a trained model's columns, in another order, with more columns and without a header.
func TestTablesAsAPreparation(t *testing.T) {
	train := reading(t, "mixed-types.csv", Reading{}).Train
	p := fitted(t, train, PreparationOptions{})
	as := func(text string) (*Set, *Source, error) {
		src, err := Read(context.Background(), file(t, "new.csv", text), Reading{As: p})
		if err != nil {
			return nil, nil, err
		}
		s, err := p.Match(src.Train)
		return s, src, err
	}
	s, src, err := as("visits,customer,extra,income,smoker,city,age\n3,007,x,2.5e4,yes,Oslo,41\n1,008,y,1e4,no,Lyon,30\n")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := namesOf(s.Columns), namesOf(train.Columns); !slices.Equal(got, want) || !slices.Equal(s.IDs, []string{"007", "008"}) {
		t.Errorf("%q, names of rows %q", got, s.IDs)
	}
	oslo := float64(slices.Index(p.Columns[1].Levels, "Oslo"))
	if s.At(0, 0) != 41 || s.At(0, 1) != oslo || s.At(0, 2) != 1 || s.At(1, 2) != 0 || s.At(0, 3) != 2.5e4 {
		t.Errorf("row 1: %v %v %v %v", s.At(0, 0), s.At(0, 1), s.At(0, 2), s.At(0, 3))
	}
	if !has(src.Found, "left out: extra") || !has(src.Found, "another order") {
		t.Errorf("%q", src.Found)
	}
	if s, _, err := as("41,Oslo,yes,25000,3\n"); err != nil || s.At(0, 0) != 41 || s.At(0, 1) != oslo {
		t.Errorf("without a header: %v", err)
	}
	for text, words := range map[string][]string{
		"age,city,smoker,income\n1,Oslo,yes,2\n":                            {"lacks 1 of the 5 columns", `"visits"`},
		"age,city,smoker,income,visits\n1,Rome,yes,2,3\n":                   {`column 2 ("city")`, `"Rome"`, `"Oslo"`, "line 2"},
		"age,city,smoker,income,visits\nold,Oslo,yes,2,3\n":                 {`column 1 ("age")`, `found "old"`, "line 2"},
		"age,city,smoker,income,visits\n1,Oslo,maybe,2,3\n":                 {`column 3 ("smoker")`, `"maybe"`},
		"age,city,smoker,income,visits\n1,Oslo,yes,2,3\n1,Oslo,yes,2,3,4\n": {"line 3", "6 fields: expected 5"},
		"1,Oslo,yes,2\n": {"4 columns: expected 5"},
		"age,city,smoker,income,visits\n1,Oslo,yes,1e300,3\n": {"line 2", "fits float32"},
	} {
		_, _, err := as(text)
		wantError(t, err, append(words, "new.csv")...)
	}
}
