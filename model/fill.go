package model

import (
	"context"
	"errors"
	"math/rand/v2"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/internal/joint"
)

// ErrNoGaps says that a model was not trained to leave missing cells out.
var ErrNoGaps = errors.New("the model knows no missing cells: train it with likelihoods by column (the loss auto, of a table)")

// Fill returns raw rows whose missing cells have what the model makes of the others, and how many cells these were; what
// is there stays as it is. The errors are those of [Model.Reconstruct], and [ErrNoGaps].
func (m *Model) Fill(ctx context.Context, s *data.Set) (*data.Set, int, error) {
	if !m.Spec.SameRows {
		return nil, 0, ErrNoGaps
	}
	made, err := m.Reconstruct(ctx, s)
	if err != nil {
		return nil, 0, err
	}
	return m.target.FillIn(s, made)
}

// FillDraw is Fill with a draw in place of the mean: a code drawn from the posterior of each row, and for each missing cell a
// draw from its likelihood given that code, so that several draws tell how sure the model is (multiple imputation: Rubin,
// 1987). first is the number of the first row in the data: a row's draws depend on it, on draw and on seed alone. The code
// has to be a drawn one.
func (m *Model) FillDraw(ctx context.Context, s *data.Set, first, draw int, seed uint64) (*data.Set, int, error) {
	switch {
	case !m.Spec.SameRows:
		return nil, 0, ErrNoGaps
	case !m.Spec.code().Drawn():
		return nil, 0, errors.New("draws need a code that is drawn (vae): this one gives the same each time")
	}
	y, err := m.drawn(ctx, s, first, draw, seed)
	if err != nil {
		return nil, 0, err
	}
	made, err := m.target.Undo(y)
	if err != nil {
		return nil, 0, err
	}
	return m.target.FillIn(s, made)
}

// drawn returns rows that are drawn, as the preparation of what the decoder makes has them.
func (m *Model) drawn(ctx context.Context, s *data.Set, first, draw int, seed uint64) ([]float32, error) {
	l, ok := m.Spec.Likelihood.(Columns)
	if !ok {
		return nil, ErrNoGaps
	}
	if err := m.checkDecoder(); err != nil {
		return nil, err
	}
	s, target, err := m.match(s)
	if err != nil {
		return nil, err
	}
	levels, err := m.levels(s)
	if err != nil {
		return nil, err
	}
	spread, err := m.spread()
	if err != nil {
		return nil, err
	}
	a, err := m.ready()
	if err != nil {
		return nil, err
	}
	pad := first % ChunkRows // the noise of a code goes by its place: as many rows before as there are in chunks of all rows
	levels = append(make([]int32, pad), levels...)
	X, T, most := m.Spec.Inputs, m.Spec.Outputs(), min(ChunkRows, pad+s.Rows)
	if err := hostmemory.Ask("draws of rows", s.Rows, T, 4); err != nil {
		return nil, err
	}
	all, y := make([]float32, s.Rows*T), make([]float32, most*T)
	x, want := make([]float32, most*X), make([]float32, most*T)
	ranks := ranksFor(ctx, s.Rows)
	if pad > 0 {
		ranks = nil // chunks are not those of the rows
	}
	err = inTurns(ctx, ranks, pad+s.Rows, func(start, n int) error {
		at := start - pad
		from := max(at, 0)
		before := from - at
		m.prep.Rows(x[before*X:], s, from, n-before)
		m.target.Rows(want[before*T:], target, from, n-before)
		a.upload(levels, at+pad, n)
		if err := a.drawMeans(y[:n*T], x, want, n, backend.Time{Seed: seed, Step: uint64(draw)<<40 ^ uint64(first+at)}); err != nil {
			return err
		}
		m.Spec.countsOf(y[:n*T], want[:n*T])
		m.Spec.resize(y[:n*T], want[:n*T])
		for r := before; r < n; r++ {
			rng := rand.New(rand.NewPCG(seed, uint64(draw)<<40^uint64(first+at+r)))
			l.drawCells(y[r*T:(r+1)*T], spread, rng)
		}
		copy(all[from*T:], y[before*T:n*T])
		return nil
	})
	return all, joint.GatherTurns(ranks, err, all, T, ChunkRows)
}

// drawMeans fills y with the means at drawn codes of n rows x whose targets are want.
func (a *applier) drawMeans(y, x, want []float32, n int, now backend.Time) error {
	rows, target := a.host.Slice(0, n, a.Spec.Inputs), a.targets.Top(n)
	a.dev.Upload(rows, x[:rows.Len()])
	a.dev.Upload(target, want[:target.Len()])
	a.dev.SetClock(a.clock, now, nil)
	out := a.dec.forward(a.to, a.tellDecoder(a.code.draw(a.encode(rows, n), n), n), n)
	a.dev.Download(y, a.likelihood.reconstruction(out, target, n))
	return a.dev.Sync()
}

// spread returns what the columns of the likelihood learned, nil where that is nothing.
func (m *Model) spread() ([]float32, error) {
	if m.Spec.likelihood().spreads() == 0 {
		return nil, nil
	}
	return m.Weights(spreadName)
}
