package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
	"github.com/nlpodyssey/safetensors"
)

// Files of a run directory.
const (
	ConfigFile     = "config.yaml"
	ModelFile      = "model.safetensors" // best weights
	CheckpointFile = "last.ckpt"         // all that resuming needs
	HistoryFile    = "metrics.jsonl"     // a Record a line
)

// checkpointKey is the metadata entry that holds a checkpoint's state as JSON.
const checkpointKey = "aegpu.checkpoint"

// checkpointVersion is that of the checkpoints written here, and the only one read.
const checkpointVersion = 2

// checkpoint is a run's state beside its buffers.
type checkpoint struct {
	Version int        `json:"version"`
	Config  string     `json:"config"`
	Stage   int        `json:"stage"` // under way, or the last of a run that is done
	Phase   phaseState `json:"phase"`
	History []Record   `json:"history"`
	Seconds float64    `json:"seconds"`
}

// buffers are the tensors of a checkpoint: the whole model, and of the stage
// under way its own model, the optimiser's moments and the best weights.
const (
	wholeBuffer = "whole"
	phaseBuffer = "phase"
	bestBuffer  = "best"
)

func momentBuffer(i int) string { return fmt.Sprintf("moment.%d", i) }

// openDir makes the run directory, or finds a run in it that is to be resumed.
func (r *run) openDir() (found bool, err error) {
	dir := r.opts.Dir
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return false, &RequestError{err}
		}
	case err != nil:
		return false, &RequestError{err}
	}
	if r.opts.Resume {
		if _, err := os.Stat(filepath.Join(dir, CheckpointFile)); err == nil {
			return true, nil
		}
		// Interrupted before its first checkpoint: nothing is lost by starting over.
		return false, r.writeConfig()
	}
	// What a killed process left half-written is not a run.
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), ".tmp-") })
	if len(entries) > 0 {
		return false, wrong("%s is not empty: choose another directory, or resume to continue the run in it", dir)
	}
	return false, r.writeConfig()
}

func (r *run) path(name string) string { return filepath.Join(r.opts.Dir, name) }

func (r *run) writeConfig() error {
	return data.WriteAtomic(r.path(ConfigFile), r.config.Write)
}

func (r *run) writeModel(m *model.Model) error {
	return data.WriteAtomic(r.path(ModelFile), m.Write)
}

func (r *run) writeHistory() error {
	return data.WriteAtomic(r.path(HistoryFile), func(w io.Writer) error {
		enc := json.NewEncoder(w)
		for _, rec := range r.history {
			if err := enc.Encode(rec); err != nil {
				return err
			}
		}
		return nil
	})
}

// save writes the checkpoint.
func (r *run) save() error {
	if r.opts.Dir == "" {
		return nil
	}
	var config bytes.Buffer
	if err := r.config.Write(&config); err != nil {
		return err
	}
	c := checkpoint{Version: checkpointVersion, Config: config.String(), Stage: r.at, History: r.history, Seconds: r.elapsed()}
	views := map[string]safetensors.TensorView{}
	if err := r.addBuffer(views, wholeBuffer, r.whole.Flat()); err != nil {
		return err
	}
	if p := r.phase; p != nil {
		c.Phase = p.state
		if err := r.addPhase(views, p); err != nil {
			return err
		}
	}
	state, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return data.WriteAtomic(r.path(CheckpointFile), func(w io.Writer) error {
		return safetensors.SerializeToWriter(views, map[string]string{checkpointKey: string(state)}, w)
	})
}

func (r *run) addPhase(views map[string]safetensors.TensorView, p *phase) error {
	if p.model != r.whole {
		if err := r.addBuffer(views, phaseBuffer, p.model.Flat()); err != nil {
			return err
		}
	}
	for i, t := range p.training.Moments() {
		if t.None() {
			continue
		}
		if err := r.addBuffer(views, momentBuffer(i), t); err != nil {
			return err
		}
	}
	if p.best == nil {
		return nil
	}
	var err error
	views[bestBuffer], err = model.Float32View(p.best, uint64(len(p.best)))
	return err
}

func (r *run) addBuffer(views map[string]safetensors.TensorView, name string, t backend.Tensor) error {
	v := make([]float32, t.Len())
	r.dev.Download(v, t)
	if err := r.dev.Sync(); err != nil {
		return err
	}
	var err error
	views[name], err = model.Float32View(v, uint64(len(v)))
	return err
}

// resume continues from the run directory's checkpoint.
func (r *run) resume() error {
	path := r.path(CheckpointFile)
	file, err := os.ReadFile(path)
	if err != nil {
		return &RequestError{err}
	}
	c, st, err := parseCheckpoint(file)
	if err != nil {
		return wrong("%s: %w", path, err)
	}
	if err := r.sameConfig(c.Config); err != nil {
		return wrong("%s: %w", r.opts.Dir, err)
	}
	if err := r.restore(c, st); err != nil {
		return wrong("%s: %w", path, err)
	}
	return r.writeConfig() // epochs, patience and device may be new
}

func parseCheckpoint(file []byte) (*checkpoint, safetensors.SafeTensors, error) {
	st, err := safetensors.Deserialize(file)
	if err != nil {
		return nil, st, fmt.Errorf("not a whole checkpoint: %w", err)
	}
	_, meta, err := safetensors.ReadMetadata(file)
	if err != nil {
		return nil, st, err
	}
	text, ok := meta.Metadata()[checkpointKey]
	if !ok {
		return nil, st, fmt.Errorf("not a checkpoint: %q is missing from its metadata", checkpointKey)
	}
	c := &checkpoint{}
	if err := json.Unmarshal([]byte(text), c); err != nil {
		return nil, st, fmt.Errorf("%s in the metadata: %w", checkpointKey, err)
	}
	if c.Version != checkpointVersion {
		return nil, st, fmt.Errorf("a checkpoint of version %d, this program goes on with version %d only: finish the run with the aegpu that began it, or start another", max(1, c.Version), checkpointVersion)
	}
	return c, st, nil
}

// sameConfig refuses to continue a run with other settings than it was begun
// with. More epochs, another patience and another device are allowed.
func (r *run) sameConfig(text string) error {
	was, err := settings.ReadConfig(bytes.NewReader([]byte(text)))
	if err != nil {
		return err
	}
	now := r.config
	was.Epochs, was.ClassifierEpochs, was.Patience, was.Device = now.Epochs, now.ClassifierEpochs, now.Patience, now.Device
	var a, b bytes.Buffer
	if err := errors.Join(was.Write(&a), now.Write(&b)); err != nil {
		return err
	}
	old, fresh := bytes.Split(a.Bytes(), []byte("\n")), bytes.Split(b.Bytes(), []byte("\n"))
	for i := range min(len(old), len(fresh)) {
		if !bytes.Equal(old[i], fresh[i]) {
			return fmt.Errorf("the run was begun with %q, now it is %q: resume with the same settings, or start another run", old[i], fresh[i])
		}
	}
	return nil
}

// restore rebuilds the models and the stage under way.
func (r *run) restore(c *checkpoint, st safetensors.SafeTensors) error {
	if c.Stage >= len(r.stages) {
		return fmt.Errorf("stage %d of %d", c.Stage+1, len(r.stages))
	}
	spec, err := r.config.Spec(r.sets.Preparation.Inputs())
	if err != nil {
		return err
	}
	if r.classified(c.Stage) {
		spec.Classes = len(r.sets.Train.Classes)
	}
	if r.whole, err = model.New(r.dev, spec, r.config.Seed); err != nil {
		return err
	}
	if err := r.whole.SetPreparation(r.sets.Preparation); err != nil {
		return err
	}
	if err := r.load(st, wholeBuffer, r.whole.Flat()); err != nil {
		return err
	}
	r.at, r.history, r.seconds = c.Stage, c.History, c.Seconds
	return r.restorePhase(c, st)
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

func (r *run) restorePhase(c *checkpoint, st safetensors.SafeTensors) error {
	if err := r.openPhase(); err != nil {
		return err
	}
	p := r.phase
	p.state = c.Phase
	if p.model != r.whole {
		if err := r.load(st, phaseBuffer, p.model.Flat()); err != nil {
			return err
		}
	}
	for i, t := range p.training.Moments() {
		if t.None() {
			continue
		}
		if err := r.load(st, momentBuffer(i), t); err != nil {
			return err
		}
	}
	if view, ok := st.Tensor(bestBuffer); ok {
		var err error
		if p.best, err = model.Float32s(view); err != nil {
			return err
		}
		if len(p.best) != p.model.FlatSize() {
			return fmt.Errorf("%s holds %d numbers: expected %d", bestBuffer, len(p.best), p.model.FlatSize())
		}
	}
	p.training.WriteState(c.Phase.Sums)
	return r.dev.Sync()
}

// load uploads one buffer of a checkpoint.
func (r *run) load(st safetensors.SafeTensors, name string, t backend.Tensor) error {
	view, ok := st.Tensor(name)
	if !ok {
		return fmt.Errorf("%s is missing", name)
	}
	v, err := model.Float32s(view)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if len(v) != t.Len() {
		return fmt.Errorf("%s holds %d numbers: expected %d", name, len(v), t.Len())
	}
	r.dev.Upload(t, v)
	return r.dev.Sync()
}
