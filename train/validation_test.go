package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
	"github.com/nlpodyssey/safetensors"
)

// fuse is a context that ends when it is looked at for the so-manieth time after it was lit.
type fuse struct {
	context.Context
	left atomic.Int64 // looks until then, 0 before it is lit
	done atomic.Bool
}

func (f *fuse) Err() error {
	if f.left.Load() > 0 && f.left.Add(-1) == 0 {
		f.done.Store(true)
	}
	if f.done.Load() {
		return context.Canceled
	}
	return f.Context.Err()
}

// longValidation are sets whose validation part takes three batches to measure.
func longValidation(t *testing.T, c settings.Config) *Sets {
	t.Helper()
	s, err := Divide(&data.Source{Train: waves(3000)}, c)
	if err != nil {
		t.Fatal(err)
	}
	if n := (s.Val.Rows + evalBatch - 1) / evalBatch; n != 3 {
		t.Fatalf("the validation is %d batches", n)
	}
	return s
}

func runOn(t *testing.T, ctx context.Context, c settings.Config, sets *Sets, o Options) error {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	res, err := Run(ctx, dev, c, sets, o)
	if err == nil {
		res.Model.Close()
	}
	return err
}

// untimed is a run's history without what a clock says.
func untimed(t *testing.T, dir string) (all []Record) {
	t.Helper()
	for dec := json.NewDecoder(bytes.NewReader(read(t, dir, HistoryFile))); dec.More(); {
		var r Record
		if err := dec.Decode(&r); err != nil {
			t.Fatal(err)
		}
		if !(r.Seconds > 0 && r.ExamplesPerSecond > 0 && r.ExamplesPerSecond < 1e12) {
			t.Errorf("epoch %d took %g s, at %g examples/s", r.Epoch, r.Seconds, r.ExamplesPerSecond)
		}
		r.Seconds, r.ExamplesPerSecond = 0, 0
		all = append(all, r)
	}
	return all
}

// inValidation runs until the validation of an epoch has been looked into so many times.
func inValidation(t *testing.T, c settings.Config, sets *Sets, dir, phase string, epoch int, looks int64) {
	t.Helper()
	f := &fuse{Context: t.Context()}
	err := runOn(t, f, c, sets, Options{Dir: dir, Resume: true, Progress: func(p Progress) {
		if p.Phase == phase && p.Epoch == epoch && p.Step == p.Steps {
			f.left.Store(looks)
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("%s epoch %d: %v", phase, epoch, err)
	}
	got, _, err := parseCheckpoint(read(t, dir, CheckpointFile))
	if err != nil {
		t.Fatal(err)
	}
	steps := (sets.Train.Rows + c.UpdateRows(sets.Train.Rows) - 1) / c.UpdateRows(sets.Train.Rows)
	if p := got.Phase; p.Epoch != epoch-1 || p.Batches != steps || len(p.Sums) == 0 {
		t.Fatalf("%s epoch %d: the checkpoint is of %+v, not in the validation", phase, epoch, p)
	}
}

// TestInterruptedValidation ends runs before the validation of an epoch and within it, again where they go on, and
// demands what one that was left alone came to.
func TestInterruptedValidation(t *testing.T) {
	for name, change := range map[string]func(*settings.Config){
		"ae":      func(*settings.Config) {},
		"vae":     func(c *settings.Config) { c.KLWarmup = 2 },
		"stacked": func(c *settings.Config) { c.Classifier, c.ClassifierEpochs = settings.FinetuneClassifier, 2 },
		"stopping": func(c *settings.Config) {
			c.Epochs, c.Patience, c.MinImprovement, c.Init = 9, 1, 0.01, model.XavierInit
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := small(t, strings.Replace(name, "stopping", "ae", 1))
			c.Val, c.Batch, c.PretrainEpochs = 0.8, 100, min(1, c.PretrainEpochs)
			change(&c)
			sets := longValidation(t, c)
			whole := filepath.Join(t.TempDir(), "whole")
			if err := runOn(t, t.Context(), c, sets, Options{Dir: whole}); err != nil {
				t.Fatal(err)
			}
			want := untimed(t, whole)
			for _, epoch := range []int{1, 2} {
				for _, looks := range []int64{1, 3} {
					dir := filepath.Join(t.TempDir(), "run")
					inValidation(t, c, sets, dir, autoencoderPhase, epoch, looks)
					ctx, cancel := context.WithCancel(t.Context())
					cancel() // no step is left: it ends where it was
					if err := runOn(t, ctx, c, sets, Options{Dir: dir, Resume: true}); !Interrupted(err) {
						t.Fatal(err)
					}
					if name == "stacked" {
						inValidation(t, c, sets, dir, classifierPhase, epoch, looks)
					}
					if err := runOn(t, t.Context(), c, sets, Options{Dir: dir, Resume: true}); err != nil {
						t.Fatal(err)
					}
					sameModel(t, dir, whole, "interrupted in a validation")
					if got := untimed(t, dir); !reflect.DeepEqual(got, want) {
						t.Errorf("epoch %d, look %d: the history is\n%v, want\n%v", epoch, looks, got, want)
					}
				}
			}
		})
	}
}

// A checkpoint within a validation is held to its numbers as others are.
func TestNumbersOfAnInterruptedValidation(t *testing.T) {
	c := small(t, "ae")
	c.Val, c.Batch = 0.8, 100
	sets := longValidation(t, c)
	dir := filepath.Join(t.TempDir(), "run")
	inValidation(t, c, sets, dir, autoencoderPhase, 1, 2)
	_, st, err := parseCheckpoint(read(t, dir, CheckpointFile))
	if err != nil {
		t.Fatal(err)
	}
	_, meta, err := safetensors.ReadMetadata(read(t, dir, CheckpointFile))
	if err != nil {
		t.Fatal(err)
	}
	state := meta.Metadata()[checkpointKey]
	for _, f := range [][2]string{
		{`"batches":6`, `"batches":7`}, {`"batches":6`, `"batches":0`}, {`"sums":[`, `"sums":[1,`}, {`"sums":[`, `"sums":[],"x":[`},
		{`"took":`, `"took":-`}, {`"epoch":0`, `"epoch":1`},
	} {
		if !strings.Contains(state, f[0]) {
			t.Fatalf("no %s in %s", f[0], state)
		}
		refuseState(t, c, sets, dir, withState(t, st, strings.Replace(state, f[0], f[1], 1)), f[1])
	}
	c.Val = 0 // then no epoch has a validation to be within
	sets, err = Divide(&data.Source{Train: sets.Train}, c)
	if err != nil {
		t.Fatal(err)
	}
	var config bytes.Buffer
	if err := c.Write(&config); err != nil {
		t.Fatal(err)
	}
	got, _, err := parseCheckpoint(read(t, dir, CheckpointFile))
	if err != nil {
		t.Fatal(err)
	}
	got.Config, got.Data = config.String(), sets.Fingerprint()
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	refuseState(t, c, sets, dir, withState(t, st, string(text)), "no validation part")
}

// refuseState demands that a run does not go on from a checkpoint.
func refuseState(t *testing.T, c settings.Config, sets *Sets, dir string, file []byte, what string) {
	t.Helper()
	other := t.TempDir()
	put(t, other, CheckpointFile, file)
	put(t, other, ConfigFile, read(t, dir, ConfigFile))
	var request *RequestError
	if err := runOn(t, t.Context(), c, sets, Options{Dir: other, Resume: true}); !errors.As(err, &request) {
		t.Errorf("%s: %v", what, err)
	}
}

func put(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
		t.Fatal(err)
	}
}
