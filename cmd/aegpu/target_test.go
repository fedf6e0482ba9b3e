package main

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/data"
)

// mappings writes rows of four numbers a to d and their targets, a price (a number) and a kind (a category), as tables, and
// rows and targets of numbers as archives and files.
func mappings(t *testing.T, rows int) (dir string) {
	dir = t.TempDir()
	r := rand.New(rand.NewPCG(1, 2))
	x := &data.Set{Rows: rows, Cols: 4, F32: make([]float32, 4*rows)}
	y := &data.Set{Rows: rows, Cols: 2, F32: make([]float32, 2*rows)}
	table := &data.Set{Rows: rows, Cols: 6, F32: make([]float32, 6*rows)}
	for _, name := range strings.Split("abcd", "") {
		table.Columns = append(table.Columns, data.Column{Name: name})
	}
	table.Columns = append(table.Columns, data.Column{Name: "price"}, data.Column{Name: "kind", Kind: data.Category, Levels: []string{"blue", "green", "red"}})
	for i := range rows {
		row := table.F32[6*i : 6*i+6]
		for j := range 4 {
			row[j] = float32(r.NormFloat64())
		}
		row[4] = 1000 + 300*float32(math.Tanh(float64(row[0]-row[1])))
		row[5] = float32(min(max(int(row[2])+1, 0), 2))
		copy(x.F32[4*i:], row[:4])
		y.F32[2*i], y.F32[2*i+1] = row[4], row[0]*row[3]
	}
	save := func(name string, s *data.Set) {
		if err := data.Write(filepath.Join(dir, name), s); err != nil {
			t.Fatal(err)
		}
	}
	save("t.csv", table)
	save("t.parquet", table)
	save("x.npy", x)
	save("y.npy", y)
	both := &data.Set{Rows: rows, Cols: 4, F32: x.F32}
	save("x.npz", both)
	inputs := &data.Set{Rows: rows, Cols: 4, F32: x.F32, Columns: table.Columns[:4]}
	save("inputs.csv", inputs)
	return dir
}

// A decoder that is to make columns of the table that it does not see makes them, and gives them back by name and in their units.
func TestTargetColumns(t *testing.T) {
	dir := mappings(t, 1500)
	for _, file := range []string{"t.csv", "t.parquet"} {
		path, run := filepath.Join(dir, file), filepath.Join(dir, "run-"+file)
		train := []string{"train", path, "--target", "price,kind", "--out", run, "--hidden", "32", "--epochs", "40", "--device", "cpu"}
		o := must(t, append(train, "--json")...)
		if v := o.object(t)["test"].(map[string]any)["explained_variance"].(float64); !(v > 0.8) {
			t.Errorf("%s: explained variance of the targets %v: expected above 0.8 of a function of the rows", file, v)
		}
		if !strings.Contains(o.err, "targets: price, kind") {
			t.Errorf("the targets are not said: %s", o.err)
		}
		out := filepath.Join(dir, "out.csv")
		must(t, "reconstruct", run, filepath.Join(dir, "inputs.csv"), "-o", out, "--device", "cpu")
		made, err := data.Open(t.Context(), out)
		if err != nil {
			t.Fatal(err)
		}
		want, err := data.Read(t.Context(), path, data.Reading{Columns: []string{"price", "kind"}})
		if err != nil {
			t.Fatal(err)
		}
		rightKinds, off := 0, 0.0
		for i := range made.Train.Rows {
			off += math.Abs(made.Train.At(i, 0)-want.Train.At(i, 0)) / float64(made.Train.Rows)
			if made.Train.Columns[1].Levels[int(made.Train.At(i, 1))] == want.Train.Columns[1].Levels[int(want.Train.At(i, 1))] {
				rightKinds++
			}
		}
		if off > 100 || rightKinds < made.Train.Rows*8/10 { // the price's deviation is about 230
			t.Errorf("%s: off by %.1f on average, %d of %d kinds right", file, off, rightKinds, made.Train.Rows)
		}
		first := must(t, "evaluate", run, path, "--json", "--device", "cpu").object(t)["test"]
		turned := turnedColumns(t, path)
		if again := must(t, "evaluate", run, turned, "--json", "--device", "cpu").object(t)["test"]; fmt.Sprint(again) != fmt.Sprint(first) {
			t.Errorf("columns in another order: %v, want %v", again, first)
		}
		o = command(t.Context(), "evaluate", run, filepath.Join(dir, "inputs.csv"), "--device", "cpu")
		if o.code != 2 || !strings.Contains(o.err, `"price" "kind"`) || !strings.Contains(o.err, "targets of the model") {
			t.Errorf("without targets: exit %d: %s", o.code, o.err)
		}
		scores := must(t, "score", run, path, "-o", out, "--by-column", "--device", "cpu")
		if head, _, _ := strings.Cut(string(contents(t, out)), "\n"); !strings.Contains(head, "error:price,error:kind") {
			t.Errorf("scores by column are %s: %s", head, scores.err)
		}
	}
}

// turnedColumns writes a table with its columns in the opposite order.
func turnedColumns(t *testing.T, path string) string {
	src, err := data.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	s := src.Train
	turned := &data.Set{Rows: s.Rows, Cols: s.Cols, F32: make([]float32, s.Rows*s.Cols)}
	for j := range s.Cols {
		turned.Columns = append(turned.Columns, s.Columns[s.Cols-1-j])
		for i := range s.Rows {
			turned.F32[i*s.Cols+j] = float32(s.At(i, s.Cols-1-j))
		}
	}
	out := filepath.Join(t.TempDir(), "turned.csv")
	if err := data.Write(out, turned); err != nil {
		t.Fatal(err)
	}
	return out
}

// Targets are what they are whether they are columns, an array or a file, in memory or on disk, and in one sitting or many:
// the same weights.
func TestTargetsAreTheSameFromAnywhere(t *testing.T) {
	dir := mappings(t, 900)
	script := filepath.Join(dir, "both.npz")
	writeArrays(t, script, filepath.Join(dir, "x.npy"), filepath.Join(dir, "y.npy"))
	var want []byte
	for k, args := range [][]string{
		{filepath.Join(dir, "x.npy"), "--target", filepath.Join(dir, "y.npy")},
		{script, "--array", "rows", "--target", "wanted"},
		{filepath.Join(dir, "x.npy"), "--target", filepath.Join(dir, "y.npy"), "--memory", "0"},
		{script, "--array", "rows", "--target", "wanted", "--memory", "0"},
	} {
		run := filepath.Join(dir, fmt.Sprintf("run%d", k))
		train := append([]string{"train"}, args...)
		train = append(train, "--out", run, "--hidden", "7", "--latent", "2", "--epochs", "3", "--batch", "50", "--window", "330", "--block", "4", "--device", "cpu", "-q")
		must(t, train...)
		file := contents(t, filepath.Join(run, "model.safetensors"))
		if want == nil {
			want = file
		}
		if !bytes.Equal(file, want) {
			t.Errorf("%v: another model than of files in memory", args)
		}
		must(t, "evaluate", run, "--device", "cpu", "-q")
		again := command(t.Context(), "train", "--resume", "--out", run, "--epochs", "5", "--device", "cpu", "-q")
		if again.code != 0 {
			t.Errorf("%v: going on: exit %d: %s", args, again.code, again.err)
		}
	}
}

// writeArrays writes two files of arrays as the arrays rows and wanted of an archive.
func writeArrays(t *testing.T, path, rows, wanted string) {
	zip := archive(t, map[string]string{"rows.npy": string(contents(t, rows)), "wanted.npy": string(contents(t, wanted))})
	if err := os.WriteFile(path, []byte(zip), 0o666); err != nil {
		t.Fatal(err)
	}
}

// A file of targets whose columns are called as the inputs are is asked for, never guessed; it is not written over; and where
// it has gone, or changed, that is said of it.
func TestTargetFiles(t *testing.T) {
	dir := mappings(t, 400)
	in := func(name string) string { return filepath.Join(dir, name) }
	x, y := in("inputs.csv"), in("clean.csv")
	if err := os.WriteFile(y, contents(t, x), 0o666); err != nil {
		t.Fatal(err)
	}
	run := in("run")
	must(t, "train", x, "--target", y, "--out", run, "--hidden", "8", "--epochs", "2", "--device", "cpu")
	must(t, "evaluate", run, x, "--target", y, "--device", "cpu")
	for want, args := range map[string][]string{
		"called as the inputs are":           {"evaluate", run, x},
		"would write over":                   {"score", run, x, "--target", y, "-o", y},
		"--target is for DATA":               {"evaluate", run, "--target", y},
		"--target: encode needs no targets":  {"encode", run, x, "--target", y, "-o", in("c.csv")},
		`expected the model's own targets`:   {"evaluate", run, x, "--target", "nope"},
		"has neither columns nor arrays":     {"train", in("x.npy"), "--target", "z", "--out", in("r2")},
		"400 targets: expected one for each": {"train", in("x.npy"), "--target", y, "--limit", "10", "--out", in("r3"), "--test-data", in("x.npy")},
	} {
		o := command(t.Context(), append(args, "--device", "cpu")...)
		if want == "400 targets: expected one for each" {
			want = "there are data for the test"
		}
		if o.code != 2 || !strings.Contains(o.err, want) {
			t.Errorf("%v: exit %d: %s: expected %q", args, o.code, o.err, want)
		}
	}
	if err := os.WriteFile(y, append(contents(t, y), "1,2,3,4\n"...), 0o666); err != nil {
		t.Fatal(err)
	}
	if o := command(t.Context(), "train", "--resume", "--out", run, "--device", "cpu"); o.code != 2 || !strings.Contains(o.err, "401 targets") {
		t.Errorf("a longer file of targets: exit %d: %s", o.code, o.err)
	}
	if err := os.Remove(y); err != nil {
		t.Fatal(err)
	}
	if o := command(t.Context(), "evaluate", run, "--device", "cpu"); o.code != 2 || !strings.Contains(o.err, "clean.csv: no such file") {
		t.Errorf("without its targets: exit %d: %s", o.code, o.err)
	}
}
