//go:build cuda

package gpu

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/model"
)

// tuned trains the plain autoencoder with a tuning file.
func tuned(t *testing.T, file string) []float64 {
	t.Helper()
	dev := open(t, Options{Tuning: file})
	losses := curve(t, dev, variants()[0].spec, model.Reconstruct)
	if err := dev.Close(); err != nil {
		t.Error(err)
	}
	return losses
}

// The fastest algorithm is measured once and kept: a later run takes what the
// file says, whatever it would measure, and gives the same bits.
func TestTuningIsMeasuredOnce(t *testing.T) {
	sim := simulator(t)
	file := filepath.Join(t.TempDir(), "tuning.jsonl")
	t.Setenv("AEGPU_CUDASIM_FAST_ALGORITHM", "1")
	first := tuned(t, file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Count(string(text), "\n")
	if right := strings.Count(string(text), `"candidate":1,`); lines < 8 || right != lines {
		t.Errorf("%d of %d products use algorithm 1, which is the fastest:\n%s", right, lines, text)
	}
	if strings.Contains(string(text), `"microseconds":[0,`) || strings.Count(string(text), ",") < 3*lines {
		t.Errorf("the times are not there:\n%s", text)
	}
	t.Setenv("AEGPU_CUDASIM_FAST_ALGORITHM", "0")
	second := tuned(t, file)
	if !slices.Equal(first, second) {
		t.Errorf("losses %v, then %v with the same file", first, second)
	}
	if again, _ := os.ReadFile(file); string(again) != string(text) {
		t.Error("the second run measured again")
	}
	t.Setenv("AEGPU_CUDASIM_FAST_ALGORITHM", "")
	overlay(t, first, tuned(t, ""), FP32)
	sound(t, sim)
}

// Algorithms whose runs differ are none to choose from: with the simulator the
// third of four is such a one.
func TestTuningTakesNoUnorderedAlgorithm(t *testing.T) {
	simulator(t)
	file := filepath.Join(t.TempDir(), "tuning.jsonl")
	t.Setenv("AEGPU_CUDASIM_FAST_ALGORITHM", "2")
	tuned(t, file)
	kept, err := openTuning(file, "")
	if err != nil || len(kept.choices) == 0 {
		t.Fatalf("%v, %d choices", err, len(kept.choices))
	}
	for _, c := range kept.choices {
		if len(c.Microseconds) != 3 {
			t.Errorf("%s: %d algorithms were measured, want 3", c.Product, len(c.Microseconds))
		}
	}
}

func TestDamagedTuningFile(t *testing.T) {
	device(t)
	file := filepath.Join(t.TempDir(), "tuning.jsonl")
	if err := os.WriteFile(file, []byte("\n{\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenWith(0, Options{Tuning: file}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("Open: %v, want an error that names the file", err)
	}
}
