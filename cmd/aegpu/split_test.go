package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/settings"
	"github.com/aegpu/aegpu/train"
)

// patients is a table of visits: an id, the patient, three measurements. Visits from row 'from' on.
func patients(from, to int) (header string, lines []string) {
	rng := rand.New(rand.NewPCG(8, uint64(from)))
	for i := from; i < to; i++ {
		x := rng.NormFloat64()
		lines = append(lines, fmt.Sprintf("v%d,p%d,%.4f,%.4f,%.4f", i, i%23, x, x*x+0.1*rng.NormFloat64(), 3-x))
	}
	return "visit,patient,a,b,c", lines
}

func writeLines(t *testing.T, path, header string, lines []string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(header+"\n"+strings.Join(lines, "\n")+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// ownSets are the parts that commands on a run work with.
func ownSets(t *testing.T, dir string) *train.Sets {
	t.Helper()
	r, err := findRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	m, err := r.load(dev)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	sets, err := r.own(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return sets
}

// A file that has grown, with its rows and columns in another order: what was held out is, and nothing that was trained
// on. Resuming is refused.
func TestGrownFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "visits.csv")
	header, lines := patients(0, 200)
	writeLines(t, path, header, lines)
	dir := trainTiny(t, path, "--id", "visit", "--drop", "patient", "--val", "0.2", "--test", "0.2")
	then := ownSets(t, dir)
	if then.Test.Rows != 40 || then.Val.Rows != 32 || then.Changed != "" {
		t.Fatalf("%d test, %d validation rows of 200, %q", then.Test.Rows, then.Val.Rows, then.Changed)
	}
	must(t, "evaluate", dir, "-q")

	_, more := patients(200, 500)
	all := append(slices.Clone(lines), more...)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i, l := range all {
		f := strings.Split(l, ",")
		slices.Reverse(f)
		all[i] = strings.Join(f, ",")
	}
	writeLines(t, path, "c,b,a,patient,visit", all)
	now := ownSets(t, dir)
	for _, id := range then.Test.IDs {
		if !slices.Contains(now.Test.IDs, id) {
			t.Errorf("%s is no test row any more", id)
		}
	}
	for _, held := range [][]string{now.Test.IDs, now.Val.IDs} {
		for _, id := range held {
			if slices.Contains(then.Train.IDs, id) {
				t.Errorf("%s was trained on, and is held out", id)
			}
		}
	}
	if n := now.Test.Rows; n < 70 || n > 130 || now.Train.Rows+now.Val.Rows+n != 500 {
		t.Errorf("%d test rows of %d", n, now.Train.Rows+now.Val.Rows+n)
	}
	o := must(t, "evaluate", dir, "--json", "-q")
	if !strings.Contains(o.err, path+" has changed since the training: it has 500 rows, 300 more than then") {
		t.Errorf("said: %s", o.err)
	}
	if w := show(o.object(t)["warnings"]); !strings.Contains(w, "300 more than then") {
		t.Errorf("warnings: %s", w)
	}
	if n := number64(t, o.object(t), "test", "examples"); int(n) != now.Test.Rows {
		t.Errorf("%g examples, want %d", n, now.Test.Rows)
	}
	must(t, "sample", dir, "-n", "3", "-o", filepath.Join(t.TempDir(), "s.csv"), "-q")
	refused(t, []string{"train", "--resume", "--out", dir, "--epochs", "3", "-q"}, "other data")
	writeLines(t, path, "c,b,z,patient,visit", all)
	refused(t, []string{"evaluate", dir, "-q"}, "not the data that the run was trained on", `lacks 1 of the 3 columns that the model was trained on: "a"`)
}

// The rows of a patient are on one side.
func TestGroups(t *testing.T) {
	header, lines := patients(0, 300)
	path := writeLines(t, filepath.Join(t.TempDir(), "visits.csv"), header, lines)
	dir := trainTiny(t, path, "--id", "visit", "--group", "patient", "--val", "0.2", "--test", "0.2")
	s := ownSets(t, dir)
	if s.Train.Cols != 3 {
		t.Errorf("%d columns", s.Train.Cols)
	}
	side := map[string]string{}
	for name, ids := range map[string][]string{"training": s.Train.IDs, "validation": s.Val.IDs, "test": s.Test.IDs} {
		if len(ids) < 30 {
			t.Errorf("%d %s rows of 300", len(ids), name)
		}
		for _, id := range ids {
			patient := strings.Split(lines[atoi(t, strings.TrimPrefix(id, "v"))], ",")[1]
			if was, ok := side[patient]; ok && was != name {
				t.Fatalf("%s is in the %s and the %s part", patient, was, name)
			}
			side[patient] = name
		}
	}
	if len(side) != 23 {
		t.Errorf("%d patients", len(side))
	}
	_, more := patients(300, 400)
	lines = append(more, lines...)
	writeLines(t, path, header, lines)
	now := ownSets(t, dir)
	if now.Test.Rows <= s.Test.Rows {
		t.Errorf("%d test rows, %d before", now.Test.Rows, s.Test.Rows)
	}
	for i, id := range now.Test.IDs {
		if n := atoi(t, strings.TrimPrefix(id, "v")); side[fmt.Sprint("p", n%23)] != "test" {
			t.Fatalf("row %d of the test part, %s, is of a patient of the %s part", i, id, side[fmt.Sprint("p", n%23)])
		}
	}
}

func TestTestData(t *testing.T) {
	top := t.TempDir()
	header, lines := patients(0, 120)
	path := writeLines(t, filepath.Join(top, "visits.csv"), header, lines)
	_, fresh := patients(300, 330)
	var reversed []string
	for _, l := range append(slices.Clone(fresh), lines[5:17]...) {
		f := strings.Split(l, ",")
		reversed = append(reversed, f[4]+","+f[2]+","+f[3]+",9,"+f[0])
	}
	test := writeLines(t, filepath.Join(top, "test.csv"), "c,a,b,other,visit", reversed)
	val := writeLines(t, filepath.Join(top, "val.csv"), header, fresh[:10])
	dir := filepath.Join(top, "run")
	o := must(t, append([]string{"train", path, "--id", "visit", "--drop", "patient", "--test-data", test, "--val-data", val, "--patience", "2", "--out", dir}, tiny...)...)
	if !strings.Contains(o.err, "12 of 42 test rows are also training rows") || strings.Contains(o.err, "validation rows are also") {
		t.Errorf("said: %s", o.err)
	}
	s := ownSets(t, dir)
	if s.Train.Rows != 120 || s.Val.Rows != 10 || s.Test.Rows != 42 || s.Division.Test != nil || s.Division.Val != nil {
		t.Errorf("%d training, %d validation, %d test rows", s.Train.Rows, s.Val.Rows, s.Test.Rows)
	}
	for j, want := range []string{"a", "b", "c"} {
		if s.Test.Columns[j].Name != want || s.Test.At(30, j) != s.Train.At(5, j) {
			t.Errorf("column %d is %s: %g, want %s: %g", j+1, s.Test.Columns[j].Name, s.Test.At(30, j), want, s.Train.At(5, j))
		}
	}
	if o := must(t, "evaluate", dir, "--json", "-q"); number64(t, o.object(t), "test", "examples") != 42 {
		t.Errorf("%s", o.out)
	}
	less := writeLines(t, filepath.Join(top, "less.csv"), "a,visit", []string{"1,v1", "2,v2"})
	refused(t, []string{"train", path, "--id", "visit", "--drop", "patient", "--test-data", less, "--out", dir + "2", "-q"}, less, `lacks 2 of the 3 columns that the model was trained on: "b" "c"`)
	refused(t, []string{"train", path, "--test-data", filepath.Join(top, "none.csv"), "--out", dir + "2", "-q"}, "none.csv")
}

// A run finds its data from another directory, and when they have moved says where to write that.
func TestOtherDirectory(t *testing.T) {
	top := t.TempDir()
	t.Chdir(top)
	header, lines := patients(0, 120)
	writeLines(t, "visits.csv", header, lines)
	_, fresh := patients(300, 330)
	writeLines(t, "test.csv", header, fresh)
	flags := append([]string{"--id", "visit", "--drop", "patient", "--test-data", "test.csv"}, tiny...)
	must(t, append([]string{"train", "visits.csv", "--out", "first"}, flags...)...)
	must(t, append([]string{"train", "visits.csv", "--out", "run", "--init-from", "first"}, flags...)...)
	dir := filepath.Join(top, "run")
	t.Chdir(t.TempDir())
	must(t, "evaluate", dir, "-q")
	must(t, "train", "--resume", "--out", dir, "--epochs", "3", "-q")
	must(t, "train", "--config", filepath.Join(dir, "config.yaml"), "--out", "again", "-q")
	if !slices.Equal(contents(t, dir, modelFile), contents(t, "again", modelFile)) {
		t.Error("the saved config makes another model from another directory")
	}
	if strings.Contains(string(contents(t, dir, modelFile)), "visits") {
		t.Error("the model file holds a path")
	}
	moved := filepath.Join(top, "moved.csv")
	if err := os.Rename(filepath.Join(top, "visits.csv"), moved); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "config.yaml")
	refused(t, []string{"evaluate", dir, "-q"}, "visits.csv: no such file", "write its place into "+config)
	must(t, "train", moved, "--resume", "--out", dir, "--epochs", "4", "-q")
	must(t, "evaluate", dir, "-q")
}

func TestKeepPaths(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	digest := strings.Repeat("ab", 32)
	c := settings.Config{Data: "builtin:glyphs", TestData: "x/../y.csv", ValData: "-", InitFrom: "run@sha256:" + digest}
	if err := keepPaths(&c); err != nil {
		t.Fatal(err)
	}
	if c.Data != "builtin:glyphs" || c.TestData != filepath.Join(dir, "y.csv") || c.ValData != "-" || c.InitFrom != filepath.Join(dir, "run")+"@sha256:"+digest {
		t.Errorf("%q %q %q %q", c.Data, c.TestData, c.ValData, c.InitFrom)
	}
}

func atoi(t *testing.T, text string) (n int) {
	t.Helper()
	if _, err := fmt.Sscan(text, &n); err != nil {
		t.Fatal(err)
	}
	return n
}
