package eval

import (
	"context"
	"errors"
	"fmt"

	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// Bounds that keep the fit of a mixture to a few seconds.
const (
	mixtureRows       = 10000
	mixtureComponents = 10
	mixtureWork       = 10 * 64 * 64 // components times the square of the code's size
)

// Source draws codes to decode new examples from, a few at a time: the same as all at once.
type Source struct {
	From string // what they are drawn from, for people
	next func(n int) (*data.Set, error)

	model *model.Model
	seed  uint64
	drawn int    // so far
	level *int32 // of a conditional model's condition; nil for drawn ones
}

// At has codes be of that level of a conditional model's condition.
func (s *Source) At(level int32) { s.level = &level }

// NewSource returns a source of codes from the prior of a code that has one, else from a Gaussian mixture fitted to the
// codes of like, raw rows as those that are to be made. like may be nil where there is a prior. The context's error is
// returned when it ends first.
func NewSource(ctx context.Context, m *model.Model, like *data.Set, seed uint64) (*Source, error) {
	if m.Spec.HasPrior() {
		start := 0
		return &Source{model: m, seed: seed, From: "prior of the code", next: func(n int) (*data.Set, error) {
			start += n
			return m.DrawPriorFrom(start-n, n, seed)
		}}, nil
	}
	if like == nil || like.Rows == 0 {
		return nil, errors.New("a code without a prior is drawn from a mixture fitted to codes: rows to fit it to are missing")
	}
	fitted, err := m.Encode(ctx, like.Head(mixtureRows))
	if err != nil {
		return nil, err
	}
	l := m.Spec.Latent
	k := max(1, min(mixtureComponents, mixtureWork/(l*l), fitted.Rows))
	mixture, err := FitMixture(ctx, fitted.F32, l, k, seed)
	if err != nil {
		return nil, err
	}
	draw := mixture.sampler(seed)
	from := fmt.Sprintf("Gaussian mixture of %d fitted to the codes of %d training rows", k, fitted.Rows)
	return &Source{model: m, seed: seed, From: from, next: func(n int) (*data.Set, error) {
		if err := hostmemory.Ask("codes to decode", n, l, 4); err != nil {
			return nil, err
		}
		codes := &data.Set{Name: "samples", Rows: n, Cols: l, F32: make([]float32, n*l)}
		draw(codes.F32)
		return codes, nil
	}}, nil
}

// Next returns the next n codes, n x Latent; of a conditional model with the level of each, drawn in the proportions of
// the training rows where no other is asked for.
func (s *Source) Next(n int) (*data.Set, error) {
	codes, err := s.next(n)
	if err != nil {
		return nil, err
	}
	start := s.drawn
	if s.drawn += n; s.level != nil {
		return s.model.Condition().All(codes, *s.level), nil
	}
	return s.model.DrawLevels(codes, start, s.seed), nil
}

// Draw returns n codes of a [NewSource], and what they were drawn from.
func Draw(ctx context.Context, m *model.Model, like *data.Set, n int, seed uint64) (codes *data.Set, from string, err error) {
	s, err := NewSource(ctx, m, like, seed)
	if err != nil {
		return nil, "", err
	}
	codes, err = s.Next(n)
	return codes, s.From, err
}
