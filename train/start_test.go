package train

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// startsWell trains a run whose start may be the best, or goes on with it, and returns its history and
// whether its weights are others than it began with.
func startsWell(t *testing.T, ctx context.Context, c settings.Config, dir string, progress func(Progress)) (history []Record, moved bool, err error) {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	d, err := OpenDirectory(dir, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	r := &run{dev: dev, config: c, sets: divide(t, c), dir: d, began: time.Now(), opts: Options{Resume: true, Every: seldom, Progress: progress}}
	if err := r.prepare(ctx); err != nil {
		t.Fatal(err)
	}
	defer r.release()
	if err := r.begin(ctx); err != nil {
		t.Fatal(err)
	}
	defer r.closeModel()
	if r.phase == nil {
		if err := r.openPhase(ctx); err != nil {
			t.Fatal(err)
		}
	}
	r.phase.validateStart = true
	weights := func() (all []float32) {
		for _, p := range r.whole.Params() {
			v, err := r.whole.Weights(p.Name)
			if err != nil {
				t.Fatal(err)
			}
			if p.Name != "likelihood.spread" { // which is refitted to validation rows in the end
				all = append(all, v...)
			}
		}
		return all
	}
	from := weights()
	if err := r.runStage(ctx); err != nil {
		return nil, false, err
	}
	if err := r.finish(); err != nil {
		t.Fatal(err)
	}
	return r.history, !slices.Equal(from, weights()), nil
}

// Weights that no epoch improves on stay the best, be the run ended after any batch; those that one does improve on do not.
func TestTheStartMayBeTheBest(t *testing.T) {
	for _, lr := range []float64{3, 0.06} {
		c := small(t, "ae")
		c.Val, c.LR, c.Epochs, c.Init = 0.3, lr, 2, model.XavierInit // PCA would be the best of these rows at any rate
		whole := t.TempDir()
		history, moved, err := startsWell(t, t.Context(), c, whole, nil)
		if err != nil {
			t.Fatal(err)
		}
		start := criterion(history[0].StartValidation)
		if stays := lr > 1; stays != (criterion(history[0].Validation) > start) || stays == history[0].Best || stays == moved || history[1].StartValidation != nil || !(start > 0) {
			t.Fatalf("rate %g: from %g at the start to %+v", lr, start, history)
		}
		broken, sittings := t.TempDir(), 0
		for ; ; sittings++ {
			ctx, cancel := context.WithCancel(t.Context())
			_, _, err := startsWell(t, ctx, c, broken, func(Progress) { cancel() })
			cancel()
			if err == nil {
				break
			}
			if !Interrupted(err) || sittings > 100 {
				t.Fatal(err)
			}
		}
		sameModel(t, whole, broken, "ended after every batch")
		if a, b := untimed(t, whole), untimed(t, broken); sittings < 3 || a[0].StartValidation.Loss() != b[0].StartValidation.Loss() {
			t.Errorf("%d sittings came to %+v, want %+v", sittings, b, a)
		}
	}
}
