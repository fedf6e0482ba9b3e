package train

import (
	"context"
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/settings"
)

// RequestError is an error in what was asked for: a setting, or data that does
// not fit it.
type RequestError struct{ Err error }

func (e *RequestError) Error() string { return e.Err.Error() }

// Unwrap is the cause.
func (e *RequestError) Unwrap() error { return e.Err }

func wrong(format string, args ...any) error { return &RequestError{fmt.Errorf(format, args...)} }

// Sets are the parts of a data set that a run works on, scaled.
type Sets struct {
	Train, Val, Test *data.Set // Val and Test may be nil
	Scaler           *data.Scaler
}

// Load opens the config's data, keeps the limit, holds out the test part (where
// the data has none of its own) and the validation part, and scales all by the
// training part.
func Load(ctx context.Context, c Config) (*Sets, error) {
	c, err := complete(c)
	if err != nil {
		return nil, err
	}
	source, err := data.Open(ctx, c.Data)
	if err != nil {
		return nil, err
	}
	return Divide(source, c)
}

// Divide does what Load does after opening.
func Divide(source *data.Source, c Config) (*Sets, error) {
	c, err := complete(c)
	if err != nil {
		return nil, err
	}
	if err := c.Validate(); err != nil { // shares that are none
		return nil, &RequestError{err}
	}
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
		return nil, &RequestError{&settings.Error{Field: "Test", Msg: fmt.Sprintf("%g and {Val} %g leave no rows of %s to train on", c.Test, c.Val, c.Data)}}
	}
	for _, part := range []**data.Set{&s.Val, &s.Test} {
		if *part != nil && (*part).Rows == 0 {
			*part = nil
		}
	}
	return s, s.scale(c)
}

// scale fits the scaler to the training part and applies it to all parts.
func (s *Sets) scale(c Config) error {
	unit := c.Loss.Kind().Unit()
	kind, lo, hi := c.Scale, float32(0), float32(1)
	if s.Train.U8 == nil {
		lo, hi = s.Train.Range()
	}
	inUnit := lo >= 0 && hi <= 1
	if kind == data.ScaleAuto {
		switch {
		case inUnit:
			kind = data.ScaleNone
		case unit:
			kind = data.ScaleMinMax
		default:
			kind = data.ScaleStandard
		}
	}
	if unit && (kind == data.ScaleStandard || kind == data.ScaleNone && !inUnit) {
		return &RequestError{&settings.Error{Field: "Scale", Msg: fmt.Sprintf(
			"is %v, which leaves data within [%g, %g]: {Loss} %v needs it within [0, 1]; use {Scale} minmax, or {Loss} squared", kind, lo, hi, c.Loss)}}
	}
	var err error
	if s.Scaler, err = data.FitScaler(kind.String(), s.Train); err != nil {
		return err
	}
	for _, part := range []**data.Set{&s.Train, &s.Val, &s.Test} {
		if *part == nil || kind == data.ScaleNone {
			continue
		}
		if *part, err = s.Scaler.Apply(*part); err != nil {
			return err
		}
		if unit { // held-out rows may lie outside what was seen
			clamp((*part).F32)
		}
	}
	return nil
}

func clamp(x []float32) {
	for i, v := range x {
		x[i] = min(max(v, 0), 1)
	}
}

// Upload makes the rows resident on the device, as they are stored; a device that
// can keeps in the host's memory what it has no room for.
func Upload(dev backend.Device, s *data.Set) (backend.Data, error) {
	if s.U8 != nil {
		return dev.AllocBytes(s.Rows, s.Cols, s.U8)
	}
	if h, ok := dev.(backend.HostData); ok {
		return h.AllocFloats(s.Rows, s.Cols, s.F32)
	}
	t, err := dev.Alloc(s.Rows, s.Cols)
	if err != nil {
		return backend.Data{}, err
	}
	dev.Upload(t, s.F32)
	return t.Data(), nil
}

// UploadLabels makes the labels resident: one column of class numbers. Without
// labels it is the zero Data.
func UploadLabels(dev backend.Device, s *data.Set) (backend.Data, error) {
	if s.Labels == nil {
		return backend.Data{}, nil
	}
	v := make([]float32, s.Rows)
	for i, l := range s.Labels {
		v[i] = float32(l)
	}
	t, err := dev.Alloc(s.Rows, 1)
	if err != nil {
		return backend.Data{}, err
	}
	dev.Upload(t, v)
	return t.Data(), nil
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
