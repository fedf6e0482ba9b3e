package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A table with gaps is trained with the loss leaving them out, or they take what was asked for, through every command; what
// comes back has none. They are refused on request, and where the loss knows no gaps.
func TestMissingCells(t *testing.T) {
	for name, gaps := range map[string]int{"missing.csv": 60, "constant-and-missing.csv": 1} {
		path := filepath.Join("..", "..", "data", "testdata", name)
		for _, args := range [][]string{{"--missing", "refuse"}, {"--loss", "squared"}, {"--loss", "bernoulli"}} {
			o := command(t.Context(), append([]string{"train", path, "--out", filepath.Join(t.TempDir(), "r"), "--device", "cpu"}, args...)...)
			if o.code != 2 || !strings.Contains(o.err, "--missing mean") {
				t.Errorf("%s, %v: exit %d: %s", name, args, o.code, o.err)
			}
		}
		for how, args := range map[string][]string{"": nil, "mask": {"--missing", "mask"}, "mean": {"--missing", "mean"}, "median": {"--missing", "median"},
			"mean of squared": {"--missing", "mean", "--loss", "squared"}} {
			run, out := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "out.csv")
			o := must(t, append([]string{"train", path, "--out", run, "--epochs", "2", "--device", "cpu"}, args...)...)
			kind, _, _ := strings.Cut(how, " ")
			if masked := kind == "" || kind == "mask"; name == "missing.csv" {
				if strings.Contains(o.err, "missing cells as the "+kind) == masked {
					t.Errorf("%q: it is not said what became of missing cells: %s", how, o.err)
				}
				if strings.Contains(o.err, "hidden from the encoder") != masked {
					t.Errorf("%q: cells are hidden: %v, want %v: %s", how, !masked, masked, o.err)
				}
			}
			if must(t, "evaluate", run, "--json", "--device", "cpu").object(t)["test"] == nil {
				t.Errorf("%s: no figures", name)
			}
			must(t, "evaluate", run, path, "--device", "cpu")
			must(t, "score", run, path, "-o", out, "--device", "cpu")
			if n := open(t, out).MissingCells(); n != 0 {
				t.Errorf("%s, %q: %d scores are missing", name, how, n)
			}
			must(t, "reconstruct", run, path, "-o", out, "--device", "cpu")
			if n := open(t, out).MissingCells(); n != 0 {
				t.Errorf("%s, %q: %d gaps in what comes back", name, how, n)
			}
			if how != "mean of squared" {
				filled(t, path, run, gaps)
			}
			must(t, "train", "--resume", "--out", run, "--epochs", "3", "--device", "cpu")
		}
		for _, how := range []string{"mean", "median"} {
			must(t, "pca", path, "--missing", how, "--latent", "2", "--device", "cpu")
		}
	}
}

// filled demands that a run fills so many missing cells of a table in, and leaves the others as they are.
func filled(t *testing.T, path, run string, gaps int) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "filled.csv")
	must(t, "reconstruct", run, path, "--fill", "-o", out, "--device", "cpu")
	before, after := readTable(t, path), readTable(t, out)
	if len(before) != len(after) {
		t.Fatalf("%d lines, %d filled in", len(before), len(after))
	}
	n := 0
	for i := range before {
		if slices.Contains(after[i], "") {
			t.Errorf("line %d still has a gap: %q", i+1, after[i])
		}
		for j, cell := range before[i] {
			switch {
			case slices.Contains([]string{"", "NA", "?"}, cell):
				n++
			case after[i][j] != cell:
				t.Errorf("line %d: %q became %q", i+1, before[i], after[i])
			}
		}
	}
	if n != gaps {
		t.Errorf("%s has %d gaps, want %d", path, n, gaps)
	}
}
