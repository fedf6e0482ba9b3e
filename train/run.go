package train

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// Options are how a run is watched and where it is kept; nothing in them changes
// what is computed.
type Options struct {
	Dir        string            // run directory; "" keeps nothing
	Directory  *Directory        // Dir, where the caller has opened it; Run opens and closes it otherwise
	Resume     bool              // continue a run found in Dir, start one otherwise
	Algorithms string            // [AlgorithmsFile] of the run whose config it is, which a new run computes by; may be ""
	Progress   func(Progress)    // a few times a second
	Epoch      func(Record)      // after every epoch
	Warn       func(line string) // of what is otherwise than it should be, and does no harm to the result
	Unsaved    func(bool)        // true before the first step of a phase, false when its last checkpoint is written
	// Every is how much time there is between two writings of the files at the least, beside the first and the last of a
	// phase; 0 is a second, and below 0 they are written after every epoch.
	Every time.Duration
	// Ranks are the processes that train together with this one; nil where there are none. The first has Dir, and keeps the
	// run; all return the same result.
	Ranks backend.Ranks
	// Changed is told each setting that a resumed run goes on with otherwise than it was begun, and that may be.
	Changed func(name, was, now string)
}

// Result is what a run came to.
type Result struct {
	Model   *model.Model    // with the best weights; the caller closes it
	Config  settings.Config // complete, as config.yaml holds it
	History []Record
	Epochs  int // over all phases
	Steps   int
	Seconds float64 // in training, all sittings together
	// ExamplesPerSecond is over all epochs' training and validation.
	ExamplesPerSecond float64
	Stopped           bool      // a phase ended early for want of improvement
	FirstStep         time.Time // when this sitting's first step was done; zero if it had none
}

// run is a run under way.
type run struct {
	dev    backend.Device
	config settings.Config
	sets   *Sets
	opts   Options
	dir    *Directory // nil where nothing is kept

	crew    *crew        // the other ranks; nil where there are none
	whole   *model.Model // the model that comes out
	stages  []stage
	at      int // stage under way
	phase   *phase
	history []Record
	seconds float64   // of earlier sittings
	began   time.Time // this sitting
	first   time.Time // its first step was done
	kept    kept      // what is on disk of it

	data, val   model.Resident
	window      *window   // of data; nil where they are whole parts
	means       []float32 // of the columns that the decoder is to make of the training part, prepared
	fingerprint string    // of the data
	goesOn      bool      // from a checkpoint
}

// Run trains what the config describes on the sets (see [Load]). A context that
// is done ends it between two steps, with a checkpoint; the error is then the
// context's. A [RequestError] says that config and data do not fit, a
// [DivergedError] that the training broke down. A run that wrote no checkpoint leaves its
// directory as it found it.
func Run(ctx context.Context, dev backend.Device, c settings.Config, sets *Sets, o Options) (*Result, error) {
	c, err := complete(c)
	if err != nil {
		return nil, err
	}
	if o.Resume && o.Directory == nil && o.Dir == "" {
		return nil, wrong("resuming needs a directory, that of the run to go on with: none is named")
	}
	r := &run{kept: kept{history: true, model: true}, dev: dev, config: c, sets: sets, opts: o, dir: o.Directory, began: time.Now()}
	r.crew, ctx = newCrew(ctx, o.Ranks)
	sets.Share = r.crew.share()
	if !r.crew.first() {
		r.dir, o.Dir = nil, ""
	}
	if r.dir == nil && o.Dir != "" {
		r.dir, err = OpenDirectory(o.Dir, o.Resume, o.Warn)
		if err == nil {
			defer r.dir.Close()
		}
	}
	if err := r.crew.agree(err); err != nil {
		return nil, err
	}
	defer r.release()
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	if err := r.crew.agree(r.begin(ctx)); err != nil {
		r.closeModel()
		return nil, err
	}
	for ; r.at < len(r.stages); r.at++ {
		if err := r.runStage(ctx); err != nil {
			r.closeModel()
			return nil, err
		}
	}
	if err := r.finish(); err != nil {
		r.closeModel()
		return nil, err
	}
	return r.result(), nil
}

// begin makes the model, new or from a checkpoint.
func (r *run) begin(ctx context.Context) error {
	spec, err := r.sets.Spec(&r.config)
	if err != nil {
		return err
	}
	for _, s := range r.stages {
		if s.layer >= 0 {
			if _, err := spec.LayerSpec(s.layer, s.corrupt); err != nil {
				return &RequestError{err}
			}
		}
	}
	if r.goesOn {
		return r.resume(ctx)
	}
	if err := r.takeAlgorithms(r.opts.Algorithms); err != nil {
		return err
	}
	if r.whole, err = model.New(r.dev, spec, r.config.Seed); err != nil {
		return err
	}
	r.whole.Fingerprint, r.whole.Division = r.fingerprint, r.sets.Division
	if err := r.sets.prepare(r.whole); err != nil {
		return err
	}
	if r.crew.first() {
		err = r.initialise(ctx)
	}
	if err := r.crew.agree(err); err != nil {
		return err
	}
	if err := r.crew.shareWeights(r.whole); err != nil {
		return err
	}
	if err := r.chooseForReference(ctx); err != nil {
		return err
	}
	return r.writeConfig()
}

// warn passes on a line.
func (r *run) warn(line string) {
	if r.opts.Warn != nil {
		r.opts.Warn(line)
	}
}

// unsaved passes on whether there is something to save.
func (r *run) unsaved(is bool) {
	if r.opts.Unsaved != nil {
		r.opts.Unsaved(is)
	}
}

// runStage trains the stage under way, from its start or its checkpoint.
func (r *run) runStage(ctx context.Context) error {
	resumed := r.phase != nil
	if !resumed {
		if err := r.openPhase(ctx); err != nil {
			return err
		}
	}
	h := hooks{progress: r.progress, epoch: r.endEpoch, save: r.keep}
	r.unsaved(true)
	err := r.phase.run(ctx, h)
	r.unsaved(false)
	if diverged := (*DivergedError)(nil); errors.As(err, &diverged) {
		err = r.keepDiverged(err)
	}
	if err != nil {
		return err
	}
	if r.at+1 < len(r.stages) && ctx.Err() != nil { // the last epoch's checkpoint is written; to open the next phase takes time
		return ctx.Err()
	}
	return r.closePhase()
}

// openPhase plans the stage under way.
func (r *run) openPhase(ctx context.Context) error {
	s, c := r.stages[r.at], &r.config
	opt, err := c.Update()
	if err != nil {
		return err
	}
	u := c.UpdateParts(r.sets.Train.Rows)
	p := &phase{
		name: s.name, objective: s.objective, batch: u.Rows, parts: u, epochs: s.epochs,
		seed:      c.Seed + uint64(r.at)*0x9E3779B97F4A7C15, // noise of its own for every stage
		optimiser: opt, patience: int(c.Patience), minimum: c.MinImprovement,
		rows: r.sets.Train.Rows, windowRows: cmp.Or(r.sets.windowRows(c), r.sets.Train.Rows), window: r.window, crew: r.crew, trainSet: r.sets.Train, valSet: r.sets.Val,
		data: r.data, val: r.val,
		times: timetable{
			lr: s.lr * c.LRScale.Factor(u.Rows), beta: c.Beta, lrWarmup: c.LRWarmup, klWarmup: c.KLWarmup, beta1: c.Beta1, beta2: c.Beta2,
			schedule: c.Schedule, momentum: c.Momentum,
		},
	}
	if r.sets.Val != nil {
		p.valRows = r.sets.Val.Rows
	}
	if r.crew != nil {
		p.cut = &cut{share: r.crew.share(), parts: u, seed: p.seed, windows: p.windows(), rows: p.windowRows}
		r.window.forget()
		r.window.cut = p.cut
	}
	r.phase = p
	if err := r.phaseModel(ctx, s); err != nil {
		return err
	}
	if l, ok := p.model.Spec.Likelihood.(model.Columns); ok && s.layer < 0 && s.objective == model.Reconstruct {
		p.weights = squareWeights(p.model.TargetPreparation())
		p.bySquares = !p.model.Spec.Drawn() && !l.HasCounts()
	}
	p.validateStart = r.startsFromPCA() && s.layer < 0 && s.objective == model.Reconstruct
	return p.open()
}

// phaseModel is the model that the stage trains: the whole, the whole with a
// classifier, or one layer on the outputs of those below it.
func (r *run) phaseModel(ctx context.Context, s stage) (err error) {
	p := r.phase
	switch {
	case s.layer < 0 && s.objective == model.Reconstruct:
		p.model = r.whole
	case s.layer < 0:
		if p.model, err = r.whole.WithClassifier(len(r.sets.Train.Classes), r.config.Seed); err == nil {
			p.model.Classifier = model.Classifier{Classes: r.sets.Train.Classes, FineTuned: s.objective == model.FineTune}
		}
	default:
		if p.model, err = r.whole.Stage(s.layer, s.corrupt); err != nil {
			return err
		}
		p.valRows = 0
		if s.layer > 0 {
			return r.outputs(ctx, p, s.layer)
		}
	}
	return err
}

// closePhase takes over what the stage has learnt.
func (r *run) closePhase() error {
	p, s := r.phase, r.stages[r.at]
	r.phase = nil
	p.close()
	if s.layer >= 0 {
		r.whole.Adopt(s.layer, p.model)
		if s.layer > 0 {
			p.data.Rows.Mem.Free()
		}
		p.model.Close()
		return r.dev.Sync()
	}
	if p.model != r.whole {
		r.whole.Close()
		r.whole = p.model
	}
	return nil
}

// progress passes on where the phase stands.
func (r *run) progress(p Progress) {
	if r.first.IsZero() {
		r.first = time.Now()
	}
	if r.opts.Progress != nil {
		r.opts.Progress(p)
	}
}

// finish writes the model that the run leaves. The checkpoint stays that of the
// last epoch, so that a finished run can be given more of them.
func (r *run) finish() error {
	if r.dir == nil {
		return nil
	}
	return r.writeModel(r.whole, nil)
}

func (r *run) result() *Result {
	res := &Result{Model: r.whole, Config: r.config, History: r.history, Epochs: len(r.history), Steps: Steps(r.history), Seconds: r.elapsed(), FirstStep: r.first}
	trained, examples := 0.0, 0.0
	for _, rec := range r.history {
		trained += rec.Seconds
		examples += rec.Seconds * rec.ExamplesPerSecond
	}
	if trained > 0 {
		res.ExamplesPerSecond = examples / trained
	}
	planned := 0
	for _, s := range r.stages {
		planned += s.epochs
	}
	res.Stopped = len(r.history) < planned
	return res
}

func (r *run) elapsed() float64 { return r.seconds + time.Since(r.began).Seconds() }

// Interrupted reports whether an error means that the context ended the run.
func Interrupted(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
