package train

import (
	"context"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// course is the history of a phase by its losses.
func course(phase string, losses ...float64) (all []Record) {
	for i, v := range losses {
		all = append(all, Record{Phase: phase, Epoch: i + 1, Train: model.Terms{{Name: model.LossTerm, Value: v}}})
	}
	return all
}

// begun is such a history with the loss of its first batch.
func begun(start float64, losses ...float64) []Record {
	all := course("autoencoder", losses...)
	all[0].Start = start
	return all
}

func TestKeptStart(t *testing.T) {
	start := model.Terms{{Name: model.LossTerm, Value: 1}}
	for name, one := range map[string]struct {
		history []Record
		want    bool
	}{
		"none":          {nil, false},
		"no start":      {[]Record{{Phase: "a"}, {Phase: "a"}}, false},
		"kept":          {[]Record{{Phase: "a", StartValidation: start}, {Phase: "a"}}, true},
		"better":        {[]Record{{Phase: "a", StartValidation: start}, {Phase: "a", Best: true}, {Phase: "a"}}, false},
		"better first":  {[]Record{{Phase: "a", StartValidation: start, Best: true}, {Phase: "a"}}, false},
		"another after": {[]Record{{Phase: "a", StartValidation: start}, {Phase: "b"}}, false},
		"layers before": {[]Record{{Phase: "l", Best: true}, {Phase: "a", StartValidation: start}}, true},
	} {
		if got := KeptStart(one.history); got != one.want {
			t.Errorf("%s: %v, expected %v", name, got, one.want)
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, tt := range []struct {
		what    string
		warmup  float64
		history []Record
		want    []string
	}{
		{"a loss that falls", 0, course("autoencoder", 9, 5, 4), nil},
		{"one epoch", 0, course("autoencoder", 9), nil},
		{"nothing", 0, nil, nil},
		{"noise", 0, course("autoencoder", 4, 4.1), nil},
		{"noise about 0", 0, course("autoencoder", 1e-12, 1e-6), nil},
		{"a loss below 0 that falls", 0, course("autoencoder", -1, -20), nil},
		{"a loss below 0 that rises", 0, course("autoencoder", -20, -1), []string{"did not converge"}},
		{"a loss that rises", 0, course("autoencoder", 4, 3, 5), []string{"the training loss of epoch 3 is 5, above the 4 of epoch 1: the training did not converge"}},
		{"a loss that explodes", 0, course("autoencoder", 4, 1e9), []string{"far above the 4 of epoch 1: the training diverged"}},
		{"a loss that exploded in the first epoch", 0, begun(4, 1e9, 1e8), []string{"far above the 4 of the first batch"}},
		{"a density that exploded in the first epoch", 0, begun(-20, 1e9, 50), []string{"far above the -20 of the first batch: the training diverged"}},
		{"a density that is left for another", 0, begun(-20, 30, 20), nil},
		{"an easy first batch", 0, begun(1, 9, 8), nil},
		{"a warm-up", 2, course("autoencoder", 4, 40, 60, 50), nil},
		{"after a warm-up", 2, course("autoencoder", 4, 40, 60, 90), []string{"above the 60 of epoch 3"}},
		{"two phases", 0, append(course("layer 1", 4, 50), course("autoencoder", 2, 80)...), []string{"layer 1: ", "autoencoder: "}},
	} {
		got := Warnings(&settings.Config{KLWarmup: tt.warmup}, tt.history, 6)
		if len(got) != len(tt.want) {
			t.Errorf("%s: %q, want %q", tt.what, got, tt.want)
			continue
		}
		for i, want := range tt.want {
			if !strings.Contains(got[i], want) {
				t.Errorf("%s: %q, want %q", tt.what, got[i], want)
			}
		}
	}
}

// Where an epoch is one batch there is no step between two at which an interrupt is
// heard: it is heard between epochs.
func TestInterruptOfEpochsOfOneBatch(t *testing.T) {
	c := small(t, "ae")
	c.Batch, c.Epochs = 1000, 1_000_000
	ctx, cancel := context.WithCancel(t.Context())
	epochs := 0
	_, err := runIn(t, ctx, c, Options{Dir: t.TempDir(), Epoch: func(Record) {
		if epochs++; epochs == 3 {
			cancel()
		}
	}})
	if !Interrupted(err) || epochs > 4 {
		t.Errorf("%d epochs, %v", epochs, err)
	}
}

func TestClassifierNeedsTwoClasses(t *testing.T) {
	c := small(t, "ae")
	c.Classifier = settings.FrozenClassifier
	sets := divide(t, c)
	clear(sets.Train.Labels)
	_, err := Run(t.Context(), nil, c, sets, Options{})
	if err == nil || !strings.Contains(err.Error(), "needs two classes") {
		t.Error(err)
	}
}
