package train

import (
	"context"
	"time"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// phase is one stretch of training with one objective: a greedy layer, the whole
// autoencoder, or a classifier.
type phase struct {
	name             string
	model            *model.Model
	objective        model.Objective
	rows, valRows    int // of the parts; no valRows without validation
	data, val        model.Resident
	crew             *crew                                  // the other ranks; nil where there are none
	cut              *cut                                   // which rows of a window are this rank's; nil where there are no others
	window           *window                                // in which parts are that are not on the device as a whole; nil for none
	windowRows       int                                    // of the training part at a time: rows, or those of the window
	trainSet, valSet *data.Set                              // that the window reads
	below            func(ctx context.Context, n int) error // makes data of the window's rows where the phase trains on outputs; nil for none

	batch, epochs int            // a batch is the rows of an update
	parts         settings.Parts // that a batch reaches the device in
	seed          uint64
	times         timetable
	optimiser     backend.Optimiser
	patience      int
	minimum       float64   // improvement that counts
	validateStart bool      // the weights that the phase starts from may be the best: they are validated too
	bySquares     bool      // what is best is by the squared error of validation rows, columns standardised, not by their loss
	weights       []float64 // of the squared errors of outputs, by which columns are

	training *model.Training
	eval     *model.Evaluator
	state    phaseState
	best     []float32 // flat parameters at the best validation loss
}

// phaseState is what a checkpoint must hold of a phase beside its buffers.
type phaseState struct {
	Epoch    int       `json:"epoch"`   // epochs done
	Batches  int       `json:"batches"` // batches done of the one begun; all of them where its validation is not done
	BestLoss float64   `json:"best_loss"`
	Bad      int       `json:"bad"` // epochs since the best
	Sums     []float64 `json:"sums"`
	Done     bool      `json:"done"`
	Start    float64   `json:"start,omitempty"` // the loss of the first batch, during the first epoch; 0 where it says little
	Took     float64   `json:"took,omitempty"`  // seconds that earlier sittings trained in the epoch begun
	// StartValidation is what the weights that the phase starts from come to, during the first epoch; nil where they are not
	// validated.
	StartValidation model.Terms `json:"start_validation,omitempty"`
}

// evalBatch is how many rows are validated at a time.
const evalBatch = 1000

// stepsPerEpoch is the updates of an epoch; the last, smaller one counts too.
func (p *phase) stepsPerEpoch() int { return (p.rows + p.batch - 1) / p.batch }

// open plans the phase's memory and records its steps: to do so takes memory and, on a
// GPU, measures products, which is not for the middle of an epoch.
func (p *phase) open() error {
	p.times.steps, p.times.epochs = p.stepsPerEpoch(), p.epochs
	p.state.BestLoss = neverBest
	var err error
	p.training, err = p.model.NewTraining(p.data, model.TrainingOptions{
		Objective: p.objective, Batch: p.parts.Batch, Accumulate: p.parts.Batches, Optimiser: p.optimiser, Steps: p.times.steps,
		Share: p.crew.share(), Together: p.crew.adds(),
	})
	if err != nil {
		return err
	}
	if p.valRows > 0 {
		if p.eval, err = p.model.NewEvaluator(min(evalBatch, p.valRows)); err != nil {
			return err
		}
	}
	for _, rows := range []int{p.windowRows, p.rows % p.windowRows} { // of the last window
		p.training.DrawFrom(p.own(rows))
		if rows >= p.batch {
			err = p.training.Prepare(p.batch)
		}
		if rest := rows % p.batch; rest > 0 && err == nil {
			err = p.training.Prepare(rest)
		}
		if err != nil {
			return err
		}
	}
	p.training.DrawFrom(p.own(p.windowRows))
	return p.sameSteps()
}

// own is how many of n rows from the begin of a window on are this rank's.
func (p *phase) own(n int) int {
	if p.cut == nil {
		return n
	}
	return p.cut.count(n)
}

// windows is how many an epoch has.
func (p *phase) windows() int { return (p.rows + p.windowRows - 1) / p.windowRows }

// enter brings the rows of a window of the epoch under way to the device, and sets the time to a batch within it. Rows
// are shuffled within their window, each by a key of its own.
func (p *phase) enter(ctx context.Context, at, batches int) error {
	done := p.state.Epoch * p.times.steps
	start := at * p.windowRows
	n := min(p.windowRows, p.rows-start)
	if p.window != nil {
		next := windowKey{p.trainSet, p.state.Epoch, start + n, min(p.windowRows, p.rows-start-n)}
		if next.n == 0 {
			next = windowKey{p.trainSet, p.state.Epoch + 1, 0, p.windowRows}
		}
		if p.valRows > 0 && p.val.Rows.Mem == nil && next.start == 0 || p.state.Epoch+1 == p.epochs && next.start == 0 {
			next.n = 0
		}
		if err := p.window.load(windowKey{p.trainSet, p.state.Epoch, start, n}, next); err != nil {
			return err
		}
		if p.below != nil {
			if err := p.below(ctx, p.own(n)); err != nil {
				return err
			}
		}
	}
	p.training.DrawFrom(p.own(n))
	p.training.SetTime(backend.Time{
		Seed: p.seed, Epoch: uint64(p.state.Epoch*p.windows() + at), Step: uint64(done + batches), Row: uint64(p.own(batches*p.batch - start)),
	}, p.times.table(done+batches, done+min(p.stepsPerEpoch(), (start+n+p.batch-1)/p.batch)))
	return nil
}

func (p *phase) close() {
	if p.training != nil {
		p.training.Close()
	}
	if p.eval != nil {
		p.eval.Close()
	}
}

// hooks are called by a running phase. save keeps what is done so far.
type hooks struct {
	progress func(Progress)
	epoch    func(Record) error
	save     func(when) error
}

// when says whether something is to be saved at once.
type when uint8

const (
	soon   when = iota // or at the end of a later epoch
	now                // an epoch is done
	midway             // likewise, within an epoch
)

// run trains until the phase is done, or the context is: then it saves where it
// stands and returns the context's error.
func (p *phase) run(ctx context.Context, h hooks) error {
	if err := p.startValidated(ctx, h); err != nil {
		return err
	}
	for p.state.Epoch < p.epochs && !p.state.Done {
		start := time.Now()
		if err := p.runEpoch(ctx, h, start); err != nil {
			return err
		}
		record, err := p.endEpoch(ctx, h, start)
		if err != nil {
			return err
		}
		if err := h.epoch(record); err != nil {
			return err
		}
		over, at := p.state.Epoch == p.epochs || p.state.Done, soon
		if over || ctx.Err() != nil {
			at = now
		}
		if err := h.save(at); err != nil {
			return err
		}
		if at == now && !over { // of one batch, an epoch has no middle
			return ctx.Err()
		}
	}
	p.state.Done = true
	if err := p.restoreBest(); err != nil {
		return err
	}
	return p.refitVariances(ctx)
}

// runEpoch launches the epoch's remaining batches, a chunk at a time. The device
// never waits for the host: a chunk is launched before the readings of the one
// before it are.
func (p *phase) runEpoch(ctx context.Context, h hooks, start time.Time) error {
	steps, full := p.stepsPerEpoch(), p.rows/p.batch
	if p.state.Batches == steps { // its validation was interrupted
		return nil
	}
	w := &watch{phase: p, hooks: h, start: start, first: p.state.Batches, chunk: 1}
	perWindow, inside := (p.windowRows+p.batch-1)/p.batch, -1
	for p.state.Batches < steps {
		if at := p.state.Batches / perWindow; at != inside {
			if err := p.enter(ctx, at, p.state.Batches); err != nil {
				return err
			}
			inside = at
		}
		rows, times := p.batch, min(w.chunk, full-p.state.Batches, (inside+1)*perWindow-p.state.Batches)
		if p.state.Batches == full {
			rows, times = p.rows-full*p.batch, 1
		}
		if err := p.training.Launch(rows, times); err != nil {
			return err
		}
		p.state.Batches += times
		w.launched()
		if err := w.look(1); err != nil {
			return err
		}
		if p.state.Batches < steps && ctx.Err() != nil {
			if err := w.look(0); err != nil {
				return err
			}
			p.state.Took += time.Since(start).Seconds()
			return p.interrupt(ctx, h)
		}
	}
	return w.look(0)
}

// interrupt saves where the epoch stands.
func (p *phase) interrupt(ctx context.Context, h hooks) error {
	if err := p.training.ReadState(&p.state.Sums); err != nil {
		return err
	}
	if err := h.save(midway); err != nil {
		return err
	}
	return ctx.Err()
}

// kl is the weight of the KL term at a batch of the epoch.
func (p *phase) kl(batches int) float64 {
	return float64(p.times.at(p.state.Epoch*p.times.steps + max(0, batches-1)).KL)
}

// endEpoch reads the epoch's terms, measures the validation part and notes
// whether it is the best so far. A context that ends the measurement leaves the epoch open.
func (p *phase) endEpoch(ctx context.Context, h hooks, start time.Time) (Record, error) {
	terms, err := p.training.Read(p.rows, p.kl(p.state.Batches))
	if err != nil {
		return Record{}, err
	}
	if err := p.crew.sameWeights(p.model); err != nil {
		return Record{}, err
	}
	p.state.Took += time.Since(start).Seconds()
	r := Record{
		Phase: p.name, Epoch: p.state.Epoch + 1, Step: (p.state.Epoch + 1) * p.times.steps,
		LR: float64(p.times.at(p.state.Epoch * p.times.steps).LR), Train: terms,
		Start: p.state.Start, StartValidation: p.state.StartValidation, Seconds: p.state.Took, ExamplesPerSecond: float64(p.rows) / p.state.Took,
	}
	if p.eval != nil {
		err := p.validate(ctx, &r)
		if Interrupted(err) {
			err = p.interrupt(ctx, h)
		}
		if err != nil {
			return r, err
		}
	}
	p.state.Epoch++
	p.state.Batches, p.state.Sums, p.state.Start, p.state.StartValidation, p.state.Took = 0, nil, 0, nil, 0
	p.training.ResetSums()
	return r, nil
}
