package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/data"
)

// tableFormats are the endings under which rows are written.
var tableFormats = []string{".csv", ".tsv", ".csv.gz", ".parquet", ".arrow", ".feather", ".safetensors", ".npz", ".npy"}

// mixedTable is a file of 80 rows with names of rows, classes, and a column of each kind.
func mixedTable(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("code,height,colour,member,visits,grade\n")
	for i := range 80 {
		fmt.Fprintf(&b, "r%03d,%.3f,%s,%s,%d,%s\n", i, 150+40*math.Sin(float64(i)), []string{"red", "green", "blue"}[i%3], []string{"no", "yes"}[i%2], i*i%7, []string{"ill", "well"}[i/40])
	}
	path := filepath.Join(t.TempDir(), "mixed.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// What a command writes is the same in every format: rows, numbers, names of columns and rows, classes.
func TestFormatsHoldTheSame(t *testing.T) {
	table := mixedTable(t)
	run := trainTiny(t, table, "--label", "grade", "--types", "visits=count")
	out := t.TempDir()
	for name, args := range map[string][]string{
		"codes": {"encode", run, table}, "rows": {"reconstruct", run, table}, "new": {"sample", run, "-n", "30", "--seed", "3"}, "scores": {"score", run, table, "--contamination", "0.1"},
	} {
		want := filepath.Join(out, name+".csv")
		must(t, append(args, "-o", want, "--device", "cpu", "-q")...)
		for _, f := range tableFormats {
			file := filepath.Join(out, name+f)
			if o := command(t.Context(), append(args, "-o", file, "--device", "cpu", "-q")...); o.code != 0 {
				t.Errorf("%s as %s: exit %d: %s", name, f, o.code, o.err)
				continue
			}
			sameTable(t, want, file)
		}
	}
	readByPython(t, out)
}

// sameTable holds a file against the CSV of the same rows: names of columns, rows and classes, where the format has them, and
// every cell.
func sameTable(t *testing.T, csvFile, file string) {
	t.Helper()
	records := readTable(t, csvFile)
	header, rows := records[0], records[1:]
	column := func(name string) (cells []string) {
		if at := slices.Index(header, name); at >= 0 {
			for _, r := range rows {
				cells = append(cells, r[at])
			}
		}
		return cells
	}
	ids, classes := column("code"), column("grade")
	how := data.Reading{}
	if ending := filepath.Ext(strings.TrimSuffix(file, ".gz")); !slices.Contains([]string{".npz", ".npy", ".safetensors"}, ending) {
		if ids != nil {
			how = data.Reading{ID: "code", Label: "grade"}
		}
		if slices.Contains(header, "colour") { // of which one may be all that comes out
			how.Types = []string{"colour=category", "member=category"}
		}
	}
	source, err := data.Read(t.Context(), file, how)
	if err != nil {
		t.Errorf("%s: %v", file, err)
		return
	}
	s := source.Train
	if s.Rows != len(rows) {
		t.Errorf("%s: %d rows, want %d", file, s.Rows, len(rows))
		return
	}
	names := slices.DeleteFunc(slices.Clone(header), func(n string) bool { return n == "code" || n == "grade" })
	if !strings.HasSuffix(file, ".npy") && !sameNames(t, s, names, ids, classes) { // NPY holds numbers alone
		return
	}
	for j, name := range names {
		for i, want := range column(name) {
			if !sameCell(s, i, j, want) {
				t.Errorf("%s: row %d of %s: %v, want %s", file, i+1, name, s.At(i, j), want)
				break
			}
		}
	}
}

func sameNames(t *testing.T, s *data.Set, names, ids, classes []string) bool {
	t.Helper()
	if !slices.EqualFunc(s.Columns, names, func(c data.Column, n string) bool { return c.Name == n }) || !slices.Equal(s.IDs, ids) {
		t.Errorf("%s: columns %v and %d names of rows, want %q and %d", s.Name, s.Columns, len(s.IDs), names, len(ids))
		return false
	}
	var got []string
	for _, l := range s.Labels {
		got = append(got, s.Classes[l])
	}
	if !slices.Equal(got, classes) {
		t.Errorf("%s: classes %.3q, want %.3q", s.Name, got, classes)
		return false
	}
	return true
}

// sameCell says whether a cell is what a CSV file has there, or the number of that level where the format holds numbers alone.
func sameCell(s *data.Set, i, j int, want string) bool {
	got := s.At(i, j)
	v, err := strconv.ParseFloat(want, 64)
	switch {
	case s.Columns != nil && s.Columns[j].Levels != nil && (err != nil || s.Columns[j].Kind != data.YesNo):
		return s.Columns[j].Levels[int(got)] == want
	case err != nil:
		return got == math.Trunc(got) && got >= 0
	}
	return math.Abs(v-got) <= 1e-6*math.Max(1, math.Abs(v)) // float32 is written short
}

// readByPython has pandas, pyarrow, numpy and safetensors read the files, where AEGPU_PYTHON names an interpreter that has them.
func readByPython(t *testing.T, dir string) {
	t.Helper()
	python := os.Getenv("AEGPU_PYTHON")
	if python == "" {
		t.Log("AEGPU_PYTHON names no interpreter with pandas, pyarrow and safetensors: not read by them")
		return
	}
	if out, err := exec.CommandContext(t.Context(), python, filepath.Join("testdata", "formats.py"), dir).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// Columns of the null type, as pandas writes those without a value, are columns of missing cells to a model that knows them.
func TestColumnsWithoutAValue(t *testing.T) {
	python := os.Getenv("AEGPU_PYTHON")
	if python == "" {
		t.Skip("AEGPU_PYTHON is not set: no pandas to write them")
	}
	dir := t.TempDir()
	script := `
import sys, pandas as pd
d = pd.DataFrame({"a": [1.5, 2.5, None, 4.0] * 20, "b": range(80), "c": ["x", "y"] * 40})
d.to_parquet(sys.argv[1] + "/a.parquet")
d["a"], d["c"] = None, None
d.to_parquet(sys.argv[1] + "/b.parquet")
d.to_feather(sys.argv[1] + "/b.feather")
`
	if text, err := exec.Command(python, "-c", script, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	run := filepath.Join(dir, "run")
	must(t, "train", filepath.Join(dir, "a.parquet"), "--missing", "mean", "--id", "none", "--out", run, "--epochs", "1", "--device", "cpu", "-q")
	for _, file := range []string{"b.parquet", "b.feather"} {
		out := filepath.Join(dir, "out.csv")
		must(t, "encode", run, filepath.Join(dir, file), "-o", out, "--device", "cpu", "-q")
		if n := strings.Count(string(contents(t, out)), "\n"); n != 81 {
			t.Errorf("%s: %d lines of codes", file, n)
		}
	}
}
