package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/nlpodyssey/safetensors"
)

// checkpointKey is the metadata entry that holds a checkpoint's state as JSON.
const checkpointKey = "aegpu.checkpoint"

// checkpointVersion is that of the checkpoints written here, and the only one read; those before 5 are of runs whose best
// weights were chosen by the loss alone, those before 4 of runs whose rows were held out by their position, those before 3
// have no digest.
const checkpointVersion = 5

// checkpoint is a run's state beside its buffers.
type checkpoint struct {
	Version int        `json:"version"`
	Config  string     `json:"config"`
	Data    string     `json:"data"`   // fingerprint
	Device  string     `json:"device"` // kind of it
	Stage   int        `json:"stage"`  // under way, or the last of a run that is done
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

func (r *run) writeConfig() error {
	if r.dir == nil {
		return nil
	}
	if err := r.dir.KeepAlgorithms(r.dev); err != nil {
		return err
	}
	return r.dir.Write(ConfigFile, r.config.Write)
}

// writeModel writes a model's weights, or others in their place.
func (r *run) writeModel(m *model.Model, others []float32) error {
	if others == nil {
		return r.dir.Write(ModelFile, m.Write)
	}
	return r.dir.Write(ModelFile, func(w io.Writer) error { return m.WriteWith(w, others) })
}

func (r *run) writeHistory() error {
	return r.dir.Write(HistoryFile, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		for _, rec := range r.history {
			if err := enc.Encode(rec); err != nil {
				return err
			}
		}
		return nil
	})
}

// save writes the checkpoint, and keeps the one before it.
func (r *run) save() error {
	var config bytes.Buffer
	if err := r.config.Write(&config); err != nil {
		return err
	}
	c := checkpoint{
		Version: checkpointVersion, Config: config.String(), Data: r.fingerprint, Device: r.dev.Info().Kind,
		Stage: r.at, History: r.history, Seconds: r.elapsed(),
	}
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
	if err := r.dir.KeepAlgorithms(r.dev); err != nil { // no checkpoint is without those it came by
		return err
	}
	return data.Replace(r.dir.file(CheckpointFile), r.dir.file(PreviousFile), func(w io.Writer) error {
		return model.WriteSealed(w, views, map[string]string{checkpointKey: string(state)})
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

// versionError is of a checkpoint that is whole, and not for this program.
type versionError struct{ version int }

func (e *versionError) Error() string {
	return fmt.Sprintf("a checkpoint of version %d, this program goes on with version %d only: finish the run with the aegpu that began it, or start another", e.version, checkpointVersion)
}

// parseCheckpoint returns what a checkpoint holds. The error is a [*versionError] where it is whole and of another
// version; any other means that it is damaged.
func parseCheckpoint(file []byte) (*checkpoint, safetensors.SafeTensors, error) {
	st, meta, err := model.ReadSealed(file)
	if err != nil {
		return nil, st, err
	}
	text, ok := meta[checkpointKey]
	if !ok {
		return nil, st, fmt.Errorf("not a checkpoint: %q is missing from its metadata", checkpointKey)
	}
	c := &checkpoint{}
	if err := json.Unmarshal([]byte(text), c); err != nil {
		return nil, st, fmt.Errorf("%s in the metadata: %w", checkpointKey, err)
	}
	switch sealed := meta[model.SealKey] != ""; {
	case c.Version < checkpointVersion && !sealed, c.Version != checkpointVersion && sealed:
		return nil, st, &versionError{max(1, c.Version)}
	case !sealed:
		return nil, st, model.ErrDamaged
	}
	return c, st, nil
}

// isVersion reports whether an error is that of another version.
func isVersion(err error) bool {
	var v *versionError
	return errors.As(err, &v)
}
