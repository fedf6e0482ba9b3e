package data

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// shardFolder makes a folder of files; a name may have a folder before it.
func shardFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func mustRead(t *testing.T, name string, how Reading) *Source {
	t.Helper()
	src, err := Read(t.Context(), name, how)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// Tables of a folder are one table: in the natural order of their names, columns by name, ids and labels with them, hidden
// files and those about the data left out.
func TestTablesOfAFolder(t *testing.T) {
	src := mustRead(t, shardFolder(t, map[string]string{
		"part-10.csv": "v,label,id,w\n5,dog,e,50\n", "part-2.csv.gz": gzipped(t, "id,v,w,label\nc,3,30,cat\nd,4,40,dog\n"),
		"part-1.csv": "id,v,w,label\na,1,10,dog\nb,2,20,ant\n", ".hidden.csv": "x\n1\n", "README.md": "about\n", "_SUCCESS": "",
	}), Reading{ID: "id"})
	s := src.Train
	if fmt.Sprint(s.F64, s.F32, s.IDs, s.Labels, s.Classes) != "[] [1 10 2 20 3 30 4 40 5 50] [a b c d e] [2 0 1 2 2] [ant cat dog]" || src.Test != nil {
		t.Errorf("%v", s)
	}
	found := strings.Join(src.Found, "\n")
	for _, want := range []string{"3 tables of text read as one, part-1.csv to part-10.csv", ".hidden.csv, README.md, _SUCCESS", "5 rows of 4 columns"} {
		if !strings.Contains(found, want) {
			t.Errorf("%q is not in %s", want, found)
		}
	}
}

// What columns are is decided by all files together.
func TestKindsOfAFolder(t *testing.T) {
	var a, b strings.Builder
	a.WriteString("code;city;size;mark\n")
	b.WriteString("mark;code;city;size\n")
	for i := range 40 {
		fmt.Fprintf(&a, "%d;Bern;%d;0%d\n", i%5, i, i%3)
		fmt.Fprintf(&b, "%d;x%d;%s;%d,5\n", i%3, i%5, []string{"Bern", "Oslo"}[i%2], i)
	}
	src := mustRead(t, shardFolder(t, map[string]string{"a.csv": a.String(), "b.csv": b.String()}), Reading{})
	s := src.Train
	byName := map[string]Column{}
	for _, c := range s.Columns {
		byName[c.Name] = c
	}
	if c := byName["code"]; c.Kind != Category || len(c.Levels) != 10 {
		t.Errorf("numbers in one, texts in the other: %v", c)
	}
	if c := byName["city"]; c.Kind != Category || !slices.Equal(c.Levels, []string{"Bern", "Oslo"}) {
		t.Errorf("one text in one, two in the other: %v", c)
	}
	if c := byName["mark"]; c.Kind != Category || !slices.Contains(c.Levels, "02") || !slices.Contains(c.Levels, "2") {
		t.Errorf("digits with zeros before them: %v", c)
	}
	at := slices.IndexFunc(s.Columns, func(c Column) bool { return c.Name == "size" })
	if s.Columns[at].Kind != Real || s.At(39, at) != 39 || s.At(40, at) != 0.5 {
		t.Errorf("whole numbers, and others with a decimal comma: %v %g %g", s.Columns[at], s.At(39, at), s.At(40, at))
	}
}

// Files without a header go on where one with a header ended, as split(1) leaves them; none of their rows is lost.
func TestSplitTable(t *testing.T) {
	src := mustRead(t, shardFolder(t, map[string]string{"xaa": "name,x,y\nann,1,2\nbob,3,4\n", "xab": "cid,5,6\ndan,7,8\n", "xac": "eve,9,10\n"}), Reading{ID: "name"})
	if s := src.Train; fmt.Sprint(s.F32, s.IDs) != "[1 2 3 4 5 6 7 8 9 10] [ann bob cid dan eve]" {
		t.Errorf("%v %v", s.F32, s.IDs)
	}
	if found := strings.Join(src.Found, "\n"); !strings.Contains(found, "without a header, columns as in xaa: xab, xac") {
		t.Error(found)
	}
	src = mustRead(t, shardFolder(t, map[string]string{"1.csv": "1,2\n3,4\n", "2.csv": "5,6\n"}), Reading{})
	if s := src.Train; fmt.Sprint(s.F32) != "[1 2 3 4 5 6]" {
		t.Errorf("%v", s.F32)
	}
}

// Names of files and folders say what part they are.
func TestPartsOfAFolder(t *testing.T) {
	for _, files := range []map[string]string{
		{"train-1.csv": "a,b\n1,x\n", "train-2.csv": "a,b\n2,y\n", "valid.csv": "a,b\n3,x\n", "my_test.csv": "b,a\nz,4\n"},
		{"train/1.csv": "a,b\n1,x\n2,y\n", "validation/1.csv": "a,b\n3,x\n", "test/1.csv": "b,a\nz,4\n"},
		{"1.csv": "a,b\n1,x\n2,y\n", "val.csv": "a,b\n3,x\n", "test.csv": "b,a\nz,4\n"},
	} {
		src := mustRead(t, shardFolder(t, files), Reading{Types: []string{"b=category"}})
		if got := fmt.Sprint(src.Train.F32, src.Val.F32, src.Test.F32); got != "[1 0 2 1] [3 0] [4 2]" {
			t.Errorf("%v: %s", files, got)
		}
		if found := strings.Join(src.Found, "\n"); !strings.Contains(found, "test: ") || !strings.Contains(found, "validation: ") {
			t.Error(found)
		}
	}
}

// Arrays are joined too, and a class means the same in all of them.
func TestArraysOfAFolder(t *testing.T) {
	dir := t.TempDir()
	for name, s := range map[string]*Set{
		"part-2.npz":  {Rows: 2, Cols: 2, F32: []float32{3, 4, 5, 6}, Labels: []int32{1, 0}, Classes: []string{"2000", "3000"}},
		"part-10.npz": {Rows: 1, Cols: 2, F64: []float64{7, 1 + 1e-12}, Labels: []int32{0}, Classes: []string{"5000"}},
		"part-1.npz":  {Rows: 1, Cols: 2, F32: []float32{1, 2}, Labels: []int32{0}, Classes: []string{"3000"}},
		"test.npz":    {Rows: 1, Cols: 2, F32: []float32{8, 9}, Labels: []int32{0}, Classes: []string{"1000"}},
	} {
		s.Name = name
		for k, l := range s.Labels { // labels are written as numbers
			s.Labels[k] = map[string]int32{"1000": 1, "2000": 2, "3000": 3, "5000": 5}[s.Classes[l]]
		}
		s.Classes = []string{"0", "1", "2", "3", "4", "5"}
		if err := Write(filepath.Join(dir, name), s); err != nil {
			t.Fatal(err)
		}
	}
	src := mustRead(t, dir, Reading{})
	if s := src.Train; fmt.Sprint(s.F64, s.Rows) != "[1 2 3 4 5 6 7 1.000000000001] 4" {
		t.Errorf("%v", s)
	}
	names := func(s *Set) (names []string) {
		for _, l := range s.Labels {
			names = append(names, s.Classes[l])
		}
		return names
	}
	if fmt.Sprint(names(src.Train), names(src.Test)) != "[3 3 2 5] [1]" || !slices.Equal(src.Train.Classes, src.Test.Classes) {
		t.Errorf("%v %v of %v", names(src.Train), names(src.Test), src.Train.Classes)
	}
}

// Images that are called as EMNIST's are have the labels beside them, and parts by their names.
func TestImagesOfAFolder(t *testing.T) {
	images := func(v string) string { return "\x00\x00\x08\x03\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x02" + v }
	label := func(v string) string { return "\x00\x00\x08\x01\x00\x00\x00\x01" + v }
	src := mustRead(t, shardFolder(t, map[string]string{
		"emnist-train-images-idx3-ubyte": images("\x01\x02\x03\x04"), "emnist-train-labels-idx1-ubyte": label("\x03"),
		"emnist-test-images-idx3-ubyte.gz": gzipped(t, images("\x05\x06\x07\x08")), "emnist-test-labels-idx1-ubyte": label("\x01"),
	}), Reading{})
	if fmt.Sprintf("%v %v %v %v", src.Train.U8, src.Train.Labels, src.Test.U8, src.Test.Labels) != "[1 2 3 4] [3] [5 6 7 8] [1]" || src.Train.Height != 2 {
		t.Errorf("%v %v", src.Train, src.Test)
	}
}

// A folder that is not of one kind is refused, with the two that differ.
func TestFoldersThatCannotBe(t *testing.T) {
	npy := func(shape string) string {
		head := string(formatNPYHeader("<f4", []int{1, len(shape)}))
		return head + strings.Repeat("\x00\x00\x80\x3f", len(shape))
	}
	for _, c := range []struct {
		files map[string]string
		words []string
	}{
		{map[string]string{"a.csv": "x,y\n1,2\n", "b.csv": "x,z\n3,4\n"}, []string{"b.csv: ", "a.csv", `missing "y", new "z"`}},
		{map[string]string{"a.csv": "1,2\n3,4\n", "b.csv": "3,4,5\n"}, []string{"b.csv: ", "a.csv", "3 of them: expected 2"}},
		{map[string]string{"a.csv": "x,y\n1,2\n", "b.csv": "x,y\n3,4\n5\n"}, []string{"b.csv: line 3: ", "1 fields"}},
		{map[string]string{"a.csv": "x,label\n1,2\n", "b.csv": "x,label\n3,1\n5,\n"}, []string{"b.csv: line 3: ", "expected a class"}},
		{map[string]string{"a.csv": "1,2\n", "b.npy": npy("xy")}, []string{"a.csv", "b.npy", "two formats"}},
		{map[string]string{"a.npy": npy("xy"), "b.npy": npy("xyz")}, []string{"b.npy: ", "3 columns: expected 2 as in a.npy"}},
		{map[string]string{"train.csv": "1,2\n", "more.csv": "3,4\n"}, []string{"train.csv", "more.csv"}},
		{map[string]string{"test.csv": "1,2\n", "val.csv": "3,4\n"}, []string{"train"}},
		{map[string]string{"train.csv": "1,2\n", "test/a.csv": "3,4\n"}, []string{"train.csv", "test"}},
		{map[string]string{"other/a.csv": "3,4\n"}, []string{"other"}},
		{map[string]string{"README.md": "3,4\n"}, []string{"without files of data", "README.md"}},
		{map[string]string{"config.yaml": "", "model.safetensors": "", "metrics.jsonl": ""}, []string{"a run directory"}},
		{map[string]string{"a-labels-idx1-ubyte": "\x00\x00\x08\x01\x00\x00\x00\x01\x00"}, []string{"labels alone"}},
	} {
		_, err := Open(t.Context(), shardFolder(t, c.files))
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%v: %v", c.files, err)
			continue
		}
		wantError(t, err, c.words...)
	}
}

func TestNaturalOrder(t *testing.T) {
	names := []string{"part-10", "part-2", "part-02", "part-1b", "part-1", "a", "part-100000000000000000000000", "part"}
	slices.SortFunc(names, natural)
	if got := strings.Join(names, " "); got != "a part part-1 part-1b part-2 part-02 part-10 part-100000000000000000000000" {
		t.Error(got)
	}
}

// Files of Parquet and of Arrow in a folder are one table, whose levels are those of all.
func TestFoldersOfColumns(t *testing.T) {
	for _, ending := range []string{".parquet", ".arrow"} {
		dir := t.TempDir()
		write := func(name string, s *Set, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			if err := Write(filepath.Join(dir, name+ending), s); err != nil {
				t.Fatal(err)
			}
		}
		numbers := func(from float64) (x []float64) {
			for i := range 20 {
				x = append(x, from+float64(i)/4)
			}
			return x
		}
		texts := func(a, b string) (x []string) {
			for i := range 20 {
				x = append(x, []string{a, b}[i%2])
			}
			return x
		}
		s, err := NewTable("a", Numbers("x", numbers(0)), Texts("c", texts("red", "blue")))
		write("train-2", s, err)
		s, err = NewTable("b", Texts("c", texts("green", "red")), Numbers("x", numbers(100)))
		write("train-10", s, err)
		s, err = NewTable("c", Numbers("x", numbers(200)), Texts("c", texts("blue", "red")))
		write("test-1", s, err)
		src := mustRead(t, dir, Reading{})
		if src.Train.Rows != 40 || src.Test == nil || src.Test.Rows != 20 || src.Train.At(20, 0) != 100 || src.Test.At(0, 0) != 200 {
			t.Fatalf("%s: %+v", ending, src)
		}
		if levels := src.Train.Columns[1].Levels; !slices.Equal(levels, []string{"blue", "green", "red"}) || src.Train.At(20, 1) != 1 || src.Test.At(0, 1) != 0 {
			t.Errorf("%s: levels %q", ending, levels)
		}
		s, err = NewTable("d", Numbers("x", numbers(0)), Numbers("c", numbers(0)))
		write("train-11", s, err)
		_, err = Open(t.Context(), dir)
		wantError(t, err, "train-11"+ending, "c is of another type")
	}
}

// Files of two decimal marks, or of two delimiters, are refused by what tells them apart; a file without decimals has any mark.
func TestFilesWrittenInTwoWays(t *testing.T) {
	points, commas := "1;0.5;a\n2;1.5;b\n", "3;0,5;b\n4;2,5;a\n"
	for _, c := range []struct{ a, b, in, want string }{
		{points, commas, "points in a.csv, commas in b.csv", ""},
		{commas, points, "points in b.csv, commas in a.csv", ""},
		{"x;y\n1;2\n3;4\n", "x,y\n1,2\n3,4\n", "b.csv: other columns", "separated by ';'"},
		{"1;2\n3;4\n", "1,2\n3,4\n", "1 of them: expected 2", "separated by ';'"},
	} {
		_, err := Read(t.Context(), shardFolder(t, map[string]string{"a.csv": c.a, "b.csv": c.b}), Reading{})
		wantError(t, err, c.in, c.want)
	}
	for _, whole := range []string{"3;4;b\n5;6;a\n", "3;1.234;b\n5;6;a\n"} {
		for _, files := range []map[string]string{{"a.csv": whole, "b.csv": commas}, {"a.csv": commas, "b.csv": whole}} {
			if s := mustRead(t, shardFolder(t, files), Reading{}).Train; s.Cols != 3 || s.Columns[1].Kind == Category {
				t.Errorf("%q: %+v", files, s.Columns)
			}
		}
	}
}
