package train

import (
	"time"

	"github.com/aegpu/aegpu/model"
)

// chunkTime is how long the device works on what is launched at a time.
const chunkTime = 200 * time.Millisecond

// enoughToStart is how many rows a batch has whose loss is worth keeping.
const enoughToStart = 16

// watch follows an epoch from the host: it looks at the readings of chunks that
// were launched, in order, while the device is at work on later ones.
type watch struct {
	*phase
	hooks hooks
	start time.Time
	first int // batches done when it began
	chunk int // steps to launch at a time
	ahead []reading
}

// reading is what a chunk came to, on its way from the device.
type reading struct {
	*model.Reading
	batches int // done of the epoch, with the chunk
}

// launched has the device send what the steps launched so far come to.
func (w *watch) launched() {
	done := w.state.Batches
	w.ahead = append(w.ahead, reading{w.training.Fetch(min(done*w.batch, w.rows)), done})
}

// look takes the readings that are there, and waits until no more than some are
// not. A step that was not finite is an error.
func (w *watch) look(most int) error {
	for len(w.ahead) > most || len(w.ahead) > 0 && w.crew == nil && w.ahead[0].Done() { // ranks look after the same steps
		r := w.ahead[0]
		w.ahead = w.ahead[1:]
		terms, fault, err := r.Wait(w.kl(r.batches))
		if err != nil {
			return err
		}
		if fault != nil {
			return &DivergedError{Phase: w.name, Epoch: fault.Step/w.times.steps + 1, Step: fault.Step + 1, What: fault.What}
		}
		w.report(terms, r.batches)
	}
	return nil
}

// report passes on the progress, and sizes the chunks to come by the time that the
// steps took so far.
func (w *watch) report(terms model.Terms, batches int) {
	if w.state.Epoch == 0 && batches == 1 && w.batch >= enoughToStart {
		w.state.Start = terms.Loss()
	}
	steps, took := w.stepsPerEpoch(), time.Since(w.start)
	perStep := took / time.Duration(batches-w.first)
	w.chunk = w.crew.chunkOf(max(1, int(chunkTime/max(1, perStep))))
	w.hooks.progress(Progress{
		Phase: w.name, Epoch: w.state.Epoch + 1, Epochs: w.epochs, Step: batches, Steps: steps,
		Terms:             terms,
		ExamplesPerSecond: float64((batches-w.first)*w.batch) / took.Seconds(),
		Left:              perStep * time.Duration((w.epochs-w.state.Epoch)*steps-batches),
	})
}
