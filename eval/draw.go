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
	fill  func(codes *data.Set) // draws codes whose levels are known; nil where next has drawn them
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
	if m.Condition() != nil {
		return mixtureByLevel(ctx, m, like, seed)
	}
	fitted, err := m.Encode(ctx, like.Head(mixtureRows))
	if err != nil {
		return nil, err
	}
	draw, k, err := mixtureOf(ctx, fitted, seed)
	if err != nil {
		return nil, err
	}
	from := fmt.Sprintf("Gaussian mixture of %d fitted to the codes of %d training rows", k, fitted.Rows)
	return &Source{model: m, seed: seed, From: from, next: func(n int) (*data.Set, error) {
		codes, err := noCodes(n, m.Spec.Latent)
		if err == nil {
			draw(codes.F32)
		}
		return codes, err
	}}, nil
}

// noCodes is a place for n codes.
func noCodes(n, latent int) (*data.Set, error) {
	if err := hostmemory.Ask("codes to decode", n, latent, 4); err != nil {
		return nil, err
	}
	return &data.Set{Name: "samples", Rows: n, Cols: latent, F32: make([]float32, n*latent)}, nil
}

// mixtureOf returns what draws from a mixture of k fitted to codes.
func mixtureOf(ctx context.Context, codes *data.Set, seed uint64) (draw func([]float32), k int, err error) {
	l := codes.Cols
	k = max(1, min(mixtureComponents, mixtureWork/(l*l), codes.Rows))
	mixture, err := FitMixture(ctx, codes.F32, l, k, seed)
	if err != nil {
		return nil, k, err
	}
	return mixture.sampler(seed), k, nil
}

// mixtureByLevel returns a source of codes of a conditional model from mixtures, one a level of its condition: codes that
// have no prior may well tell of it.
func mixtureByLevel(ctx context.Context, m *model.Model, like *data.Set, seed uint64) (*Source, error) {
	like, err := m.Condition().Match(like)
	if err != nil {
		return nil, err
	}
	levels := len(m.Condition().Levels)
	rows := make([][]int, levels)
	for i, l := range like.Conditions {
		if len(rows[l]) < max(mixtureRows/levels, 2*mixtureComponents) {
			rows[l] = append(rows[l], i)
		}
	}
	draws, fitted := make([]func([]float32), levels), 0
	for l := range draws {
		if len(rows[l]) == 0 {
			return nil, fmt.Errorf("no row of level %q to fit a mixture to, of the condition %q", m.Condition().Levels[l], m.Condition().Name)
		}
		codes, err := m.Encode(ctx, like.Subset(rows[l]))
		if err != nil {
			return nil, err
		}
		if draws[l], _, err = mixtureOf(ctx, codes, seed+uint64(l)*0x9E3779B97F4A7C15); err != nil {
			return nil, err
		}
		fitted += codes.Rows
	}
	return &Source{
		model: m, seed: seed, From: fmt.Sprintf("Gaussian mixtures, one a level of %s, fitted to the codes of %d training rows", m.Condition().Name, fitted),
		next: func(n int) (*data.Set, error) { return noCodes(n, m.Spec.Latent) },
		fill: func(codes *data.Set) {
			for i, l := range codes.Conditions {
				draws[l](codes.F32[i*codes.Cols : (i+1)*codes.Cols])
			}
		},
	}, nil
}

// Next returns the next n codes, n x Latent; of a conditional model with the level of each, drawn in the proportions of
// the training rows where no other is asked for.
func (s *Source) Next(n int) (*data.Set, error) {
	codes, err := s.next(n)
	if err != nil {
		return nil, err
	}
	if s.level != nil {
		codes = s.model.Condition().All(codes, *s.level)
	} else {
		codes = s.model.DrawLevels(codes, s.drawn, s.seed)
	}
	s.drawn += n
	if s.fill != nil {
		s.fill(codes)
	}
	return codes, nil
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
