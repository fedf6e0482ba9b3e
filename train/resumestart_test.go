package train

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// startConfigs are settings of short trainings on [mixed] that start from PCA: what is best is by squared errors, by the loss, and
// with cells hidden from the encoder.
func startConfigs(t *testing.T) map[string]settings.Config {
	t.Helper()
	all := map[string]settings.Config{}
	for _, preset := range []string{"ae", "vae", "denoising"} {
		c := small(t, preset)
		c.Loss, c.Val, c.Test, c.Epochs, c.Init, c.LR = lossOf(t, "auto"), 0.3, 0, 4, model.PCAInit, 0.003
		all[preset] = c
	}
	return all
}

// copied is a copy of a run's directory, as it would be found if the process died now.
func copied(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// A run that starts from PCA and dies, be it before its first checkpoint or after any epoch, goes on to the same weights,
// history and refitted variances; as does one that is given more epochs when it was done.
func TestKilledAfterAStartFromPCA(t *testing.T) {
	s := mixed(t, 110)
	for name, c := range startConfigs(t) {
		t.Run(name, func(t *testing.T) {
			whole := filepath.Join(t.TempDir(), "whole")
			var left []string
			o := Options{Dir: whole, Every: -1}
			o.Unsaved = func(begins bool) {
				if begins {
					left = append(left, copied(t, whole))
				}
			}
			o.Epoch = func(Record) { left = append(left, copied(t, whole)) } // with what was written after the epoch before
			if _, err := runTable(t, t.Context(), c, s, o); err != nil {
				t.Fatal(err)
			}
			want := untimed(t, whole)
			if len(want) != 4 || want[0].StartValidation == nil || len(left) != 5 {
				t.Fatalf("%d epochs, %d copies: %+v", len(want), len(left), want[0])
			}
			fewer := c
			fewer.Epochs = 2
			done := filepath.Join(t.TempDir(), "done")
			if _, err := runTable(t, t.Context(), fewer, s, Options{Dir: done}); err != nil {
				t.Fatal(err)
			}
			for i, dir := range append(left, copied(t, whole), done) {
				if _, err := runTable(t, t.Context(), c, s, Options{Dir: dir, Resume: true}); err != nil {
					t.Fatalf("copy %d: %v", i, err)
				}
				sameModel(t, dir, whole, "gone on with")
				if got := untimed(t, dir); !reflect.DeepEqual(got, want) {
					t.Errorf("copy %d: the history is\n%+v, want\n%+v", i, got, want)
				}
			}
		})
	}
}

// A run that is interrupted while its start is validated, at its first batch, or while variances are refitted goes on to the same.
func TestInterruptedAtTheStart(t *testing.T) {
	for name, c := range startConfigs(t) {
		t.Run(name, func(t *testing.T) {
			c.Loss, c.Val, c.Batch, c.Epochs = settings.Loss{By: settings.AutoLoss}, 0.8, 100, 2
			sets := longValidation(t, c)
			whole := filepath.Join(t.TempDir(), "whole")
			if err := runOn(t, t.Context(), c, sets, Options{Dir: whole}); err != nil {
				t.Fatal(err)
			}
			want := untimed(t, whole)
			for looks := int64(1); ; looks++ {
				dir, f := filepath.Join(t.TempDir(), "run"), &fuse{Context: t.Context()}
				f.left.Store(looks)
				err := runOn(t, f, c, sets, Options{Dir: dir})
				if err == nil { // more looks than it takes
					break
				}
				if !errors.Is(err, context.Canceled) || looks > 1000 {
					t.Fatal(err)
				}
				if err := runOn(t, t.Context(), c, sets, Options{Dir: dir, Resume: true}); err != nil {
					t.Fatalf("after %d looks: %v", looks, err)
				}
				sameModel(t, dir, whole, "interrupted")
				if got := untimed(t, dir); !reflect.DeepEqual(got, want) {
					t.Fatalf("after %d looks: the history is\n%+v, want\n%+v", looks, got, want)
				}
			}
		})
	}
}
