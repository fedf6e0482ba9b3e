package train

import (
	"fmt"
	"time"

	"github.com/aegpu/aegpu/model"
)

// Record is what one epoch came to: a line of metrics.jsonl.
type Record struct {
	Phase             string      `json:"phase"`
	Epoch             int         `json:"epoch"` // from 1, within the phase
	Step              int         `json:"step"`  // steps done in the phase
	LR                float64     `json:"lr"`
	Train             model.Terms `json:"train"`
	Start             float64     `json:"start,omitempty"` // the training loss of the phase's first batch, in its first epoch
	Validation        model.Terms `json:"validation,omitempty"`
	StartValidation   model.Terms `json:"start_validation,omitempty"` // of the weights that the phase started from, in its first epoch; where these may be the best
	Columns           model.Terms `json:"columns,omitempty"`          // of the validation's reconstruction, nats a row that each column of a table of few has
	Best              bool        `json:"best,omitempty"`             // the best validation loss so far
	Seconds           float64     `json:"seconds"`
	ExamplesPerSecond float64     `json:"examples_per_second"`
}

// Progress is where a run stands inside an epoch.
type Progress struct {
	Phase             string
	Epoch, Epochs     int // epoch from 1
	Step, Steps       int // within the epoch
	Terms             model.Terms
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

// validationLoss is what was not finite where no step was at fault.
const validationLoss = "the validation loss"

func (e *DivergedError) Error() string {
	advice := "try a lower learning rate, or clip"
	if e.What == validationLoss {
		advice += ", or --scale robust where a row of the validation part lies far out"
	}
	return fmt.Sprintf("%s diverged at step %d (epoch %d): %s is not finite; %s", e.Phase, e.Step, e.Epoch, e.What, advice)
}
