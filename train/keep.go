package train

import (
	"fmt"
	"time"
)

// usualEvery is how much time there is between two writings of a run's files at the least: an epoch of a small table takes
// less than to write them.
var usualEvery = time.Second

// kept says what of a run is in its files. Those are written together, the checkpoint last: after a death at any instant
// the run goes on from it, and writes the others anew.
type kept struct {
	at             time.Time // when they were written
	history, model bool      // they have all epochs, and the best weights
}

// endEpoch takes the record.
func (r *run) endEpoch(rec Record) error {
	if err := r.sets.Train.Unchanged(); err != nil {
		return err
	}
	r.history = append(r.history, rec)
	if r.opts.Epoch != nil {
		r.opts.Epoch(rec)
	}
	r.kept.history = false
	if s := r.stages[r.at]; s.layer < 0 && (rec.Best || rec.StartValidation != nil || rec.Validation == nil) {
		r.kept.model = false
	}
	return nil
}

// keep writes the files, at the end of an epoch where it is time.
func (r *run) keep(at when) error {
	if r.dir == nil {
		return nil
	}
	every := r.opts.Every
	if every == 0 {
		every = usualEvery
	}
	if at == soon && time.Since(r.kept.at) < every {
		return nil
	}
	if err := r.keepResults(at); err != nil {
		return err
	}
	if err := r.save(); err != nil {
		return err
	}
	r.kept.at = time.Now()
	return nil
}

// keepResults writes the history and, from the best weights so far, the model file. Where no validation chose some, the
// weights are those at the end of an epoch, which in the middle of the next are gone.
func (r *run) keepResults(at when) error {
	if !r.kept.history {
		if err := r.writeHistory(); err != nil {
			return err
		}
		r.kept.history = true
	}
	if p := r.phase; !r.kept.model && (p.best != nil || at != midway) {
		if err := r.writeModel(p.model, p.best); err != nil {
			return err
		}
		r.kept.model = true
	}
	return nil
}

// keepDiverged writes what there was before a training broke down, and returns why it did.
func (r *run) keepDiverged(why error) error {
	if r.dir != nil {
		if err := r.keepResults(midway); err != nil {
			return fmt.Errorf("%w; what there was before cannot be written: %w", why, err)
		}
	}
	return why
}
