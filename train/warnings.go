package train

import (
	"fmt"
	"math"
	"strconv"

	"github.com/aegpu/aegpu/settings"
)

// Steps returns the steps that a history tells of, over all phases.
func Steps(history []Record) (all int) {
	for i, r := range history {
		if i+1 == len(history) || history[i+1].Phase != r.Phase {
			all += r.Step
		}
	}
	return all
}

// KeptStart reports whether the weights of a training, which its last phase ends with, are those that the phase started from: no
// epoch was better on the validation rows, by more than chance.
func KeptStart(history []Record) bool {
	for at := len(history) - 1; at >= 0; at-- {
		switch r := history[at]; {
		case r.Best || r.Phase != history[len(history)-1].Phase:
			return false
		case r.StartValidation != nil:
			return true
		}
	}
	return false
}

// far is the factor by which a loss that went up is said to have diverged.
const far = 10

// Warnings returns, for people, what of the course of a training that ended well looks
// as if it had not: a phase whose training loss ended above that of its first epoch, or far
// above that of its first batch.
// Inputs is the width of prepared rows.
func Warnings(c *settings.Config, history []Record, inputs int) []string {
	var all []string
	for at := 0; at < len(history); {
		end := at + 1
		for end < len(history) && history[end].Phase == history[at].Phase {
			end++
		}
		if text := rise(c, history[at:end], inputs); text != "" {
			all = append(all, text)
		}
		at = end
	}
	return all
}

// rise returns what to say of a phase whose loss rose by more than chance would have
// it: 5 %, or a thousandth an input where the loss starts near 0.
func rise(c *settings.Config, phase []Record, inputs int) string {
	for len(phase) > 1 && float64(phase[0].Epoch) <= math.Ceil(c.KLWarmup) { // the loss grows with the weight of the KL
		phase = phase[1:]
	}
	first, last := phase[0], phase[len(phase)-1]
	from, to, when := first.Train.Loss(), last.Train.Loss(), fmt.Sprintf("epoch %d", first.Epoch)
	if farAbove(first.Start, to, inputs) && c.KLWarmup == 0 {
		from, when = first.Start, "the first batch"
	}
	if !(to > from+max(0.05*math.Abs(from), 1e-3*float64(inputs))) {
		return ""
	}
	much, what := "", "did not converge"
	if farAbove(from, to, inputs) {
		much, what = "far ", "diverged"
	}
	short := func(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
	return fmt.Sprintf("%s: the training loss of epoch %d is %s, %sabove the %s of %s: the training %s; try a lower learning rate, or clip",
		last.Phase, last.Epoch, short(to), much, short(from), when, what)
}

// farAbove reports whether a loss is many times that from which it went up; of one below 0, minus the logarithm of a density, whether it went up
// by many nats an input. 0 is of a loss that is not known.
func farAbove(from, to float64, inputs int) bool {
	if from < 0 {
		return to-from > far*float64(inputs)
	}
	return from > 0 && to > far*from
}
