package data

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// typed are files of one table with a column of every type, as pyarrow writes it in two row groups or batches, packed in every way.
func typed(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/columnar/types-*")
	if err != nil || len(files) != 10 {
		t.Fatal(files, err)
	}
	return files
}

func TestEveryTypeIsRead(t *testing.T) {
	for _, path := range typed(t) {
		src, err := Read(t.Context(), path, Reading{})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		s := src.Train
		if err := s.Validate(); err != nil {
			t.Error(err)
		}
		want := []string{"i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f16", "f32", "f64", "dec", "dec9", "yes", "colour", "word"}
		if !slices.Equal(namesOf(s.Columns), want) || s.Rows != 40 || s.IDName != "sample" || s.IDs[39] != "s39" || s.LabelName != "label" || s.Labels[1] != 1 {
			t.Fatalf("%s: %q, %d rows, ids %q, labels %q", path, namesOf(s.Columns), s.Rows, s.IDName, s.LabelName)
		}
		if s.Columns[13].Kind != YesNo || !slices.Equal(s.Columns[13].Levels, []string{"false", "true"}) || s.Columns[14].Kind != Category {
			t.Errorf("%s: %+v", path, s.Columns[13:])
		}
		for i, row := range map[int][]float64{
			1:  {-19, 201, -300, 60001, 1e5, 4000000001, 1e12, 1e13, .25, float64(float32(1) / 3), 1.7e12 + 1, -.04, .1, 0, 1, 1},
			27: {7, 227, -8100, 60027, 27e5, 4000000027, 27e12, 27e13, 6.75, 9, 1.7e12 + 27, .22, 2.7, 1, 2, 1},
		} {
			for j, v := range row {
				if got := s.At(i, j); got != v {
					t.Errorf("%s: row %d, %s is %v, want %v", path, i, want[j], got, v)
				}
			}
		}
		for _, c := range []int{4, 7, 9, 13, 14} { // row 3, 10, ... are missing
			if v := s.At(31, c); v == v {
				t.Errorf("%s: row 31, %s is %v, want none", path, want[c], v)
			}
		}
		said := strings.Join(src.Found, "\n")
		for _, w := range []string{"day (dates, --types day=date", "nothing (no value in it)", "list (", "blob (binary)", "time (", "40 rows of 24 columns"} {
			if !strings.Contains(said, w) {
				t.Errorf("%s: %q is not said in\n%s", path, w, said)
			}
		}
	}
}

func TestChosenColumnsOfTypedFiles(t *testing.T) {
	for _, path := range typed(t) {
		src, err := Read(t.Context(), path, Reading{Columns: []string{"f64", "when", "day"}, Types: []string{"when=date", "day=date"}, ID: "u64", Label: "colour", Drop: []string{"sample"}})
		if err != nil && strings.Contains(err.Error(), "expected a class") { // colour has gaps
			src, err = Read(t.Context(), path, Reading{Columns: []string{"f64", "when", "day"}, Types: []string{"when=date", "day=date"}, ID: "u64", Label: "word", Drop: []string{"sample"}})
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		s := src.Train
		if s.Cols != 3 || s.IDs[1] != "10000000000000" || s.IDs[3] != "" || s.Classes[1] != "b" {
			t.Errorf("%s: %q %q %q", path, namesOf(s.Columns), s.IDs, s.Classes)
		}
		for j, want := range []float64{1.7e12 + 1, 19723 + 13./24, 19724} { // in the file's order
			at := slices.Index(namesOf(s.Columns), []string{"f64", "when", "day"}[j])
			if s.At(1, at) != want {
				t.Errorf("%s: %v, want %v", path, s.At(1, at), want)
			}
		}
		src, err = Read(t.Context(), path, Reading{Columns: []string{"i64", "word", "day"}, Types: []string{"day=date"}})
		if err != nil {
			t.Fatal(err)
		}
		p, err := FitPreparation(src.Train, PreparationOptions{})
		if err != nil {
			t.Fatal(err)
		}
		again, err := Read(t.Context(), path, Reading{As: p})
		if err != nil || !slices.Equal(again.Train.F64, src.Train.F64) || again.Train.F64 == nil || again.Train.Labels == nil {
			t.Errorf("%s: as before: %v, %+v", path, err, again)
		}
		for _, c := range []struct {
			how  Reading
			want string
		}{
			{Reading{Types: []string{"list=category"}}, `column 21 ("list"): `},
			{Reading{Types: []string{"day=real"}}, `"day"): dates: expected numbers`},
			{Reading{Label: "blob"}, `"blob"): binary`},
		} {
			_, err := Read(t.Context(), path, c.how)
			wantError(t, err, c.want, filepath.Base(path))
		}
	}
}

func TestCasesOfTypedFiles(t *testing.T) {
	for _, name := range []string{"table.parquet", "table.feather"} {
		if s := open(t, filepath.Join("testdata/columnar", name)); s.Rows != 300 || s.Cols != 6 || s.Columns[5].Name != "torque" || s.IDs != nil {
			t.Errorf("%s: %+v", name, s.Columns)
		}
	}
	if s := open(t, "testdata/columnar/index.parquet"); s.IDName != "" || s.IDs[11] != "r11" || s.Cols != 2 || s.At(1, 0) != .25 {
		t.Errorf("index: %+v", s)
	}
	if s := open(t, "testdata/columnar/named.feather"); s.IDName != "name" || s.IDs[11] != "r11" || s.Cols != 2 {
		t.Errorf("named: %+v", s)
	}
}

func TestTypedFilesThatAreRefused(t *testing.T) {
	content, err := os.ReadFile("testdata/columnar/table.parquet")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path  string
		words []string
	}{
		{"testdata/columnar/version1.feather", []string{"Feather of version 1", "to_feather"}},
		{file(t, "a.parquet", "x"), []string{"expected a Parquet file"}},
		{file(t, "a.arrow", "x"), []string{"expected an Arrow file"}},
		{file(t, "a.feather", ""), []string{"expected an Arrow file"}},
		{file(t, "a.parquet", string(content[:5000])), []string{"expected a Parquet file"}},
		{file(t, "a.parquet", string(content[:len(content)-8])+"\xff\xff\xff\x7fPAR1"), []string{"claims more"}},
		{file(t, "a.parquet", string(content[:len(content)-4])+"PARE"), []string{"encrypted"}},
		{file(t, "a.parquet.gz", "x"), []string{"gunzip"}},
	} {
		_, err := Open(context.Background(), c.path)
		wantError(t, err, append(c.words, filepath.Base(c.path))...)
	}
	_, err = Open(t.Context(), os.DevNull+"")
	wantError(t, err, "unknown kind of file")
}

// TestBitFlipsInTypedFiles flips bits and cuts files short: an *Error or a valid set, and with checksums the right one.
func TestBitFlipsInTypedFiles(t *testing.T) {
	for _, name := range []string{"table.parquet", "types-snappy.parquet", "types-gzip.parquet", "types-brotli.parquet", "types-zstd.parquet", "types-lz4.parquet",
		"table.feather", "types-zstd.feather", "types-uncompressed.feather", "types-stream.arrow"} {
		content, err := os.ReadFile(filepath.Join("testdata/columnar", name))
		if err != nil {
			t.Fatal(err)
		}
		read := readerOf(name)
		for k := range 120 {
			bad := slices.Clone(content)
			at := (k*7919 + 13) % (8 * len(bad))
			if k < 40 { // near the end, where footers are
				at = 8*len(bad) - 1 - (k*397)%min(8*len(bad), 32000)
			}
			bad[at/8] ^= 1 << (at % 8)
			hold(t, fmt.Sprintf("%s, bit %d", name, at), bad, read)
			hold(t, fmt.Sprintf("%s, cut at %d", name, at/8), content[:at/8], read)
		}
	}
}

// readerOf returns what reads files of that name.
func readerOf(name string) func(*randomFile, *Reading) (*Source, error) {
	if format(name) == "parquet" {
		return readColumns("parquet")
	}
	return readColumns("arrow")
}

// near says whether two numbers are the same, missing ones too.
func nearly(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

// readColumns reads a file of a format that keeps columns apart.
func readColumns(kind string) func(*randomFile, *Reading) (*Source, error) {
	return func(f *randomFile, how *Reading) (*Source, error) {
		read := parquetFrame
		if kind == "arrow" {
			read = arrowFrame
		}
		t, said, err := read(f, how)
		if err != nil {
			return nil, err
		}
		return t.source(how, said)
	}
}
