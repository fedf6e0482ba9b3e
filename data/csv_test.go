package data

import (
	"context"
	"slices"
	"strings"
	"testing"
)

func TestCSVTables(t *testing.T) {
	for _, c := range []struct {
		name, content    string
		rows, cols       int
		want             []float32
		columns, classes []string
		labels           []int32
	}{
		{name: "a.csv", content: "1,2\n3,4\n", rows: 2, cols: 2, want: []float32{1, 2, 3, 4}},
		{name: "a.csv", content: "\ufeffa,b\r\n 1 ,-25e-2\r\n", rows: 1, cols: 2, want: []float32{1, -0.25}, columns: []string{"a", "b"}},
		{name: "a.csv", content: "a,Label,b\n1,dog,2\n3,cat,4\n5,dog,6", rows: 3, cols: 2, want: []float32{1, 2, 3, 4, 5, 6}, columns: []string{"a", "b"}, classes: []string{"cat", "dog"}, labels: []int32{1, 0, 1}},
		{name: "a.csv", content: "x,class\n1,2\n3,0\n", rows: 2, cols: 1, want: []float32{1, 3}, columns: []string{"x"}, classes: []string{"0", "1", "2"}, labels: []int32{2, 0}},
		{name: "a.csv", content: "x,y\n1,2\n3,0\n", rows: 2, cols: 2, want: []float32{1, 2, 3, 0}, columns: []string{"x", "y"}},
		{name: "a.csv", content: "x,y,class\n1,2,a\n", rows: 1, cols: 2, want: []float32{1, 2}, columns: []string{"x", "y"}, classes: []string{"a"}, labels: []int32{0}},
		{name: "a.csv", content: "x,target\n1,10\n2,9\n3,-1\n", rows: 3, cols: 1, want: []float32{1, 2, 3}, columns: []string{"x"}, classes: []string{"-1", "9", "10"}, labels: []int32{2, 1, 0}},
		{name: "a.csv", content: "x,CLASS\n1,5000\n2,7\n", rows: 2, cols: 1, want: []float32{1, 2}, columns: []string{"x"}, classes: []string{"7", "5000"}, labels: []int32{1, 0}},
		{name: "a.tsv", content: "a b\tit's \"5\"\n1\t2\n", rows: 1, cols: 2, want: []float32{1, 2}, columns: []string{"a b", "it's \"5\""}},
	} {
		for _, content := range []string{c.content, packed(c.content)} {
			s := open(t, file(t, c.name, content))
			if s.Rows != c.rows || s.Cols != c.cols || !slices.Equal(s.F32, c.want) || !slices.Equal(namesOf(s.Columns), c.columns) ||
				!slices.Equal(s.Labels, c.labels) || !slices.Equal(s.Classes, c.classes) {
				t.Errorf("%q: %+v", c.content, s)
			}
		}
	}
}

func TestCSVRefuses(t *testing.T) {
	for _, c := range []struct {
		name, content string
		words         []string
	}{
		{"empty", "", []string{"0 rows"}},
		{"header alone", "a,b\n", []string{"0 rows"}},
		{"labels alone", "label\n1\n", []string{"1 rows of 0"}},
		{"a name", "a,b\n1,2\n3,red\n", []string{`line 3: column 2 ("b")`, `found "red"`, "label"}},
		{"a name after data", "1,2\n3,red\n", []string{"line 2: column 2:", `found "red"`}},
		{"empty class", "a,class\n1,\n", []string{"line 2", "empty: expected a class"}},
		{"infinity", "1,2\n-Inf,1\n", []string{"line 2: column 1", "finite"}},
		{"too large", "a\n1e39\n", []string{"line 2: column 1", "fits float32"}},
		{"short line", "a,b\n1,2\n3\n", []string{"line 3", "1 fields: expected 2"}},
		{"quote", "a,b\n1,\"2\n", []string{"quote"}},
		{"packed, cut", packed("a,b\n" + strings.Repeat("1,2\n", 100))[:30], []string{"cut short"}},
		{"binary", "a\n\x00\x01\x02\n", []string{"line 2", "expected text"}},
	} {
		_, err := Open(context.Background(), file(t, "a.csv", c.content))
		wantError(t, err, append(c.words, "a.csv")...)
	}
}
