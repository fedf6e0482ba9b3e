package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// waves is a small labelled set within [0, 1] whose rows lie near a curve.
func waves(rows int) *data.Set {
	rng := rand.New(rand.NewPCG(1, 2))
	s := &data.Set{Name: "waves", Rows: rows, Cols: 6, Classes: []string{"low", "high"}}
	for range rows {
		phase := rng.Float64() * 2 * math.Pi
		for j := range s.Cols {
			s.F32 = append(s.F32, float32(0.5+0.4*math.Sin(phase+float64(j))))
		}
		label := int32(0)
		if phase > math.Pi {
			label = 1
		}
		s.Labels = append(s.Labels, label)
	}
	return s
}

// squared is the squared error as a setting.
var squared = settings.Loss{Likelihood: model.Squared{}}

func small(t *testing.T, preset string) settings.Config {
	t.Helper()
	c, err := settings.Preset(preset)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Hidden) > 0 {
		c.Hidden = settings.Widths{5, 4}
	}
	c.Latent, c.Batch, c.Epochs, c.Test = 2, 16, 3, 0
	c.LR, c.PretrainLR = 0.01, 0.01
	c.Init = model.XavierInit // PCA makes waves again as they are: nothing would be left to learn
	return c
}

func divide(t *testing.T, c settings.Config) *Sets {
	t.Helper()
	s, err := Divide(&data.Source{Train: waves(110)}, c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func runIn(t *testing.T, ctx context.Context, c settings.Config, o Options) (*Result, error) {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	res, err := Run(ctx, dev, c, divide(t, c), o)
	if closed := dev.Close(); err == nil && closed != nil {
		t.Fatal(closed)
	}
	return res, err
}

func TestEveryPresetLearns(t *testing.T) {
	for _, name := range settings.Models() {
		t.Run(name, func(t *testing.T) {
			c := small(t, name)
			c.Epochs = 60
			if name == "vae" {
				c.Beta = 0.05 // at full weight six noisy bits are not worth a code
			}
			res, err := runIn(t, t.Context(), c, Options{})
			if err != nil {
				t.Fatal(err)
			}
			var last []Record
			for _, r := range res.History {
				if r.Phase == "autoencoder" {
					last = append(last, r)
				}
			}
			if sse := last[0].Validation.Get("sse"); (sse > 0) == (name == "vae") {
				t.Errorf("validation sse %g", sse)
			}
			first, end := last[0].Validation.Loss(), last[len(last)-1].Validation.Loss()
			if !(end < first) {
				t.Errorf("validation loss went from %g to %g", first, end)
			}
		})
	}
}

// TestResume interrupts a run of several phases after every number of batches
// and demands the bytes of one that was left alone.
func TestResume(t *testing.T) {
	for _, name := range []string{"stacked", "vae", "sparse", "lamb", "accumulated vae"} {
		t.Run(name, func(t *testing.T) {
			var c settings.Config
			switch name {
			case "lamb":
				c = small(t, "stacked")
				c.Optimizer, c.WeightDecay, c.Clip = settings.LAMB, 0.01, 1
			case "accumulated vae":
				c = small(t, "vae")
				c.Batch, c.Accumulate, c.LRScale = 5, 3, settings.LRScale{Kind: settings.SqrtLRScale, Batch: 4}
			default:
				c = small(t, name)
			}
			c.Epochs, c.PretrainEpochs, c.Classifier, c.ClassifierEpochs = 2, min(1, c.PretrainEpochs), settings.FinetuneClassifier, 1
			whole := filepath.Join(t.TempDir(), "whole")
			if _, err := runIn(t, t.Context(), c, Options{Dir: whole}); err != nil {
				t.Fatal(err)
			}
			want := read(t, whole, ModelFile)
			broken := filepath.Join(t.TempDir(), "broken")
			sittings := interruptUntilDone(t, c, broken)
			if sittings < 5 {
				t.Fatalf("only %d sittings: the test interrupted nothing", sittings)
			}
			if !bytes.Equal(want, read(t, broken, ModelFile)) {
				t.Errorf("after %d sittings the model differs from that of one", sittings)
			}
			if a, b := courseOf(t, whole), courseOf(t, broken); a != b {
				t.Errorf("after %d sittings the history is\n%s\nwant\n%s", sittings, b, a)
			}
		})
	}
}

// courseOf is a run's history without times.
func courseOf(t *testing.T, dir string) string {
	t.Helper()
	var text strings.Builder
	for line := range bytes.Lines(read(t, dir, HistoryFile)) {
		var r Record
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		r.Seconds, r.ExamplesPerSecond = 0, 0
		fmt.Fprintln(&text, r)
	}
	return text.String()
}

// interruptUntilDone cancels every sitting at its second look.
func interruptUntilDone(t *testing.T, c settings.Config, dir string) int {
	t.Helper()
	for sitting := 1; ; sitting++ {
		ctx, cancel := context.WithCancel(t.Context())
		looks := 0
		_, err := runIn(t, ctx, c, Options{Dir: dir, Resume: true, Progress: func(Progress) {
			if looks++; looks == 2 {
				cancel()
			}
		}})
		cancel()
		if err == nil {
			return sitting
		}
		if !Interrupted(err) || sitting > 100 {
			t.Fatal(err)
		}
	}
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestAccumulatedRun trains a net without noise in updates of 15 rows at once and
// three at a time: the same curve, the same counts.
func TestAccumulatedRun(t *testing.T) {
	for _, name := range []string{"stacked", "contractive"} {
		t.Run(name, func(t *testing.T) {
			c := small(t, name)
			c.Classifier, c.ClassifierEpochs, c.LRWarmup, c.Activation = settings.FinetuneClassifier, 2, 1, settings.Tanh
			c.LRScale = settings.LRScale{Kind: settings.LinearLRScale, Batch: 10}
			var results [2]*Result
			for i, parts := range []int{1, 3} {
				c.Batch, c.Accumulate = settings.Number(15/parts), parts
				var err error
				if results[i], err = runIn(t, t.Context(), c, Options{}); err != nil {
					t.Fatal(err)
				}
			}
			whole, parts := results[0], results[1]
			if whole.Steps != parts.Steps || len(whole.History) != len(parts.History) {
				t.Fatalf("%d steps in %d epochs, %d in %d when accumulated", whole.Steps, len(whole.History), parts.Steps, len(parts.History))
			}
			for i, r := range whole.History {
				s := parts.History[i]
				if s.Step != r.Step || s.LR != r.LR {
					t.Errorf("%s epoch %d: step %d at rate %g, %d at %g when accumulated", r.Phase, r.Epoch, r.Step, r.LR, s.Step, s.LR)
				}
				if !(math.Abs(s.Train.Loss()-r.Train.Loss()) <= 1e-4*math.Abs(r.Train.Loss())) {
					t.Errorf("%s epoch %d: loss %g, %g when accumulated", r.Phase, r.Epoch, r.Train.Loss(), s.Train.Loss())
				}
			}
		})
	}
}

func TestMoreEpochsOnResume(t *testing.T) {
	c := small(t, "ae")
	dir, long := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "long")
	for _, epochs := range []settings.Number{2, 4} {
		c.Epochs = epochs
		if _, err := runIn(t, t.Context(), c, Options{Dir: dir, Resume: true}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := runIn(t, t.Context(), c, Options{Dir: long}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, dir, ModelFile), read(t, long, ModelFile)) {
		t.Error("two epochs and then two more differ from four")
	}
}

func TestResumeRefuses(t *testing.T) {
	c := small(t, "ae")
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := runIn(t, t.Context(), c, Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	var wrong *RequestError
	if _, err := runIn(t, t.Context(), c, Options{Dir: dir}); !errors.As(err, &wrong) {
		t.Errorf("a directory in use: %v", err)
	}
	c.LR *= 2
	if _, err := runIn(t, t.Context(), c, Options{Dir: dir, Resume: true}); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "lr: ") {
		t.Errorf("another learning rate: %v", err)
	}
	c.LR /= 2
	file := read(t, dir, CheckpointFile)
	for _, cut := range []int{0, 7, 100, len(file) - 1} {
		for _, name := range []string{CheckpointFile, PreviousFile} {
			if err := os.WriteFile(filepath.Join(dir, name), file[:cut], 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := runIn(t, t.Context(), c, Options{Dir: dir, Resume: true}); !errors.As(err, &wrong) {
			t.Errorf("checkpoints cut to %d bytes: %v", cut, err)
		}
	}
}

func TestDivergenceStopsAtTheStep(t *testing.T) {
	c := small(t, "ae")
	c.Loss, c.Optimizer, c.LR, c.Epochs = squared, settings.SGD, 1e30, 50
	_, err := runIn(t, t.Context(), c, Options{})
	var d *DivergedError
	if !errors.As(err, &d) {
		t.Fatalf("got %v", err)
	}
	if d.Step < 2 || d.Step > 60 || d.What == "" {
		t.Errorf("%+v", d)
	}
}

func TestEarlyStoppingKeepsTheBest(t *testing.T) {
	c := small(t, "ae")
	c.Loss, c.Init = squared, model.XavierInit // a start from PCA is the best of these rows
	c.Epochs, c.Patience, c.MinImprovement, c.Val = 60, 2, 0.05, 0.3
	res, err := runIn(t, t.Context(), c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !res.Stopped || res.Epochs >= 60 {
		t.Fatalf("ran %d epochs", res.Epochs)
	}
	best := 0
	for i, r := range res.History {
		if r.Best {
			best = i
		}
	}
	if got := len(res.History) - 1 - best; got != 2 {
		t.Errorf("stopped %d epochs after the best, patience 2", got)
	}
}

// A config that is written as a literal trains what its model names, and one of an
// unknown model nothing.
func TestLiteralConfig(t *testing.T) {
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	c := settings.Config{Model: "vae", Latent: 2, Hidden: settings.Widths{4}, Epochs: 1}
	res, err := Run(t.Context(), dev, c, divide(t, c), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s := res.Model.Spec; s.Latent != 2 || !s.Code.Drawn() {
		t.Errorf("the model is %+v", s)
	}
	res.Model.Close()
	c.Model = "vea"
	sets := &Sets{Train: waves(20)}
	_, run := Run(t.Context(), dev, c, sets, Options{})
	_, plan := Plan(dev, c, sets)
	_, load := Load(t.Context(), c)
	_, parts := Divide(&data.Source{Train: waves(20)}, c)
	for what, err := range map[string]error{"Run": run, "Plan": plan, "Load": load, "Divide": parts} {
		var request *RequestError
		var field *settings.Error
		if !errors.As(err, &request) || !errors.As(err, &field) || field.Field != "Model" {
			t.Errorf("%s: %v", what, err)
		}
	}
}
