package train

import (
	"fmt"
	"time"

	"github.com/aegpu/aegpu/model"
)

// Terms are the mean terms of a loss over examples, in nats or squared units.
// Terms that a model does not have are zero and left out of JSON.
type Terms struct {
	Loss           float64 `json:"loss"` // all terms with their weights
	Reconstruction float64 `json:"reconstruction"`
	KL             float64 `json:"kl,omitempty"`
	Sparsity       float64 `json:"sparsity,omitempty"`
	Contraction    float64 `json:"contraction,omitempty"`
	Accuracy       float64 `json:"accuracy,omitempty"`
	SSE            float64 `json:"sse,omitempty"` // validation of deterministic codes: squared error summed over an example's elements
}

// Record is what one epoch came to: a line of metrics.jsonl.
type Record struct {
	Phase             string  `json:"phase"`
	Epoch             int     `json:"epoch"` // from 1, within the phase
	Step              int     `json:"step"`  // steps done in the phase
	LR                float64 `json:"lr"`
	Train             Terms   `json:"train"`
	Validation        *Terms  `json:"validation,omitempty"`
	Best              bool    `json:"best,omitempty"` // the best validation loss so far
	Seconds           float64 `json:"seconds"`
	ExamplesPerSecond float64 `json:"examples_per_second"`
}

// Progress is where a run stands inside an epoch.
type Progress struct {
	Phase             string
	Epoch, Epochs     int // epoch from 1
	Step, Steps       int // within the epoch
	Terms             Terms
	ExamplesPerSecond float64
	Left              time.Duration // of the phase, at the speed so far
}

// DivergedError says at which step a loss or gradient stopped being finite.
type DivergedError struct {
	Phase string
	Epoch int // from 1
	Step  int // from 1, within the phase
	What  string
}

func (e *DivergedError) Error() string {
	return fmt.Sprintf("%s diverged at step %d (epoch %d): %s is not finite; try a lower learning rate, or clip", e.Phase, e.Step, e.Epoch, e.What)
}

// terms weighs a training's parts into a loss.
func terms(p model.Parts, s *model.Spec, o model.Objective, beta float64) Terms {
	t := Terms{Reconstruction: p.Reconstruction}
	t.Loss = p.Reconstruction
	if o != model.Reconstruct {
		t.Accuracy = p.Correct
		return t
	}
	t.KL, t.Sparsity, t.Contraction = p.KL, p.Sparsity, p.Contraction
	t.Loss += beta*p.KL + float64(s.Sparsity.Weight)*p.Sparsity + float64(s.Contract.Weight)*p.Contraction
	return t
}
