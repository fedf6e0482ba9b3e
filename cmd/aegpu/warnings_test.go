package main

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/settings"
)

// A training that breaks down but stays finite is said at its end: on standard error,
// quiet or not, in the JSON object and on the page; and by evaluate.
func TestBrokenTrainingsAreSaid(t *testing.T) {
	csv := waves(t, "waves.csv", 400)
	for loss, rate := range map[string]string{"auto": "1", "bernoulli": "30"} {
		dir := filepath.Join(t.TempDir(), "run")
		o := must(t, "train", csv, "--device", "cpu", "--loss", loss, "--lr", rate, "--epochs", "5", "--val", "0", "--quiet", "--json", "--out", dir)
		if warnings, _ := o.object(t)["warnings"].([]any); len(warnings) != 2 || strings.Count(o.err, "warning: ") != 2 ||
			!strings.Contains(o.err, "the training diverged") || !strings.Contains(o.err, "no better than the mean") {
			t.Errorf("%s: %v\n%s", loss, warnings, o.err)
		}
		if page := string(contents(t, dir, "report.html")); !strings.Contains(page, "the training diverged") {
			t.Errorf("%s: the page says nothing", loss)
		}
		o = must(t, "evaluate", dir, "--quiet", "--json")
		if warnings, _ := o.object(t)["warnings"].([]any); len(warnings) != 1 || !strings.Contains(o.err, "no better than the mean") {
			t.Errorf("%s: evaluate: %v\n%s", loss, warnings, o.err)
		}
	}
}

// A VAE whose code carries nothing says so, with what may help, in the progress line too.
func TestCollapsedCodesAreSaid(t *testing.T) {
	csv, dir := waves(t, "waves.csv", 400), filepath.Join(t.TempDir(), "run")
	o := must(t, "train", csv, "--device", "cpu", "--model", "vae", "--latent", "3", "--beta", "1000", "--epochs", "60", "--out", dir)
	if strings.Count(o.err, "warning: ") != 1 || !strings.Contains(o.err, "of its 3 units none is active") || !strings.Contains(o.err, "(0 active)") {
		t.Errorf("a collapsed code: %s", o.err)
	}
	if page := string(contents(t, dir, "report.html")); !strings.Contains(page, "--kl-warmup") {
		t.Error("the page says nothing")
	}
}

// Trainings that are as they should be, however short, and data that there is nothing to
// learn of are no reason to warn.
func TestNoFalseAlarms(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	small := func(name string, rows int, at func(j int) float32) string {
		s := &data.Set{Name: name, Rows: rows, Cols: 5}
		for i := range rows * s.Cols {
			s.F32 = append(s.F32, at(i%s.Cols))
		}
		path := filepath.Join(t.TempDir(), name)
		if err := data.Write(path, s); err != nil {
			t.Fatal(err)
		}
		return path
	}
	sets := [][]string{
		{small("constant.csv", 200, func(j int) float32 { return float32(j) })},
		{small("constant.npy", 200, func(int) float32 { return 1e6 })},
		{small("two.csv", 2, func(j int) float32 { return rng.Float32() * float32(math.Pow10(j)) })},
		{waves(t, "waves.csv", 200)},
	}
	if !testing.Short() {
		sets = append(sets, []string{"builtin:glyphs", "--limit", "100"}, []string{"builtin:glyphs", "--limit", "1000"})
	}
	for _, preset := range settings.Models() {
		for _, words := range sets {
			dir := filepath.Join(t.TempDir(), "run")
			o := must(t, append([]string{"train", "--model", preset, "--device", "cpu", "--epochs", "3", "--quiet", "--json", "--out", dir}, words...)...)
			if v := o.object(t)["warnings"]; v != nil || o.err != "" {
				t.Errorf("%s on %v: %v %s", preset, words, v, o.err)
			}
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
	}
}
