package data

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// everyKind is a set with a column of every kind, names of rows, gaps and labels.
func everyKind(rows int) *Set {
	s := &Set{Name: "every", Rows: rows, Cols: 6, IDName: "who", LabelName: "class", Classes: []string{"ill", "well"}, Gaps: true, Columns: []Column{{Name: "height, cm"},
		{Name: "visits", Kind: Count}, {Name: "member", Kind: YesNo}, {Name: "smokes", Kind: YesNo, Levels: []string{"no", "yes"}},
		{Name: "colour", Kind: Category, Levels: []string{"blue", "green", "red"}}, {Name: "when", Kind: Date}}}
	for i := range rows {
		row := []float64{1.5e9 + float64(i)/8, float64(i), float64(i % 2), float64(i / 2 % 2), float64(i % 3), 19723 + float64(i)/24}
		if i%11 == 10 {
			row[i%6] = math.NaN()
		}
		s.F64 = append(s.F64, row...)
		s.IDs = append(s.IDs, "r"+strings.Repeat("0", i%4)+string(rune('a'+i%26))+strings.Repeat("x", i/26%40))
		s.Labels = append(s.Labels, int32(i/3%2))
	}
	return s
}

func TestEveryKindIsWrittenAndReadBack(t *testing.T) {
	s := everyKind(3000)
	for _, name := range []string{"a.parquet", "a.pq", "a.arrow", "a.feather", "a.ipc"} {
		path := filepath.Join(t.TempDir(), name)
		if err := Write(path, s); err != nil {
			t.Fatal(err)
		}
		src, err := Read(t.Context(), path, Reading{Types: []string{"when=date", "visits=count"}, ID: "who"})
		if err != nil {
			t.Fatal(err)
		}
		got := src.Train
		if !slices.Equal(got.IDs, s.IDs) || got.IDName != "who" || !slices.Equal(got.Labels, s.Labels) || !slices.Equal(got.Classes, s.Classes) || got.LabelName != "class" {
			t.Errorf("%s: ids %q, labels %q", name, got.IDName, got.LabelName)
		}
		for j, c := range s.Columns {
			if d := got.Columns[j]; d.Name != c.Name || d.Kind != c.Kind || c.Levels != nil && !slices.Equal(d.Levels, c.Levels) {
				t.Errorf("%s: %+v, want %+v", name, d, c)
			}
		}
		for i, v := range s.F64 {
			if !nearly(got.F64[i], v) && !(i%6 == 5 && math.Abs(got.F64[i]-v) < 1e-11) {
				t.Fatalf("%s: row %d, column %d: %v, want %v", name, i/6, i%6, got.F64[i], v)
			}
		}
	}
}

func TestTypedFilesRefuseToBeWritten(t *testing.T) {
	twice := &Set{Rows: 1, Cols: 2, F32: []float32{1, 2}, Columns: columnsNamed([]string{"a", "a"})}
	large := &Set{Rows: 1, Cols: 1, F32: []float32{1e30}, Columns: []Column{{Name: "n", Kind: Count}}}
	for _, name := range []string{"a.parquet", "a.arrow"} {
		wantError(t, Write(filepath.Join(t.TempDir(), name), twice), name, `two columns named "a"`)
		wantError(t, Write(filepath.Join(t.TempDir(), name), large), name, `row 1: column 1 ("n")`, "1.00000001", "64 bits")
		wantError(t, Write(filepath.Join(t.TempDir(), name+".gz"), large), "unknown kind of file to write")
	}
}

// TestPythonReadsWhatIsWritten has pandas and pyarrow compare our files with each other and with a CSV.
func TestPythonReadsWhatIsWritten(t *testing.T) {
	python := os.Getenv("AEGPU_PYTHON")
	if python == "" || exec.Command(python, "-c", "import pandas, pyarrow").Run() != nil {
		t.Skip("AEGPU_PYTHON names no Python with pandas and pyarrow: what they make of our files is not tested")
	}
	dir := t.TempDir()
	s := everyKind(70000)
	for _, name := range []string{"a.parquet", "a.feather", "a.csv"} {
		if err := Write(filepath.Join(dir, name), s); err != nil {
			t.Fatal(err)
		}
	}
	said, err := exec.Command(python, "testdata/columnar/check.py", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	for _, name := range []string{"pandas.parquet", "pandas.feather"} {
		src, err := Read(t.Context(), filepath.Join(dir, name), Reading{Types: []string{"when=date"}, ID: "who"})
		if err != nil {
			t.Fatal(err)
		}
		if got := src.Train; !slices.Equal(got.IDs, s.IDs) || !slices.Equal(got.Labels, s.Labels) || !nearly(got.F64[6*69999], s.F64[6*69999]) || got.IDName != "who" {
			t.Errorf("%s: ids %q", name, got.IDName)
		}
	}
}

// TestFlipsInOurFiles holds what we write, which has checksums, to be read right or refused where its values lie.
func TestFlipsInOurFiles(t *testing.T) {
	s := &Set{Name: "noise", Rows: 4000, Cols: 2, F32: make([]float32, 8000), Columns: columnsNamed([]string{"a", "b"})}
	for i := range s.F32 {
		s.F32[i] = float32(math.Sin(float64(i * i)))
	}
	for _, name := range []string{"a.parquet", "a.arrow"} {
		path := filepath.Join(t.TempDir(), name)
		if err := Write(path, s); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		wrong := 0
		for k := range 300 {
			at := 8*1024 + (k*7919*13)%(8*(len(content)-8192)) // among the values
			content[at/8] ^= 1 << (at % 8)
			if got := hold(t, name, content, readerOf(name)); got != nil && !slices.Equal(got.F32, s.F32) {
				wrong++
			}
			content[at/8] ^= 1 << (at % 8)
		}
		if wrong > 0 {
			t.Errorf("%s: %d of 300 flips changed values, unnoticed", name, wrong)
		}
		if got := hold(t, name, bytes.Clone(content), readerOf(name)); got == nil || !slices.Equal(got.F32, s.F32) {
			t.Errorf("%s: whole, it is not read right", name)
		}
	}
}

// A model takes files in which its columns without a name have the names that a file of columns needs, in any order, unless
// another column is called so.
func TestColumnsWithoutANameComeBack(t *testing.T) {
	s := mustRead(t, file(t, "a.csv", rows("a,b,,,c", 20, func(i int) string {
		return fmt.Sprintf("%d.5,%d,%d,%s,%d", i, i*i, i%7+5, []string{"u", "v"}[i%2], 3*i)
	})), Reading{}).Train
	p := fitted(t, s, PreparationOptions{})
	for _, name := range []string{"a.parquet", "a.arrow", "a.csv"} {
		path := filepath.Join(t.TempDir(), name)
		if err := Write(path, s); err != nil {
			t.Fatal(err)
		}
		src := mustRead(t, path, Reading{As: p})
		if got, err := p.Match(src.Train); err != nil || !slices.Equal(got.F32, s.F32) {
			t.Errorf("%s: %v, %q", name, err, src.Found)
		}
	}
	turned := file(t, "b.csv", "x3,c,x2,b,a\nv,3,9,1,1.5\nu,0,5,0,0.5\n")
	if got := mustRead(t, turned, Reading{As: p}).Train; got.At(0, 2) != 9 || got.At(0, 3) != 1 {
		t.Errorf("in another order: %v", got.F32)
	}
	p.Columns[4].Name = "x2"
	_, err := Read(t.Context(), turned, Reading{As: p})
	wantError(t, err, `lacks 1 of the 5 columns`, `""`)
}
