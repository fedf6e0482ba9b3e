package train

import (
	"bytes"
	"context"
	"math"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// runTable trains on a set and returns the run, whose model's file lies in dir where that has a name.
func runTable(t *testing.T, ctx context.Context, c settings.Config, s *data.Set, o Options) (*Result, error) {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sets, err := Divide(&data.Source{Train: s}, c)
	if err != nil {
		t.Fatal(err)
	}
	res, err := Run(ctx, dev, c, sets, o)
	if closed := dev.Close(); err == nil && closed != nil {
		t.Fatal(closed)
	}
	return res, err
}

// modelOn is the file of a model that is trained on a set.
func modelOn(t *testing.T, c settings.Config, s *data.Set) []byte {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := runTable(t, t.Context(), c, s, Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	return read(t, dir, ModelFile)
}

// columnConfigs are settings of trainings on [mixed] that differ in what they draw, stop at and hold.
func columnConfigs(t *testing.T) map[string]settings.Config {
	t.Helper()
	all := map[string]settings.Config{}
	for _, name := range []string{"ae", "vae", "denoising", "stacked"} {
		c := small(t, name)
		c.Epochs, c.PretrainEpochs, c.Loss, c.Val, c.Test = 2, min(1, c.PretrainEpochs), lossOf(t, "auto,age=poisson"), 0.2, 0.2
		all[name] = c
	}
	c := all["vae"]
	c.Condition, c.Loss = "label", lossOf(t, "zero-inflated,age=gaussian")
	all["conditional"] = c
	c.Samples, c.Condition = 3, ""
	all["samples"] = c
	return all
}

// A training on columns of their own, with gaps, is the same bits however often it is stopped, however many threads there
// are, and from a window that holds all rows; and its likelihood is the one that was decided at first.
func TestColumnTrainingIsTheSameBits(t *testing.T) {
	s := mixed(t, 110)
	for name, c := range columnConfigs(t) {
		t.Run(name, func(t *testing.T) {
			want := modelOn(t, c, s)
			dir, sittings := filepath.Join(t.TempDir(), "run"), 0
			for done := false; !done; sittings++ {
				ctx, cancel := context.WithCancel(t.Context())
				looks := 0
				_, err := runTable(t, ctx, c, s, Options{Dir: dir, Resume: true, Progress: func(Progress) {
					if looks++; looks == 2 {
						cancel()
					}
				}})
				cancel()
				if done = err == nil; !done && (!Interrupted(err) || sittings > 100) {
					t.Fatal(err)
				}
			}
			if sittings < 3 || !bytes.Equal(want, read(t, dir, ModelFile)) {
				t.Errorf("after %d sittings the model is another", sittings)
			}
			m, err := model.Read(ref64.New(), want)
			if err != nil {
				t.Fatal(err)
			}
			sets, err := Divide(&data.Source{Train: s}, c)
			if err != nil {
				t.Fatal(err)
			}
			if a, b := m.Spec.Likelihood.String(), sets.Likelihood.String(); a != b || !strings.Contains(a, "columns:gaussian,softmax*4,") {
				t.Errorf("the likelihood %s of the file, decided %s", a, b)
			}
			for _, threads := range []int{1, 3} {
				before := runtime.GOMAXPROCS(threads)
				if !bytes.Equal(want, modelOn(t, c, s)) {
					t.Errorf("on %d threads the model is another", threads)
				}
				runtime.GOMAXPROCS(before)
			}
		})
	}
}

// Batches in halves come to the same losses.
func TestAccumulatedColumns(t *testing.T) {
	s := mixed(t, 110)
	for _, name := range []string{"ae", "stacked"} {
		c := columnConfigs(t)[name]
		c.Activation, c.Corrupt = settings.Tanh, settings.Corruptions{} // which is noise, of every batch its own
		var results [2]*Result
		for i, parts := range []int{1, 2} {
			c.Batch, c.Accumulate = settings.Number(16/parts), parts
			var err error
			if results[i], err = runTable(t, t.Context(), c, s, Options{}); err != nil {
				t.Fatal(err)
			}
		}
		for i, r := range results[0].History {
			a, b := r.Train.Loss(), results[1].History[i].Train.Loss()
			if !(math.Abs(a-b) <= 1e-4*math.Abs(a)) {
				t.Errorf("%s, %s epoch %d: loss %g, %g in halves", name, r.Phase, r.Epoch, a, b)
			}
		}
	}
}
