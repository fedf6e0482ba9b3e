package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
	"github.com/nlpodyssey/safetensors"
)

// resume continues from the run directory's checkpoint, or the one before it where the last is damaged.
func (r *run) resume(ctx context.Context) error {
	var was settings.Config
	found, err := &foundCheckpoint{}, error(nil)
	if r.crew.first() {
		found, was, err = r.findCheckpoint()
	}
	if err := r.crew.agree(err); err != nil {
		return err
	}
	if err := r.crew.shareCheckpoint(found); err != nil {
		return err
	}
	c := found.checkpoint
	if err := r.restore(ctx, c, found.tensors); err != nil {
		if errors.Is(err, backend.ErrOutOfMemory) || errors.Is(err, backend.ErrTuning) || Interrupted(err) {
			return err
		}
		return wrong("%s: %w", found.path, err)
	}
	if !r.crew.first() {
		return nil
	}
	if found.damaged != nil {
		r.warn(fmt.Sprintf("%v: the run goes on from %s, the checkpoint before it", found.damaged, PreviousFile))
		if err := os.Remove(r.dir.file(CheckpointFile)); err != nil && !isNotThere(err) { // lest it become the one before
			return err
		}
	}
	r.tellChanges(&was)
	if kind := r.dev.Info().Kind; c.Device != kind {
		r.warn(fmt.Sprintf("the run was begun on %s and goes on on %s, which round differently: %s will not give the same bits", c.Device, kind, ConfigFile))
	}
	return r.writeConfig() // epochs, patience and device may be new
}

// findCheckpoint reads the checkpoint to go on from, and checks that it is this run's; was is what it was begun with.
func (r *run) findCheckpoint() (found *foundCheckpoint, was settings.Config, err error) {
	if found, err = r.readCheckpoint(); err != nil {
		return nil, was, err
	}
	c := found.checkpoint
	if was, err = settings.ReadConfig(bytes.NewReader([]byte(c.Config))); err != nil {
		return nil, was, wrong("%s: its settings: %w", found.path, err)
	}
	if err = r.mayGoOn(&was, c); err != nil {
		return nil, was, err
	}
	if err := r.checkState(c); err != nil {
		return nil, was, wrong("%s: %w", found.path, err)
	}
	return found, was, r.resumeAlgorithms(c)
}

// shareCheckpoint gives the first rank's checkpoint to all.
func (c *crew) shareCheckpoint(f *foundCheckpoint) (err error) {
	if c == nil {
		return nil
	}
	if f.file, err = c.from0(f.file); err == nil && !c.first() {
		f.checkpoint, f.tensors, err = parseCheckpoint(f.file)
	}
	return err
}

// foundCheckpoint is the checkpoint to go on from.
type foundCheckpoint struct {
	*checkpoint
	tensors safetensors.SafeTensors
	file    []byte
	path    string
	damaged error // what is wrong with a later one, which is passed over
}

// readCheckpoint reads the last checkpoint that is whole.
func (r *run) readCheckpoint() (*foundCheckpoint, error) {
	f := &foundCheckpoint{}
	if err := CheckFiles(r.dir.path); err != nil {
		return nil, err
	}
	for _, name := range []string{CheckpointFile, PreviousFile} {
		f.path = r.dir.file(name)
		file, err := readWhole(f.path)
		switch {
		case isNotThere(err): // of the last: killed between the two renames
			continue
		case errors.Is(err, backend.ErrOutOfMemory):
			return nil, err
		case err != nil:
			return nil, &RequestError{err}
		}
		f.file = file
		f.checkpoint, f.tensors, err = parseCheckpoint(file)
		switch {
		case err == nil:
			return f, nil
		case isVersion(err):
			return nil, wrong("%s: %w", f.path, err)
		case f.damaged != nil:
			return nil, wrong("%w, and %s: %w: nothing is left to go on from; start another run", f.damaged, f.path, err)
		}
		f.damaged = fmt.Errorf("%s: %w", f.path, err)
	}
	if f.damaged == nil {
		return nil, wrong("%s holds no checkpoint", r.dir.path)
	}
	return nil, wrong("%w: there is no checkpoint before it to go on from; start another run", f.damaged)
}

// restore rebuilds the models and the stage under way.
func (r *run) restore(ctx context.Context, c *checkpoint, st safetensors.SafeTensors) error {
	spec, err := r.sets.Spec(&r.config)
	if err != nil {
		return err
	}
	if r.classified(c.Stage) {
		spec.Classes = len(r.sets.Train.Classes)
	}
	if r.whole, err = model.New(r.dev, spec, r.config.Seed); err != nil {
		return err
	}
	r.whole.Fingerprint, r.whole.Division = r.fingerprint, r.sets.Division
	if err := r.sets.prepare(r.whole); err != nil {
		return err
	}
	if err := r.load(st, wholeBuffer, r.whole.Flat(), true); err != nil {
		return err
	}
	r.at, r.history, r.seconds = c.Stage, c.History, c.Seconds
	return r.restorePhase(ctx, c, st)
}

// classified reports whether the whole model carries a classifier by then.
func (r *run) classified(stages int) bool {
	for _, s := range r.stages[:stages] {
		if s.objective != model.Reconstruct {
			return true
		}
	}
	return false
}

func (r *run) restorePhase(ctx context.Context, c *checkpoint, st safetensors.SafeTensors) error {
	if err := r.openPhase(ctx); err != nil {
		return err
	}
	p := r.phase
	p.state = c.Phase
	// Bad does not depend on the patience, which may be another now.
	p.state.Done = p.patience > 0 && p.state.Bad >= p.patience
	if p.model != r.whole {
		if err := r.load(st, phaseBuffer, p.model.Flat(), true); err != nil {
			return err
		}
	}
	for i, t := range p.training.Moments() {
		if t.None() {
			continue
		}
		if err := r.load(st, momentBuffer(i), t, false); err != nil { // a square may be infinite in float32
			return err
		}
	}
	if p.state.BestLoss != neverBest {
		var err error
		if p.best, err = numbersOf(st, bestBuffer, p.model.FlatSize(), true); err != nil {
			return err
		}
	}
	if want := p.training.StateSize(); p.state.Batches > 0 && len(p.state.Sums) != want {
		return fmt.Errorf("%d sums: expected %d", len(p.state.Sums), want)
	}
	p.training.WriteState(p.state.Sums)
	return r.dev.Sync()
}

// load uploads one buffer of a checkpoint.
func (r *run) load(st safetensors.SafeTensors, name string, t backend.Tensor, finite bool) error {
	v, err := numbersOf(st, name, t.Len(), finite)
	if err != nil {
		return err
	}
	r.dev.Upload(t, v)
	return r.dev.Sync()
}

// numbersOf returns one buffer of a checkpoint.
func numbersOf(st safetensors.SafeTensors, name string, want int, finite bool) ([]float32, error) {
	view, ok := st.Tensor(name)
	if !ok {
		return nil, fmt.Errorf("%s is missing", name)
	}
	v, err := model.Float32s(view)
	if err == nil && len(v) != want {
		err = fmt.Errorf("%d numbers: expected %d", len(v), want)
	}
	if err == nil && finite {
		err = model.Finite(v)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return v, nil
}
