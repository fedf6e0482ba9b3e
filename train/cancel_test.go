package train

import (
	"context"
	"errors"
	"testing"

	"github.com/aegpu/aegpu/settings"
)

// TestCancelledBetweenEpochs ends trainings whose epochs are over before anybody looks:
// before the first one, and after one.
func TestCancelledBetweenEpochs(t *testing.T) {
	c := small(t, "ae")
	c.Epochs = 100000
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := runIn(t, ctx, c, Options{Dir: t.TempDir()}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before it began, so that it ends with its first checkpoint: %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	epochs := 0
	_, err := runIn(t, ctx, c, Options{Dir: t.TempDir(), Epoch: func(Record) {
		epochs++
		cancel()
	}})
	if !errors.Is(err, context.Canceled) || epochs > 2 {
		t.Errorf("cancelled after an epoch: %d epochs, %v", epochs, err)
	}
}

// TestCancelledBetweenPhases ends a training when a layer is done: the next is not begun, and the whole comes to the same.
func TestCancelledBetweenPhases(t *testing.T) {
	c := small(t, "stacked")
	c.PretrainEpochs, c.Classifier, c.ClassifierEpochs = 1, settings.FrozenClassifier, 1
	whole, dir := trained(t, c), t.TempDir()
	for stage := range 4 {
		ctx, cancel := context.WithCancel(t.Context())
		last := []string{"layer 1", "layer 2", "layer 3", autoencoderPhase}[stage]
		begun := 0 // steps of the phase after
		_, err := runIn(t, ctx, c, Options{Dir: dir, Resume: true, Epoch: func(r Record) {
			if r.Phase == last && (stage < 3 || r.Epoch == int(c.Epochs)) {
				cancel()
			}
		}, Progress: func(p Progress) {
			if ctx.Err() != nil {
				begun++
			}
		}})
		cancel()
		got, _, broken := parseCheckpoint(read(t, dir, CheckpointFile))
		if !Interrupted(err) || broken != nil || got.Stage != stage || begun > 0 {
			t.Fatalf("cancelled after %s: %v, at stage %d, %d steps later: %v", last, err, got.Stage, begun, broken)
		}
	}
	if err := resumed(t, dir, c); err != nil {
		t.Fatal(err)
	}
	sameModel(t, dir, whole, "ended after each phase")
}
