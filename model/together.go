package model

import (
	"context"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/internal/joint"
)

type ranksKey struct{}

// WithRanks has ranks work together on the rows that go through a model with the context, by [Model.Encode],
// [Model.Reconstruct], [Model.Decode] and the like: all make the same calls with the same rows, compute [ChunkRows] of them
// in turns, and get all of the result, which has the bits that one rank's has.
func WithRanks(ctx context.Context, ranks backend.Ranks) context.Context {
	return context.WithValue(ctx, ranksKey{}, ranks)
}

// ranksFor are the ranks that work together on so many rows, nil where these are no more than one takes at a time.
func ranksFor(ctx context.Context, rows int) backend.Ranks {
	ranks, _ := ctx.Value(ranksKey{}).(backend.Ranks)
	if joint.Alone(ranks) || rows <= ChunkRows {
		return nil
	}
	return ranks
}

// inTurns has the ranks of the context do chunks of rows in turns.
func inTurns(ctx context.Context, ranks backend.Ranks, rows int, do func(at, n int) error) error {
	for at := 0; at < rows; at += ChunkRows {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !joint.Turn(ranks, at/ChunkRows) {
			continue
		}
		if err := do(at, min(ChunkRows, rows-at)); err != nil {
			return err
		}
	}
	return nil
}
