package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// batchTable is rows of two numbers that a batch shifts by 10, with a class beside.
func batchTable(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("name,batch,x,y,class\n")
	for i := range 240 {
		f, at := math.Sin(float64(i)), i%3
		fmt.Fprintf(&b, "r%03d,%s,%.4f,%.4f,%s\n", i, []string{"left", "mid", "right"}[at], f+10*float64(at-1), -f+10*float64(at-1), []string{"ill", "well"}[i/7%2])
	}
	path := filepath.Join(t.TempDir(), "batches.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// cells are those of a table.
func cells(t *testing.T, path string) (head []string, rows [][]string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(string(contents(t, path))), "\n")
	for _, l := range lines[1:] {
		rows = append(rows, strings.Split(l, ","))
	}
	return strings.Split(lines[0], ","), rows
}

// meansBy are the means of column x by the level in another column.
func meansBy(t *testing.T, path, level string) map[string]float64 {
	t.Helper()
	head, rows := cells(t, path)
	x, at := -1, -1
	for j, name := range head {
		switch name {
		case "x":
			x = j
		case level:
			at = j
		}
	}
	if x < 0 || at < 0 {
		t.Fatalf("%s has the columns %v", path, head)
	}
	sum, n := map[string]float64{}, map[string]float64{}
	for _, r := range rows {
		v, err := strconv.ParseFloat(r[x], 64)
		if err != nil {
			t.Fatal(err)
		}
		sum[r[at]] += v
		n[r[at]]++
	}
	for l := range sum {
		sum[l] /= n[l]
	}
	return sum
}

// wantMeans demands that levels are where the batches are.
func wantMeans(t *testing.T, path string, want ...string) {
	t.Helper()
	got := meansBy(t, path, "batch")
	for _, l := range want {
		shift := map[string]float64{"left": -10, "mid": 0, "right": 10}[l]
		if v, ok := got[l]; !ok || math.Abs(v-shift) > 1.5 {
			t.Errorf("%s: x of %s is %v on average, expected about %v", path, l, v, shift)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s has the levels %v, expected %v", path, got, want)
	}
}

// TestConditionOfATable takes a conditional model through every command.
func TestConditionOfATable(t *testing.T) {
	table, dir := batchTable(t), t.TempDir()
	run, at := filepath.Join(dir, "run"), func(name string) string { return filepath.Join(dir, name) }
	said := must(t, "train", table, "--condition", "batch", "--model", "vae", "--loss", "gaussian", "--hidden", "16", "--latent", "2", "--epochs", "120", "--batch", "20", "--lr", "0.005", "--device", "cpu", "--out", run)
	if !strings.Contains(said.err, `condition: batch, 3 levels ("left" "mid" "right")`) {
		t.Errorf("training says %s", said.err)
	}
	for _, ending := range []string{".csv", ".parquet", ".safetensors"} {
		codes := at("codes" + ending)
		must(t, "encode", run, table, "-o", codes, "--device", "cpu")
		must(t, "decode", run, codes, "-o", at("decoded.csv"), "--device", "cpu")
		wantMeans(t, at("decoded.csv"), "left", "mid", "right")
		must(t, "decode", run, codes, "-o", at("decoded.csv"), "--condition", "mid", "--device", "cpu")
		wantMeans(t, at("decoded.csv"), "mid")
	}
	if o := must(t, "encode", run, table, "-o", at("codes.npz"), "--device", "cpu"); !strings.Contains(o.err, "does not hold batch, the condition of each row") {
		t.Errorf("encode says %s", o.err)
	}
	if o := command(t.Context(), "decode", run, at("codes.npz"), "-o", at("decoded.csv"), "--device", "cpu"); o.code != 2 || !strings.Contains(o.err, `lacks "batch", which the model is conditioned on`) {
		t.Errorf("codes whose labels are others: exit %d: %s", o.code, o.err)
	}
	if head, _ := cells(t, at("codes.csv")); strings.Join(head, ",") != "name,code_0,code_1,batch,class" {
		t.Errorf("codes have the columns %v", head)
	}
	must(t, "reconstruct", run, table, "-o", at("same.csv"), "--device", "cpu")
	wantMeans(t, at("same.csv"), "left", "mid", "right")
	must(t, "reconstruct", run, table, "-o", at("moved.csv"), "--condition", "right", "--device", "cpu")
	wantMeans(t, at("moved.csv"), "right")
	must(t, "sample", run, "-n", "300", "-o", at("new.csv"), "--device", "cpu")
	wantMeans(t, at("new.csv"), "left", "mid", "right")
	must(t, "sample", run, "-n", "100", "--condition", "left", "-o", at("left.csv"), "--device", "cpu")
	wantMeans(t, at("left.csv"), "left")
	if walk := must(t, "interpolate", run, "-n", "3", "-o", at("walk.csv"), "--condition", "right", "--device", "cpu"); strings.Contains(walk.err, "most training rows") {
		t.Errorf("interpolate says %s", walk.err)
	}
	wantMeans(t, at("walk.csv"), "right")
	if walk := must(t, "interpolate", run, "--between", "0,1", "-o", at("walk.csv"), "--device", "cpu"); !strings.Contains(walk.err, "which most training rows have") {
		t.Errorf("interpolate says %s", walk.err)
	}
	must(t, "score", run, table, "-o", at("scores.csv"), "--device", "cpu")
	must(t, "evaluate", run, table, "--device", "cpu")
	test := must(t, "evaluate", run, "--iwae-k", "5", "--device", "cpu", "--json").object(t)["test"].(map[string]any)
	if v := test["explained_variance"].(float64); v < 0.98 {
		t.Errorf("explained variance %v", v)
	}
	if text := must(t, "inspect", run).out; !strings.Contains(text, "condition batch, 3 levels: left (") {
		t.Errorf("inspect says %s", text)
	}
	must(t, "inspect", run, "--step")
}

// TestConditionWithoutPrior draws codes of an autoencoder for a level, in memory and from disk, of a table without names.
func TestConditionWithoutPrior(t *testing.T) {
	text := string(contents(t, batchTable(t)))
	table, out := filepath.Join(t.TempDir(), "plain.csv"), t.TempDir()
	if err := os.WriteFile(table, []byte(text[strings.IndexByte(text, '\n')+1:]), 0o600); err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(out, name) }
	for _, memory := range []string{"0", "1"} {
		run := at("run" + memory)
		must(t, "train", table, "--condition", "2", "--loss", "squared", "--hidden", "16", "--latent", "2", "--epochs", "60", "--batch", "20", "--lr", "0.005", "--memory", memory, "--device", "cpu", "--out", run)
		must(t, "sample", run, "-n", "200", "-o", at("new.csv"), "--condition", "left", "--device", "cpu")
		head, rows := cells(t, at("new.csv"))
		sum := 0.0
		for _, r := range rows {
			v, err := strconv.ParseFloat(r[0], 64)
			if err != nil || r[len(r)-1] != "left" {
				t.Fatalf("a row of %v is %v", head, r)
			}
			sum += v / float64(len(rows))
		}
		if math.Abs(sum+10) > 1.5 {
			t.Errorf("x is %v on average, expected about -10", sum)
		}
		must(t, "encode", run, table, "-o", at("codes.csv"), "--device", "cpu")
		must(t, "decode", run, at("codes.csv"), "-o", at("rows.csv"), "--device", "cpu")
		must(t, "evaluate", run, "--memory", memory, "--device", "cpu")
	}
}

// TestConditionOfLabels decodes and draws by labels, which a file of arrays holds too.
func TestConditionOfLabels(t *testing.T) {
	dir := trainTiny(t, waves(t, "waves.npz", 100), "--model", "vae", "--condition", "label")
	out := t.TempDir()
	codes, rows := filepath.Join(out, "codes.npz"), filepath.Join(out, "rows.csv")
	must(t, "encode", dir, "--part", "train", "-o", codes, "--device", "cpu")
	must(t, "decode", dir, codes, "-o", rows, "--device", "cpu")
	must(t, "decode", dir, codes, "--condition", "1", "-o", rows, "--device", "cpu")
	if head, all := cells(t, rows); head[len(head)-1] != "label" || all[0][len(head)-1] != "1" || all[len(all)-1][len(head)-1] != "1" {
		t.Errorf("%v: rows decoded as of class 1 end in %v", head, all[0])
	}
	must(t, "sample", dir, "-n", "5", "--condition", "0", "-o", filepath.Join(out, "new.npz"), "--device", "cpu")
	must(t, "train", "builtin:glyphs", "--limit", "200", "--condition", "label", "--hidden", "8", "--latent", "2", "--epochs", "1", "--device", "cpu", "--out", filepath.Join(out, "glyphs"))
	must(t, "sample", filepath.Join(out, "glyphs"), "-n", "4", "--condition", "3", "-o", filepath.Join(out, "three.png"), "--device", "cpu")
	if _, err := os.Stat(filepath.Join(out, "glyphs", "filters.png")); err != nil {
		t.Error(err)
	}
}
