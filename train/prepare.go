package train

import (
	"context"
	"fmt"
	"math"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// prepare checks the request and makes the data resident. What the settings leave open the first rank decides.
func (r *run) prepare(ctx context.Context) error {
	if r.saved() {
		r.dir.TakeOpen(&r.config)
	}
	var err error
	if r.goesOn, err = r.crew.firstSays(r.saved()); err != nil {
		return err
	}
	if err := r.crew.agree(r.check()); err != nil {
		return err
	}
	if r.crew.first() {
		if err = Settle(ctx, r.dev, &r.config, r.sets); err == nil {
			r.settleWindow()
		}
	}
	if err := r.crew.agree(err); err != nil {
		return err
	}
	if err := r.shareSettings(); err != nil {
		return err
	}
	return r.crew.agree(r.place())
}

// check checks what the data have to do with the request.
func (r *run) check() error {
	c, s := &r.config, r.sets
	if err := c.Validate(); err != nil {
		return &RequestError{err}
	}
	if c.Classifier != settings.NoClassifier && s.Train.Labels == nil {
		return &RequestError{&settings.Error{Field: "Classifier", Msg: fmt.Sprintf("is %v: that needs labels, and %s has none", c.Classifier, s.Train.Name)}}
	}
	if c.Classifier != settings.NoClassifier && s.Train.ClassesPresent() < 2 {
		return &RequestError{&settings.Error{Field: "Classifier", Msg: fmt.Sprintf("is %v: that needs two classes, and the training rows of %s are all of one", c.Classifier, s.Train.Name)}}
	}
	if !r.goesOn && !s.SameData(c) {
		return &RequestError{&settings.Error{Field: "DataFingerprint", Msg: fmt.Sprintf(
			"is %.12s, and {Data} %s has %.12s: it holds other data than when these settings were written; bring that back, or leave {DataFingerprint} out to train on it as it is",
			c.DataFingerprint, dataName(c), s.Source)}}
	}
	c.DataFingerprint = settings.Fingerprint(s.Source)
	r.fingerprint = s.Fingerprint()
	return nil
}

// place plans the run's stages and makes the data resident.
func (r *run) place() error {
	c, s := &r.config, r.sets
	if lr := c.LR * c.LRScale.Factor(c.UpdateRows(s.Train.Rows)); lr > math.MaxFloat32 {
		return &RequestError{&settings.Error{Field: "LR", Msg: fmt.Sprintf("is %g, by {LRScale} %v %g: that is infinite in float32", c.LR, c.LRScale, lr)}}
	}
	var err error
	r.stages = stages(c)
	if err = checkMemory(r.dev, *c, s); err != nil {
		return err
	}
	if err = askHost(r.dev, *c, s, r.dir != nil); err != nil {
		return err
	}
	if n := s.windowRows(c); n > 0 {
		return r.openWindow(n)
	}
	if r.data, err = r.upload(s.Train); err != nil {
		return err
	}
	if s.Val != nil {
		r.val, err = r.upload(s.Val)
	}
	return err
}

// saved reports whether there is a run to go on with.
func (r *run) saved() bool { return r.dir != nil && r.opts.Resume && r.dir.saved() }

// upload makes a part resident, prepared.
func (r *run) upload(s *data.Set) (at model.Resident, err error) {
	rows, err := r.sets.Preparation.Apply(s)
	if err != nil {
		return at, err
	}
	target := rows
	if r.sets.Targets != nil && !r.sets.shared {
		if target, err = r.sets.Targets.Apply(made(s)); err != nil {
			return at, err
		}
	}
	if r.means == nil {
		r.means = columnMeans(target, r.sets.Likelihood) // of the training part, which comes first
	}
	if at.Rows, err = model.Upload(r.dev, rows); err != nil {
		return at, err
	}
	switch {
	case r.sets.shared:
		at.Targets = at.Rows
	case r.sets.Targets != nil:
		if at.Targets, err = model.Upload(r.dev, target); err != nil {
			return at, err
		}
	}
	if at.Conditions, err = model.UploadConditions(r.dev, rows); err != nil {
		return at, err
	}
	at.Labels, err = model.UploadLabels(r.dev, rows)
	return at, err
}
