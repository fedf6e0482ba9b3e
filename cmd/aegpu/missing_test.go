package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/data"
)

// A table with gaps is refused, or its gaps take what was asked for, through every command; what comes back has none.
func TestMissingCells(t *testing.T) {
	for _, name := range []string{"missing.csv", "constant-and-missing.csv"} {
		path := filepath.Join("..", "..", "data", "testdata", name)
		if o := command(t.Context(), "train", path, "--out", filepath.Join(t.TempDir(), "r"), "--device", "cpu"); o.code != 2 || !strings.Contains(o.err, "--missing mean") {
			t.Errorf("%s without a choice: exit %d: %s", name, o.code, o.err)
		}
		for _, how := range []string{"mean", "median"} {
			run, out := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "out.csv")
			o := must(t, "train", path, "--missing", how, "--out", run, "--epochs", "2", "--device", "cpu")
			if !strings.Contains(o.err, "missing cells as the "+how) && name == "missing.csv" {
				t.Errorf("it is not said what became of missing cells: %s", o.err)
			}
			first := must(t, "evaluate", run, "--json", "--device", "cpu").object(t)["test"]
			if first == nil {
				t.Errorf("%s: no figures", name)
			}
			must(t, "evaluate", run, path, "--device", "cpu")
			must(t, "score", run, path, "-o", out, "--device", "cpu")
			must(t, "reconstruct", run, path, "-o", out, "--device", "cpu")
			whole, err := data.Open(t.Context(), out)
			if err != nil || whole.Train.MissingCells() != 0 {
				t.Errorf("%s: %v; gaps in what comes back", name, err)
			}
			must(t, "pca", path, "--missing", how, "--latent", "2", "--device", "cpu")
			must(t, "train", "--resume", "--out", run, "--epochs", "3", "--device", "cpu")
		}
	}
}
