package train

import (
	"context"
	"fmt"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// RequestError is an error in what was asked for: a setting, or data that does
// not fit it.
type RequestError struct{ Err error }

func (e *RequestError) Error() string { return e.Err.Error() }

// Unwrap is the cause.
func (e *RequestError) Unwrap() error { return e.Err }

func wrong(format string, args ...any) error { return &RequestError{fmt.Errorf(format, args...)} }

// Sets are the parts of a data set that a run works on, as raw rows, and what makes
// a model's rows of them.
type Sets struct {
	Train, Val, Test *data.Set         // Val and Test may be nil
	Preparation      *data.Preparation // fitted to Train
}

// Load opens the config's data, keeps the limit, holds out the test part (where
// the data has none of its own) and the validation part, and fits the preparation to
// the training part.
func Load(ctx context.Context, c Config) (*Sets, error) {
	source, err := data.Open(ctx, c.Data)
	if err != nil {
		return nil, err
	}
	return Divide(source, c)
}

// Divide does what Load does after opening.
func Divide(source *data.Source, c Config) (*Sets, error) {
	s := &Sets{Train: source.Train, Test: source.Test}
	if s.Test == nil && c.Test > 0 {
		s.Train, s.Test = data.Split(s.Train, c.Seed, c.Test)
	}
	if c.Limit > 0 {
		s.Train = s.Train.Head(c.Limit)
	}
	if c.Val > 0 {
		// A seed of its own, so that the validation rows do not follow from the test's.
		s.Train, s.Val = data.Split(s.Train, c.Seed+0x9E3779B97F4A7C15, c.Val)
	}
	if s.Train == nil || s.Train.Rows == 0 {
		return nil, wrong("%s: no rows are left to train on after test %g and val %g", c.Data, c.Test, c.Val)
	}
	for _, part := range []**data.Set{&s.Val, &s.Test} {
		if *part != nil && (*part).Rows == 0 {
			*part = nil
		}
	}
	likelihood, err := model.ParseLikelihood(c.Loss)
	if err != nil {
		return nil, &RequestError{err}
	}
	o := data.PreparationOptions{Unit: likelihood.Unit()}
	if err := o.Scaling.UnmarshalText([]byte(c.Scale)); err != nil {
		return nil, &RequestError{err}
	}
	s.Preparation, err = data.FitPreparation(s.Train, o)
	return s, err
}

// columnMeans are the means of the columns over the first rows, enough of them
// to start a decoder's bias from.
func columnMeans(s *data.Set) []float32 {
	const enough = 10000
	rows := min(s.Rows, enough)
	sum, row := make([]float64, s.Cols), make([]float32, s.Cols)
	for i := range rows {
		s.Row(row, i)
		for j, v := range row {
			sum[j] += float64(v)
		}
	}
	for j := range row {
		row[j] = float32(sum[j] / float64(rows))
	}
	return row
}
