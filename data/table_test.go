package data

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

func TestNewTable(t *testing.T) {
	s := mixed(t)
	if s.Rows != 4 || s.Cols != 4 || s.Gaps || s.IDName != "id" || !slices.Equal(s.F32[4:8], []float32{1.75, 1, 3, 0}) {
		t.Errorf("%+v", s)
	}
	sub := s.Subset([]int{3, 0})
	if !slices.Equal(sub.IDs, []string{"r4", "r1"}) || sub.F32[1] != 2 || !slices.Equal(s.Head(2).IDs, []string{"r1", "r2"}) {
		t.Errorf("%+v", sub)
	}
	nan := math.NaN()
	gaps, err := NewTable("gaps", Numbers("time", []float64{1.7e12, nan, 1.7e12 + 1}), Texts("c", []string{"", "b", "a"}, "a", "b"))
	if err != nil {
		t.Fatal(err)
	}
	if !gaps.Gaps || gaps.F64 == nil || gaps.F64[3] != 1 || gaps.F64[5] != 0 || gaps.F64[1] == gaps.F64[1] || gaps.F64[2] == gaps.F64[2] {
		t.Errorf("%+v", gaps)
	}
	if lo, hi := gaps.Range(); lo != 0 || hi != 1.7e12 {
		t.Errorf("range %v to %v", lo, hi)
	}
	one := []float64{1, 2}
	for _, c := range []struct {
		columns []Values
		words   []string
	}{
		{nil, []string{"t: 0 rows of 0 columns"}},
		{[]Values{RowIDs("id", []string{"a"})}, []string{"1 rows of 0 columns"}},
		{[]Values{Numbers("a", one), Numbers("b", one[:1])}, []string{`column 2 ("b"): 1 values: expected 2`}},
		{[]Values{RowIDs("a", []string{"x", "y"}), RowIDs("b", []string{"x", "y"})}, []string{`("b")`, "second time"}},
		{[]Values{Texts("a", []string{"x", "y"}, "x")}, []string{`row 2: column 1 ("a"): level "y": expected one of "x"`}},
		{[]Values{Texts("a", []string{"x", "x"}, "x", "x")}, []string{`level "x" twice`}},
		{[]Values{Texts("a", []string{"", ""})}, []string{"without levels"}},
		{[]Values{Counts("a", []float64{1, 2.5})}, []string{`row 2: column 1 ("a"): 2.5: expected a count`}},
		{[]Values{Numbers("a", []float64{1, math.Inf(-1)})}, []string{"row 2", "infinite"}},
		{[]Values{Numbers("a", []float64{1e39, 1})}, []string{"row 1", "too large for float32"}},
	} {
		_, err := NewTable("t", c.columns...)
		wantError(t, err, c.words...)
	}
}

func TestTablesAreWrittenAsTheyMean(t *testing.T) {
	written := func(s *Set, name string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := Write(path, s); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	s := mixed(t).Head(2)
	s.Labels, s.Classes = []int32{1, 0}, []string{"ill", "well"}
	if got, want := written(s, "a.csv"), "id,height,colour,visits,member,label\nr1,1.5,red,0,1,well\nr2,1.75,green,3,0,ill\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	gaps, err := NewTable("gaps", Numbers("time", []float64{1.7e12, 0.1}), Texts("c", []string{"", "b"}))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := written(gaps, "a.csv"), "time,c\n1700000000000,\n0.1,b\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	wide := &Set{Name: "wide", Rows: 2, Cols: 1, F64: []float64{1700000000001, 0.1}, Columns: make([]Column, 1)}
	if got, want := written(wide, "a.tsv"), "x0\n1700000000001\n0.1\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	wantError(t, Write(filepath.Join(t.TempDir(), "a.idx"), gaps), `row 1: column 2 ("c"): missing`)
	if got := open(t, file(t, "a.idx", written(&Set{Rows: 1, Cols: 3, F64: []float64{-1, 1. / 255, 9}}, "a.idx"))); !slices.Equal(got.F32, []float32{0, 1, 255}) {
		t.Errorf("IDX of float64: %v", got.F32)
	}
}

// bigEnd is the bytes of the values, big end first.
func bigEnd(values []float64) string {
	var b []byte
	for _, v := range values {
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(v))
	}
	return string(b)
}

func TestFloat64IsReadWhereItMatters(t *testing.T) {
	times := []float64{1.7e12, 1.7e12 + 1}
	for name, content := range map[string]string{
		"a.csv": "1700000000000\n1700000000001\n", "a.npy": array("<f8", []int{2, 1}, times),
		"b.npy": array("<i8", []int{2}, []int64{17e11, 17e11 + 1}),
		"a.idx": "\x00\x00\x0e\x02\x00\x00\x00\x02\x00\x00\x00\x01" + bigEnd(times),
	} {
		if s := open(t, file(t, name, content)); !slices.Equal(s.F64, times) || s.F32 != nil {
			t.Errorf("%s: %+v", name, s)
		}
	}
	// Decimals that come out as another float32 by way of float64, in a column that float32 holds.
	for _, text := range []string{"7.038531e-26", "-7.038531e-26", "1e-45", "0.500000178813934326171875"} {
		want, err := strconv.ParseFloat(text, 32)
		if err != nil {
			t.Fatal(err)
		}
		if s := open(t, file(t, "a.csv", text+"\n1\n")); float32(s.At(0, 0)) != float32(want) {
			t.Errorf("%s was read as %v %v", text, s.F32, s.F64)
		}
	}
}
