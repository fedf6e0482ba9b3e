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

// tableFormats are the endings under which rows are written, and whether names of columns, names of rows and labels go with them.
var tableFormats = []struct {
	ending                string
	columns, ids, classes bool
}{
	{".csv", true, true, true}, {".tsv", true, true, true}, {".csv.gz", true, true, true}, {".parquet", true, true, true},
	{".arrow", true, true, true}, {".feather", true, true, true}, {".safetensors", true, true, true}, {".npz", true, true, true}, {".npy", false, false, false},
}

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
			file := filepath.Join(out, name+f.ending)
			if o := command(t.Context(), append(args, "-o", file, "--device", "cpu", "-q")...); o.code != 0 {
				t.Errorf("%s as %s: exit %d: %s", name, f.ending, o.code, o.err)
				continue
			}
			sameTable(t, want, file, f.columns, f.ids, f.classes)
		}
	}
	readByPython(t, out)
}

// sameTable holds a file against the CSV of the same rows.
func sameTable(t *testing.T, csvFile, file string, columns, ids, classes bool) {
	t.Helper()
	records := readTable(t, csvFile)
	header, rows := records[0], records[1:]
	how := data.Reading{ID: "none", Label: "none", Types: nil}
	if strings.Contains(filepath.Base(file), ".npz") || strings.HasSuffix(file, ".safetensors") {
		how = data.Reading{}
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
	if !columns {
		return
	}
	for j, c := range s.Columns {
		at := slices.Index(header, c.Name)
		if at < 0 {
			t.Errorf("%s: column %q, where the CSV file has %q", file, c.Name, header)
			continue
		}
		for i, r := range rows {
			got, want := s.At(i, j), r[at]
			if v, err := strconv.ParseFloat(want, 64); err == nil && (c.Levels == nil || c.Kind == data.YesNo) {
				if math.Abs(v-got) > 1e-6*math.Max(1, math.Abs(v)) { // float32 is written short
					t.Errorf("%s: row %d of %s: %v, want %s", file, i+1, c.Name, got, want)
					break
				}
			} else if c.Levels != nil && c.Levels[int(got)] != want {
				t.Errorf("%s: row %d of %s: %s, want %s", file, i+1, c.Name, c.Levels[int(got)], want)
				break
			}
		}
	}
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
