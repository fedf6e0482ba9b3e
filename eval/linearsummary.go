package eval

import (
	"context"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
)

// SummariseLinear measures PCA by itself on raw test rows as [Summarise] does beside a model; prep is the preparation of
// the raw training rows that it was fitted to. The context's error is returned when it ends first.
func SummariseLinear(ctx context.Context, dev backend.Device, pca *PCA, prep *data.Preparation, train, test *data.Set) (*Summary, error) {
	rows, err := Prepared(prep, test)
	if err != nil {
		return nil, err
	}
	image := prep.Images != nil || test.Height > 0
	b, err := pca.baseline(ctx, dev, rows, image)
	if err != nil {
		return nil, err
	}
	s := &Summary{Examples: test.Rows, Figures: b.Figures}
	if image {
		spread, err := spreadOf(prep, train, rows, false)
		addExplained(&s.Figures, s.Get("sse"), spread)
		return s, err
	}
	y, err := newYardsticks(ctx, prep, train, test)
	if err != nil {
		return nil, err
	}
	s.Columns, err = y.table(ctx, &s.Figures, test, pca.maker(dev, prep, prep))
	return s, err
}
