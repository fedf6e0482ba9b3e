package data

import (
	"fmt"
	"strings"
	"testing"
)

// textRows is a table of these lines and a last column of numbers.
func textRows(header string, lines []string) string {
	return manyRows(header, len(lines), func(i int) string { return fmt.Sprintf("%s,%d.5", lines[i], i%17) })
}

// Leading zeros are not lost where they come behind the rows that kinds are judged by.
func TestLateLeadingZeros(t *testing.T) {
	var ids, zips []string
	for i := range 700 {
		ids = append(ids, fmt.Sprint(900000-i))
		zips = append(zips, fmt.Sprintf("%d.25,%d", i, 10001+i%3))
	}
	ids = append(ids, "000123", "000007")
	zips = append(zips, "1.25,02134", "2.25,02134")
	for _, last := range []string{"b", `"a ""quote"""`} { // a block of plain rows, and one of others
		set := mustRead(t, file(t, "ids.csv", strings.ReplaceAll(textRows("id,x,y", ids), ".5", ".5,"+last)), Reading{}).Train
		if n := len(ids); set.IDs[n-1] != "000007" || set.IDs[0] != "900000" {
			t.Errorf("ids %q, %q: expected 900000 and 000007", set.IDs[0], set.IDs[n-1])
		}
	}
	set := mustRead(t, file(t, "zips.csv", textRows("x,zip,y", zips)), Reading{}).Train
	if c := set.Columns[1]; c.Kind != Category || c.Levels[int(set.At(set.Rows-1, 1))] != "02134" {
		t.Errorf("column %+v: expected a category with 02134", c)
	}
}

// Large numbers with an exponent are numbers.
func TestLargeExponents(t *testing.T) {
	var lines []string
	for i := range 600 {
		lines = append(lines, fmt.Sprintf("%d.5E+20,-%de30", i+1, i+1))
	}
	src := mustRead(t, file(t, "a.csv", textRows("rho,flux,x", lines)), Reading{})
	if set := src.Train; set.Cols != 3 || set.IDs != nil || set.At(1, 0) != 2.5e20 || set.At(1, 1) != -2e30 {
		t.Errorf("%d columns, %d ids: expected 3 columns of numbers; found %q", set.Cols, len(set.IDs), src.Found)
	}
}

// Numbers of several marks say which mark is of thousands.
func TestMarksOfThousands(t *testing.T) {
	for text, want := range map[string]float64{
		"a;b\n73,324;1\n7,839,025;2\n1,500;3\n":       73324,
		"a;b\n73.324;1\n7.839.025;2\n1.500;3\n":       73324,
		"a;b\n73.324;1,5\n7.839.025;2,5\n1.500;3,5\n": 73324,
		"a;b\n73,324;1\n9,025;2\n1,500;3\n":           73.324,
		"a;b\n73.324;1\n9.025;2\n1.500;3\n":           73.324,
		"a;b\n73.324;1,5\n9.025;2,5\n1.500;3,5\n":     73324,
		"a\tb\n73,324\t1.5\n9,025\t2.5\n1,500\t3.5\n": 73324,
	} {
		if got := mustRead(t, file(t, "a.csv", text), Reading{}).Train.At(0, 0); got != want {
			t.Errorf("%q: %v, expected %v", text, got, want)
		}
	}
	var lines []string
	for i := range 50 {
		lines = append(lines, fmt.Sprintf("%d'%03d.25", i+1, i*17))
	}
	src := mustRead(t, file(t, "b.csv", textRows("price,x", lines)), Reading{})
	if src.Train.IDs != nil || !strings.Contains(strings.Join(src.Found, " "), "left out: price") {
		t.Errorf("%q: expected the price to be left out, and no names of rows", src.Found)
	}
}

// The column of the training's names of rows comes before an index.
func TestOwnIDsBeforeAnIndex(t *testing.T) {
	const rows = "c1,1.5,2.5\nc2,2.5,3.5\nc3,3.5,1.5\n"
	p := fitted(t, mustRead(t, file(t, "a.csv", "customer,a,b\n"+rows), Reading{ID: "customer"}).Train, PreparationOptions{})
	later := ",customer,a,b\n" + "0," + strings.ReplaceAll(strings.TrimSpace(rows), "\n", "\n1,") + "\n"
	if ids := mustRead(t, file(t, "b.csv", later), Reading{As: p}).Train.IDs; len(ids) != 3 || ids[1] != "c2" {
		t.Errorf("names of rows %q: expected the customers", ids)
	}
}

// Years behind texts are a header.
func TestYearsAsNames(t *testing.T) {
	rows := manyRows("country,1990,1991,1992", 40, func(i int) string { return fmt.Sprintf("c%d,%d.5,%d,%d", i, i, 2*i, i*i) })
	if s := mustRead(t, file(t, "a.csv", rows), Reading{}).Train; s.Rows != 40 || s.Cols != 3 || s.Columns[0].Name != "1990" || s.IDName != "country" {
		t.Errorf("%d rows of %+v: expected 40 rows of three years", s.Rows, s.Columns)
	}
	rows = manyRows("total,5,6", 40, func(i int) string { return fmt.Sprintf("%s,%d,%d", []string{"total", "part"}[i%2], i, 2*i) })
	if s := mustRead(t, file(t, "b.csv", rows), Reading{}).Train; s.Rows != 41 {
		t.Errorf("%d rows: expected 41 without a header", s.Rows)
	}
}

// Dates that may have their days first are said in training; later tables are read as it was.
func TestDatesOfTwoMeanings(t *testing.T) {
	text := "d,x\n05/04/2024,1.5\n06/04/2024,2.5\n"
	path := file(t, "a.csv", text)
	how := Reading{Types: []string{"d=date"}}
	p := fitted(t, mustRead(t, path, how).Train, PreparationOptions{})
	for name, c := range map[string]struct {
		path string
		how  Reading
		want bool
	}{"training": {path, how, true}, "later": {path, Reading{As: p}, false}, "plain": {file(t, "b.csv", strings.ReplaceAll(text, "05/", "25/")), how, false}} {
		if doubts := strings.Join(mustRead(t, c.path, c.how).Doubts, " "); strings.Contains(doubts, "month may be first") != c.want {
			t.Errorf("%s: %q", name, doubts)
		}
	}
}
