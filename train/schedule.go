package train

import (
	"math"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/settings"
)

// timetable computes the hyperparameters of a phase's steps.
type timetable struct {
	lr, beta           float64
	lrWarmup, klWarmup float64 // epochs
	beta1, beta2       float64
	schedule           settings.Schedule
	momentum           settings.Momentum
	steps, epochs      int // steps an epoch, epochs in all
}

// at is the row of step t, counted from 0 over the phase.
func (s *timetable) at(t int) backend.Hyper {
	epoch := float64(t) / float64(s.steps)
	lr := s.lr * s.schedule.Factor(epoch, float64(s.epochs))
	if s.lrWarmup > 0 { // the first step of a warm-up already moves
		lr *= math.Min(1, float64(t+1)/(s.lrWarmup*float64(s.steps)))
	}
	kl := s.beta
	if s.klWarmup > 0 {
		kl *= math.Min(1, epoch/s.klWarmup)
	}
	n := float64(t + 1)
	return backend.Hyper{
		LR: float32(lr), Momentum: float32(s.momentum.At(t, s.steps*s.epochs)), KL: float32(kl),
		Correct1: float32(1 / (1 - math.Pow(s.beta1, n))),
		Correct2: float32(1 / math.Sqrt(1-math.Pow(s.beta2, n))),
	}
}

// table is the rows of steps [from, to).
func (s *timetable) table(from, to int) []backend.Hyper {
	rows := make([]backend.Hyper, 0, to-from)
	for t := from; t < to; t++ {
		rows = append(rows, s.at(t))
	}
	return rows
}
