package train

import (
	"fmt"
	"math"
	"slices"

	"github.com/aegpu/aegpu/settings"
)

// neverBest is the best loss of a phase in which none was measured.
const neverBest = math.MaxFloat64

// mayGoOn refuses to continue a run where its config.yaml would then not give the same bits: on other data, with other
// settings than it was begun with, or with epochs or a patience under which it would have taken another course. Another
// device is allowed.
func (r *run) mayGoOn(was *settings.Config, c *checkpoint) error {
	if err := r.sameSettings(was); err != nil { // first, as rows are others by them
		return err
	}
	if c.Data != r.fingerprint {
		return wrong("%s was begun on other data than %s holds now (fingerprint %.12s, now %.12s): go on with those, or start another run from its weights (init-from)",
			r.dir.path, r.config.Data, c.Data, r.fingerprint)
	}
	before := stages(was)
	if c.Stage < 0 {
		return wrong("%s: phase %d in its checkpoint: expected 1 or more", r.dir.path, c.Stage+1)
	}
	for i := range c.Stage + 1 {
		if i >= len(before) || i >= len(r.stages) || before[i].name != r.stages[i].name {
			return wrong("%s is in another phase than these settings have: go on with the epochs that it was begun with", r.dir.path)
		}
		now, then := &r.stages[i], &before[i]
		if now.epochs != then.epochs && byEpochs(was) {
			return &RequestError{&settings.Error{Field: now.setting(), Msg: fmt.Sprintf(
				"is %d, and the run in %s was begun with %d, which {Schedule} %v and {Momentum} %v are spread over: go on with %d, or start another run from its weights with {InitFrom} %s",
				now.epochs, r.dir.path, then.epochs, was.Schedule, was.Momentum, then.epochs, r.dir.path)}}
		}
	}
	return r.sameCourse(was, c)
}

// byEpochs reports whether what a step does depends on how many epochs there are in all.
func byEpochs(c *settings.Config) bool {
	return c.Schedule.Kind == settings.CosineSchedule || c.Momentum.Sutskever && (c.Optimizer == settings.HeavyBall || c.Optimizer == settings.Nesterov)
}

// setting names the setting with the stage's epochs.
func (s *stage) setting() string {
	switch s.name {
	case autoencoderPhase:
		return "Epochs"
	case classifierPhase:
		return "ClassifierEpochs"
	}
	return "PretrainEpochs"
}

// sameSettings refuses settings that were others when the run was begun.
func (r *run) sameSettings(was *settings.Config) error {
	now := &r.config
	if now.Window == 0 { // left open, and settled by the memory then
		now.Window, now.Block = was.Window, was.Block
	}
	thenFile, _ := was.InitFile()
	if file, digest := now.InitFile(); digest == "" && file == thenFile {
		now.InitFrom = was.InitFrom // with the digest of what it held
	}
	moved := *was // data may have: the fingerprint says that they are the same
	moved.Data, moved.TestData, moved.ValData = now.Data, now.TestData, now.ValData
	was = &moved
	for _, name := range settings.Names() {
		if name == "data-fingerprint" || slices.Contains(freeToChange, name) { // of the data, the checkpoint's own says more
			continue
		}
		if a, b := fmt.Sprint(was.Get(name)), fmt.Sprint(now.Get(name)); a != b {
			return wrong("%s: the run was begun with \"%s: %s\", now it is \"%s: %s\": resume with the same settings, or start another run", r.dir.path, name, a, name, b)
		}
	}
	return nil
}

// sameCourse follows the epochs that are done under the settings of now: those must come to the same.
func (r *run) sameCourse(was *settings.Config, c *checkpoint) error {
	rest := c.History
	for i := range c.Stage + 1 {
		s, n := &r.stages[i], 0
		for n < len(rest) && rest[n].Phase == s.name {
			n++
		}
		last := 0 // the epoch after which the stage ends now
		bad := 0
		for k := range rest[:n] {
			if bad = r.badAfter(bad, &rest[k]); last == 0 && (r.config.Patience > 0 && bad >= int(r.config.Patience) || k+1 == s.epochs) {
				last = k + 1
			}
		}
		done := n
		if i == c.Stage && c.Phase.Batches > 0 {
			done++
		}
		switch ended := i < c.Stage; {
		case s.epochs < done && s.layer < 0:
			return r.otherCourse(s.setting(), s.epochs, fmt.Sprintf("%d of phase %s are begun: go on with %d or more", done, s.name, done))
		case last > 0 && last < done:
			return r.otherCourse("Patience", int(r.config.Patience), fmt.Sprintf("with that phase %s would have ended after epoch %d, and %d are begun: go on with %d", s.name, last, done, was.Patience))
		case ended && last == 0 && s.epochs != stages(was)[i].epochs:
			return r.otherCourse(s.setting(), s.epochs, fmt.Sprintf("phase %s has ended after epoch %d: go on with %d", s.name, n, stages(was)[i].epochs))
		case ended && last == 0:
			return r.otherCourse("Patience", int(r.config.Patience), fmt.Sprintf("with that phase %s would not have ended after epoch %d: go on with %d", s.name, n, was.Patience))
		}
		rest = rest[n:]
	}
	return nil
}

func (r *run) otherCourse(field string, value int, why string) error {
	return &RequestError{&settings.Error{Field: field, Msg: fmt.Sprintf(
		"is %d, which the run in %s cannot have: %s, or start another run from its weights with {InitFrom} %s", value, r.dir.path, why, r.dir.path)}}
}

// badAfter returns the epochs since the best after another one; see [phase.validate].
func (r *run) badAfter(bad int, rec *Record) int {
	if rec.Validation == nil || rec.Best || r.config.KLWarmup > float64(rec.Epoch) {
		return 0
	}
	return bad + 1
}

// measured reports whether the epochs of a stage end with a validation.
func (r *run) measured(stage int) bool { return r.sets.Val != nil && r.stages[stage].layer < 0 }

// checkState holds the numbers of a checkpoint to each other, the settings and the data.
func (r *run) checkState(c *checkpoint) error {
	if !(c.Seconds >= 0) {
		return fmt.Errorf("%g seconds: expected 0 or more", c.Seconds)
	}
	rows := r.sets.Train.Rows
	u := r.config.UpdateParts(rows)
	steps := (rows + u.Rows - 1) / u.Rows
	rest, bad, best := c.History, 0, neverBest
	for i := range c.Stage + 1 {
		s := &r.stages[i]
		bad, best = 0, neverBest
		n := 0
		for ; n < len(rest) && rest[n].Phase == s.name; n++ {
			rec := &rest[n]
			if rec.Epoch != n+1 || rec.Step != (n+1)*steps || !(rec.Seconds >= 0) || r.measured(i) != (len(rec.Validation) > 0) || len(rec.Train) == 0 {
				return fmt.Errorf("its history has no such epoch as %d of %s", n+1, s.name)
			}
			if n == 0 && rec.StartValidation != nil && r.measured(i) {
				best = toBeat(rec.StartValidation, r.sets.Val.Rows)
			}
			if bad = r.badAfter(bad, rec); rec.Best {
				best = criterion(rec.Validation)
			}
		}
		if i == c.Stage && n != c.Phase.Epoch || n > s.epochs || i < c.Stage && n == 0 {
			return fmt.Errorf("epoch %d of %s, of %d, with %d in its history", c.Phase.Epoch, s.name, s.epochs, n)
		}
		rest = rest[n:]
	}
	if start := c.Phase.StartValidation; start != nil {
		if c.Phase.Epoch > 0 || !r.measured(c.Stage) {
			return fmt.Errorf("a validation of the start in epoch %d", c.Phase.Epoch+1)
		}
		best = toBeat(start, r.sets.Val.Rows)
	}
	switch p := &c.Phase; {
	case len(rest) > 0:
		return fmt.Errorf("its history goes on after %s", r.stages[c.Stage].name)
	case p.Batches < 0 || p.Batches > steps || p.Batches == steps && !r.measured(c.Stage) || p.Batches > 0 && p.Epoch >= r.stages[c.Stage].epochs || p.Batches == 0 && len(p.Sums) > 0:
		return fmt.Errorf("batch %d of %d in epoch %d of %d", p.Batches, steps, p.Epoch+1, r.stages[c.Stage].epochs)
	case p.Start != 0 && (p.Epoch > 0 || p.Batches == 0 || u.Rows < enoughToStart) || !(p.Took >= 0) || p.Took > 0 && p.Batches == 0:
		return fmt.Errorf("%g seconds from the loss %g at batch %d of epoch %d", p.Took, p.Start, p.Batches, p.Epoch+1)
	case p.Bad != bad || p.BestLoss != best:
		return fmt.Errorf("the best loss is %g, %d epochs ago: its history has %g, %d epochs ago", p.BestLoss, p.Bad, best, bad)
	}
	return nil
}
