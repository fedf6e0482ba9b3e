package eval

import (
	"context"
	"fmt"
	"math"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/hostmemory"
)

// Labelled is a matrix of Width columns, row after row, with a class per row.
type Labelled struct {
	X      []float32 // n x Width
	Width  int
	Labels []int32 // n class numbers from 0 on
}

// Len is the number of rows.
func (l Labelled) Len() int { return len(l.Labels) }

// check says what is wrong with l as a part of a classification problem.
func (l Labelled) check(part string, width, classes int) error {
	switch {
	case len(l.Labels) == 0:
		return fmt.Errorf("no %s rows", part)
	case l.Width < 1 || l.Width != width:
		return fmt.Errorf("%s rows of %d columns: expected %d", part, l.Width, max(width, 1))
	case len(l.X) != len(l.Labels)*l.Width:
		return fmt.Errorf("%d %s values: expected %d rows of %d", len(l.X), part, len(l.Labels), l.Width)
	}
	for i, c := range l.Labels {
		if c < 0 || int(c) >= classes {
			return fmt.Errorf("%s row %d has class %d: expected 0 to %d", part, i+1, c, classes-1)
		}
	}
	for i, v := range l.X {
		if v-v != 0 { // NaN or infinite
			return fmt.Errorf("%s row %d, column %d is %v: expected a finite number", part, i/width+1, i%width+1, v)
		}
	}
	return nil
}

// ProbeOptions set how a linear probe is fitted; the zero value is a good one.
type ProbeOptions struct {
	// L2 weights the penalty L2/2 |W|^2 against the sum of the rows' losses; it is
	// 1/C of scikit-learn. 0 means 1.
	L2 float64
	// Steps bounds the iterations of L-BFGS. 0 means 300.
	Steps int
}

// Probe is a fitted linear probe and what it reached.
type Probe struct {
	Accuracy      float64 // share of the test rows whose class is found
	TrainAccuracy float64
	Loss          float64 // mean cross-entropy of the training rows with the penalty, nats
	Steps         int     // iterations of L-BFGS
	Converged     bool    // whether it ended before the bound on iterations

	Weights []float64 // classes x D, for standardised columns
	Bias    []float64 // classes
}

// LinearProbe measures how well the classes can be told apart by planes in the
// space of the codes: multinomial logistic regression
//
//	min over W, b of  1/n sum_i ce(W x_i + b, y_i) + L2/(2n) |W|^2
//
// on columns standardised with the training part's mean and deviation (constant
// columns become 0), by L-BFGS (Liu and Nocedal 1989) from W = 0. Loss and
// gradient over all rows are computed on the device, which holds the training
// part while it runs. The problem is strictly convex in W, so the answer does not
// depend on the way to it. The context's error is returned when it ends first.
func LinearProbe(ctx context.Context, dev backend.Device, train, test Labelled, classes int, o ProbeOptions) (*Probe, error) {
	if classes < 2 {
		return nil, fmt.Errorf("probe: %d classes: expected at least 2", classes)
	}
	if err := train.check("training", train.Width, classes); err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	if err := test.check("test", train.Width, classes); err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	if o.L2 == 0 {
		o.L2 = 1
	}
	if o.Steps == 0 {
		o.Steps = 300
	}
	s, err := newStandard(ctx, train)
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	p, err := fitProbe(ctx, dev, s, train, classes, o)
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	if p.TrainAccuracy, err = p.accuracy(ctx, dev, s, train); err == nil {
		p.Accuracy, err = p.accuracy(ctx, dev, s, test)
	}
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	return p, nil
}

// standard takes a mean from every column and divides by its deviation.
type standard struct{ mean, scale []float64 }

func newStandard(ctx context.Context, l Labelled) (*standard, error) {
	mean, variance, err := moments(ctx, Dense(l.X, l.Width))
	scale := make([]float64, len(variance))
	for j, v := range variance {
		// A deviation below float32's rounding of the mean is a constant column.
		if d := math.Sqrt(v); d > 1e-6*math.Abs(mean[j]) && d > 0 {
			scale[j] = 1 / d
		}
	}
	return &standard{mean, scale}, err
}

func (s *standard) apply(v []float32) {
	d := len(s.mean)
	for i := range v {
		v[i] = float32((float64(v[i]) - s.mean[i%d]) * s.scale[i%d])
	}
}

// fitProbe minimises the loss.
func fitProbe(ctx context.Context, dev backend.Device, s *standard, train Labelled, classes int, o ProbeOptions) (*Probe, error) {
	f, err := newSoftmax(ctx, dev, s, train, classes)
	if err != nil {
		return nil, err
	}
	defer f.free()
	f.l2 = o.L2 / float64(train.Len())
	size := classes * (train.Width + 1)
	if err := hostmemory.Ask("the linear probe", size, 8, 2*lbfgsPairs+8); err != nil {
		return nil, err
	}
	r := minimise(f.at, size, o.Steps, 1e-5)
	if f.err != nil {
		return nil, f.err
	}
	n := classes * train.Width
	return &Probe{
		Loss: r.value, Steps: r.steps, Converged: r.converged,
		Weights: r.x[:n:n], Bias: r.x[n:],
	}, nil
}

// accuracy is the share of rows whose largest logit is their class.
func (p *Probe) accuracy(ctx context.Context, dev backend.Device, s *standard, l Labelled) (float64, error) {
	f, err := newSoftmax(ctx, dev, s, l, len(p.Bias))
	if err != nil {
		return 0, err
	}
	defer f.free()
	correct, err := f.correct(append(append([]float64(nil), p.Weights...), p.Bias...))
	return correct / float64(l.Len()), err
}
