package eval

import (
	"context"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// Linear returns PCA of the code's size, fitted to raw training rows as the model sees
// them; nil where it would keep every column and so say nothing, and of a model that makes other data than its input.
func Linear(ctx context.Context, m *model.Model, train *data.Set) (*PCA, error) {
	if m.Spec.OtherData() {
		return nil, nil
	}
	train, err := Prepared(m.Preparation(), train)
	if err != nil {
		return nil, err
	}
	if m.Spec.Latent >= min(train.Rows, train.Cols) {
		return nil, nil
	}
	return FitPCA(ctx, m.Device(), SetRows(train), m.Spec.Latent)
}
