package model

import (
	"fmt"
	"math"
	"slices"

	"github.com/aegpu/aegpu/backend"
)

// Slots of a graph's accumulators, sums over examples; those of the parts' terms
// follow.
const (
	sumLoss    = iota // reconstruction (classifier: cross-entropy; importance-weighted: minus the bound)
	sumCorrect        // examples that the classifier gets right
	sumSSE            // squared error, in an evaluation
	sumCross          // a classifier's cross-entropy, in an evaluation
	numSums
)

// Reading is the terms of the loss so far, and what went wrong, on their way to the
// host.
type Reading struct {
	t           *Training
	examples    int
	sums, guard backend.Reading
}

// Fetch enqueues a reading of the steps launched so far, which were of so many
// examples. Steps that are launched later do not wait for it.
func (t *Training) Fetch(examples int) *Reading {
	return &Reading{t, examples, t.dev.FetchSums(t.sums), t.dev.FetchSums(t.guard)}
}

// Done reports whether Wait would not wait.
func (r *Reading) Done() bool { return r.sums.Done() && r.guard.Done() }

// Wait waits until those steps are done, and for no later one, and returns the mean
// terms, KL weighing kl in the loss. It is called once.
func (r *Reading) Wait(kl float64) (Terms, *Fault, error) {
	s, g := make([]float64, r.t.sums.N), make([]float64, r.t.guard.N)
	if err := r.sums.Wait(s); err != nil {
		return nil, nil, err
	}
	if err := r.guard.Wait(g); err != nil {
		return nil, nil, err
	}
	if err := r.t.together(s); err != nil {
		return nil, nil, err
	}
	return r.t.termsOf(s, r.examples, kl), r.t.fault(g), nil
}

// Read waits for the device and returns the mean terms over that many examples, of all
// ranks, KL weighing kl in the loss.
func (t *Training) Read(examples int, kl float64) (Terms, error) {
	s := make([]float64, t.sums.N)
	t.dev.ReadSums(s, t.sums)
	if err := t.dev.Sync(); err != nil {
		return nil, err
	}
	err := t.together(s)
	return t.termsOf(s, examples, kl), err
}

// termsOf are means over examples; only the last step had fewer than its batches
// hold.
func (t *Training) termsOf(s []float64, examples int, kl float64) Terms {
	n := float64(max(1, examples))
	loss := s[sumLoss] / n
	all := Terms{{LossTerm, loss}, {ReconstructionTerm, loss}}
	if t.opts.Objective != Reconstruct {
		return append(all, Term{AccuracyTerm, s[sumCorrect] / n})
	}
	batches := float64(max(1, (examples+t.opts.Batch-1)/t.opts.Batch))
	for i, term := range t.terms {
		over := n
		if term.batch {
			over = batches
		}
		mean := s[numSums+i] / over
		all[0].Value += term.weight(kl) * mean
		all = append(all, Term{term.name, mean})
	}
	return all
}

// Fault is the first step that was not finite.
type Fault struct {
	Step int    // from 0
	What string // "the loss", "the gradient of" a parameter tensor, or "a parameter"
}

// fault is the first step whose loss or gradient was not finite, nil while there is
// none. From that step on the parameters have not moved. Where loss and gradient are
// finite a parameter was not, and a ReLU hid it ([backend.Updates]).
func (t *Training) fault(g []float64) *Fault {
	if g[backend.GuardStep] == 0 {
		return nil
	}
	f := &Fault{Step: (int(g[backend.GuardStep]) - 1) / t.opts.batches(), What: "the loss"}
	if bad(g[backend.GuardLoss]) {
		return f
	}
	// Gradients flow from the decoder's end to the encoder's start: of those that
	// are not finite, the one nearest the loss broke first.
	for _, p := range t.fromLoss() {
		if i := t.layout.byName[p]; i >= t.span.lo && i < t.span.hi && bad(g[backend.GuardNorm+i-t.span.lo]) {
			f.What = "the gradient of " + p
			return f
		}
	}
	f.What = "a parameter"
	return f
}

func bad(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

// fromLoss names the parameter tensors from the loss backwards.
func (t *Training) fromLoss() []string {
	var names []string
	side := func(name string, layers int) {
		for i := layers - 1; i >= 0; i-- {
			names = append(names, fmt.Sprintf("%s.%d.weight", name, i), fmt.Sprintf("%s.%d.bias", name, i))
		}
	}
	names = append(names, spreadName, "classifier.weight", "classifier.bias")
	side("decoder", len(t.dec))
	side("encoder", len(t.enc))
	return slices.DeleteFunc(names, func(n string) bool { _, ok := t.layout.byName[n]; return !ok })
}

// StateSize is how many accumulators there are.
func (t *Training) StateSize() int { return t.sums.N }

// ReadState and WriteState carry the accumulators over an interruption.
func (t *Training) ReadState(sums *[]float64) error {
	*sums = make([]float64, t.sums.N)
	t.dev.ReadSums(*sums, t.sums)
	if err := t.dev.Sync(); err != nil {
		return err
	}
	return t.together(*sums)
}

// WriteState is the inverse of ReadState; nil clears the accumulators. Those of all ranks go on with the first.
func (t *Training) WriteState(sums []float64) {
	if len(sums) != t.sums.N || t.share.Rank > 0 {
		t.ResetSums()
		return
	}
	t.dev.WriteSums(t.sums, sums)
}

// ResetSums clears the accumulators.
func (t *Training) ResetSums() { t.dev.Enqueue(backend.ZeroSums{Sums: t.sums}) }
