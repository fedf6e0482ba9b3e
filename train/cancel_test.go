package train

import (
	"context"
	"errors"
	"testing"
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
