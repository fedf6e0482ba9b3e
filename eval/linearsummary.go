package eval

import (
	"context"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/internal/joint"
)

// SummariseLinear measures PCA by itself on raw test rows as [Summarise] does beside a model; prep is the preparation of
// the raw training rows that it was fitted to. The context's error is returned when it ends first. Ranks measure together,
// and return the same.
func SummariseLinear(ctx context.Context, dev backend.Device, pca *PCA, prep *data.Preparation, train, test *data.Set, ranks backend.Ranks) (*Summary, error) {
	s, err := summariseLinear(ctx, dev, pca, prep, train, test, portionOf(ranks, test.Rows, evalBatch))
	return s, joint.Agree(ranks, err)
}

func summariseLinear(ctx context.Context, dev backend.Device, pca *PCA, prep *data.Preparation, train, test *data.Set, of portion) (*Summary, error) {
	rows, err := Prepared(prep, of.of(test))
	if err != nil {
		return nil, err
	}
	image := prep.Images != nil || test.Height > 0
	b, err := pca.baseline(ctx, dev, rows, of, image)
	if err != nil {
		return nil, err
	}
	s := &Summary{Examples: test.Rows, Figures: b.Figures}
	if image {
		spread, err := spreadOf(prep, train, rows, of, false)
		addExplained(&s.Figures, s.Get("sse"), spread)
		return s, err
	}
	y, err := newYardsticks(ctx, prep, train, test, of)
	if err != nil {
		return nil, err
	}
	s.Columns, err = y.table(ctx, &s.Figures, test, pca.maker(dev, prep, prep))
	return s, err
}
