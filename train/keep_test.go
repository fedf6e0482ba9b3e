package train

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/aegpu/aegpu/settings"
)

// seldom has the files written at the ends of phases alone, beside their first epoch.
const seldom = time.Hour

// epochsKept is how many epochs the checkpoint in a directory has, -1 of none.
func epochsKept(dir string) int {
	all, err := Checkpoints(dir)
	if err != nil || len(all) == 0 || all[0].Err != nil {
		return -1
	}
	return len(all[0].History)
}

// The files of a run are written together, not after every epoch, and come to the same as those that are.
func TestFilesAreWrittenNowAndThen(t *testing.T) {
	for _, name := range []string{"ae", "stacked"} {
		for _, val := range []float64{0.1, 0} {
			c := small(t, name)
			c.Val, c.Epochs, c.PretrainEpochs = val, 6, 2*min(1, c.PretrainEpochs)
			every, dir := trained(t, c), t.TempDir()
			var kept []int
			_, err := runIn(t, t.Context(), c, Options{Dir: dir, Every: seldom, Epoch: func(r Record) {
				if r.Phase == autoencoderPhase {
					kept = append(kept, epochsKept(dir))
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			before := 3 * c.PretrainEpochs // all of whose phases are over
			first := before
			if before == 0 { // the first epoch of the run is kept at once
				kept, first = kept[1:], 1
			}
			for _, n := range kept {
				if n != first {
					t.Fatalf("%s: the checkpoints before each epoch have %v epochs, want %d", name, kept, first)
				}
			}
			sameModel(t, every, dir, name)
			for _, path := range []string{every, dir} {
				if n := len(untimed(t, path)); n != before+6 || epochsKept(path) != n {
					t.Errorf("%s: %d epochs in the history, %d in the checkpoint", name, n, epochsKept(path))
				}
			}
		}
	}
}

// A run that is ended between two writings keeps what is done by then, its best weights too, and goes on to the same.
func TestEndedBetweenWritings(t *testing.T) {
	c := small(t, "vae")
	c.Epochs, c.Val, c.LR = 6, 0.3, 0.05
	whole := trained(t, c)
	for last := 1; last < 6; last++ {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		_, err := runIn(t, ctx, c, Options{Dir: dir, Every: seldom, Epoch: func(r Record) {
			if r.Epoch == last {
				cancel()
			}
		}})
		cancel()
		if !Interrupted(err) || epochsKept(dir) != last || len(untimed(t, dir)) != last {
			t.Fatalf("ended after epoch %d: %v, with %d epochs in the checkpoint", last, err, epochsKept(dir))
		}
		short := c
		short.Epochs = settings.Number(last)
		sameModel(t, trained(t, short), dir, "the best weights of a run that was ended")
		if _, err := runIn(t, t.Context(), c, Options{Dir: dir, Resume: true, Every: seldom}); err != nil {
			t.Fatal(err)
		}
		sameModel(t, whole, dir, "a run that was ended and gone on with")
	}
}

// A run that diverges leaves the best weights before that, be they written by then or not.
func TestDivergedLeavesTheBest(t *testing.T) {
	c := small(t, "ae")
	c.Loss, c.Optimizer, c.LR, c.Epochs, c.Val = squared, settings.SGD, 1e-3, 50, 0.2
	c.Schedule = settings.Schedule{Kind: settings.StepSchedule, Epochs: 3, Decay: 1e30}
	models := [2][]byte{}
	for i, every := range []time.Duration{-1, seldom} {
		dir := t.TempDir()
		_, err := runIn(t, t.Context(), c, Options{Dir: dir, Every: every})
		if err == nil {
			t.Fatal("it did not diverge")
		}
		if n := len(untimed(t, dir)); n != 3 {
			t.Fatalf("%d epochs in the history, want 3", n)
		}
		models[i] = read(t, dir, ModelFile)
	}
	if !bytes.Equal(models[0], models[1]) {
		t.Error("other weights are left where the files are written now and then")
	}
}
