package train

import (
	"fmt"
	"math"
	"strings"

	"github.com/aegpu/aegpu/backend"
)

// schedule is a factor of the learning rate: of the epoch (with its fraction)
// and the whole number of epochs.
type schedule func(epoch, epochs float64) float64

// parseSchedule reads
//
//	constant             1
//	step:EPOCHS:FACTOR   FACTOR^floor(epoch / EPOCHS)
//	cosine[:FLOOR]       FLOOR + (1 - FLOOR) (1 + cos(pi epoch / epochs)) / 2   (Loshchilov and Hutter 2017)
//	burda                10^(-i/7) for 3^i epochs, i = 0, 1, ...                (Burda et al. 2016)
func parseSchedule(text string) (schedule, error) {
	parts := strings.Split(text, ":")
	v := make([]float64, len(parts))
	for i, p := range parts[1:] {
		x, err := number("schedule", p)
		if err != nil {
			return nil, err
		}
		v[i] = float64(x)
	}
	switch {
	case text == "constant":
		return func(float64, float64) float64 { return 1 }, nil
	case text == "burda":
		return burda, nil
	case parts[0] == "step" && len(parts) == 3 && v[0] > 0 && v[1] > 0:
		return func(e, _ float64) float64 { return math.Pow(v[1], math.Floor(e/v[0])) }, nil
	case parts[0] == "cosine" && len(parts) <= 2 && v[0] >= 0 && v[0] <= 1:
		return func(e, n float64) float64 { return v[0] + (1-v[0])*(1+math.Cos(math.Pi*e/n))/2 }, nil
	}
	return nil, fmt.Errorf("unknown schedule %q: expected constant, step:EPOCHS:FACTOR, cosine[:FLOOR] or burda", text)
}

func burda(epoch, _ float64) float64 {
	i, end := 0.0, 1.0
	for epoch >= end {
		i++
		end += math.Pow(3, i)
	}
	return math.Pow(10, -i/7)
}

// momentum is that of SGD at step t (from 0) of n.
type momentum func(t, n int) float64

// parseMomentum reads a number, or sutskever:MAX, the schedule of Sutskever et
// al. 2013: min(1 - 2^(-1 - log2(floor(t/250) + 1)), MAX), and 0.9 for the last
// 1,000 steps.
func parseMomentum(text string) (momentum, error) {
	name, rest, scheduled := strings.Cut(text, ":")
	if !scheduled {
		rest = text
	} else if name != "sutskever" {
		return nil, fmt.Errorf("unknown momentum %q: expected a number or sutskever:MAX", text)
	}
	x, err := number("momentum", rest)
	if err != nil {
		return nil, err
	}
	top := float64(x)
	if !(top >= 0 && top < 1) {
		return nil, fmt.Errorf("momentum is %g: expected 0 or more and below 1", top)
	}
	if !scheduled {
		return func(int, int) float64 { return top }, nil
	}
	return func(t, n int) float64 {
		if n > 1000 && t >= n-1000 {
			return math.Min(0.9, top)
		}
		return math.Min(1-math.Pow(2, -1-math.Log2(float64(t/250+1))), top)
	}, nil
}

// timetable computes the hyperparameters of a phase's steps.
type timetable struct {
	lr, beta           float64
	lrWarmup, klWarmup float64 // epochs
	beta1, beta2       float64
	schedule           schedule
	momentum           momentum
	steps, epochs      int // steps an epoch, epochs in all
}

// at is the row of step t, counted from 0 over the phase.
func (s *timetable) at(t int) backend.Hyper {
	epoch := float64(t) / float64(s.steps)
	lr := s.lr * s.schedule(epoch, float64(s.epochs))
	if s.lrWarmup > 0 { // the first step of a warm-up already moves
		lr *= math.Min(1, float64(t+1)/(s.lrWarmup*float64(s.steps)))
	}
	kl := s.beta
	if s.klWarmup > 0 {
		kl *= math.Min(1, epoch/s.klWarmup)
	}
	n := float64(t + 1)
	return backend.Hyper{
		LR: float32(lr), Momentum: float32(s.momentum(t, s.steps*s.epochs)), KL: float32(kl),
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
