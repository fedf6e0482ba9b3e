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
		{"a.csv", "1,2\n3,4\n", 2, 2, []float32{1, 2, 3, 4}, nil, nil, nil},
		{"a.csv", "\ufeffa,b\r\n 1 ,-25e-2\r\n", 1, 2, []float32{1, -0.25}, []string{"a", "b"}, nil, nil},
		{"a.csv", "a,Label,b\n1,dog,2\n3,cat,4\n5,dog,6", 3, 2, []float32{1, 2, 3, 4, 5, 6}, []string{"a", "b"}, []string{"cat", "dog"}, []int32{1, 0, 1}},
		{"a.csv", "x,y\n1,2\n3,0\n", 2, 1, []float32{1, 3}, []string{"x"}, []string{"0", "1", "2"}, []int32{2, 0}},
		{"a.csv", "x,y,class\n1,2,a\n", 1, 2, []float32{1, 2}, []string{"x", "y"}, []string{"a"}, []int32{0}},
		{"a.csv", "x,target\n1,10\n2,9\n3,-1\n", 3, 1, []float32{1, 2, 3}, []string{"x"}, []string{"-1", "9", "10"}, []int32{2, 1, 0}},
		{"a.csv", "x,y\n1,5000\n2,7\n", 2, 1, []float32{1, 2}, []string{"x"}, []string{"7", "5000"}, []int32{1, 0}},
		{"a.tsv", "a b\tit's \"5\"\n1\t2\n", 1, 2, []float32{1, 2}, []string{"a b", "it's \"5\""}, nil, nil},
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
		{"header alone", "a,b\n", []string{"0 rows of 2"}},
		{"labels alone", "label\n1\n", []string{"1 rows of 0"}},
		{"a name", "a,b\n1,2\n3,red\n", []string{`line 3: column 2 ("b")`, `found "red"`, "label"}},
		{"a name after data", "1,2\n3,red\n", []string{"line 2: column 2:", `found "red"`}},
		{"empty field", "a,b\n1,\n", []string{"line 2", "empty: expected a number"}},
		{"empty class", "a,y\n1,\n", []string{"line 2", "empty: expected a class"}},
		{"NaN", "a,b\n1,nan\n", []string{"line 2", "finite", `"nan"`}},
		{"infinity", "1,2\n-Inf,1\n", []string{"line 2: column 1", "finite"}},
		{"too large", "a\n1e39\n", []string{"line 2: column 1", "fits float32"}},
		{"short line", "a,b\n1,2\n3\n", []string{"line 3", "expected 2 as in the first line"}},
		{"semicolons", "a;b\n1;2\n", []string{"line 2", "separated by ','"}},
		{"quote", "a,b\n1,\"2\n", []string{"quote"}},
		{"packed, cut", packed("a,b\n" + strings.Repeat("1,2\n", 100))[:30], []string{"cut short"}},
		{"binary", "\x00\xff\n\x00\x01\x02\n", []string{"line 2"}},
	} {
		_, err := Open(context.Background(), file(t, "a.csv", c.content))
		wantError(t, err, append(c.words, "a.csv")...)
	}
}
