package eval

import (
	"context"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/internal/joint"
	"github.com/aegpu/aegpu/model"
)

// Linear returns PCA of the code's size, fitted to raw training rows as the model sees
// them, by all ranks together (nil for one); nil where it would keep every column and so say nothing, and of a model that makes other data than its input.
func Linear(ctx context.Context, m *model.Model, train *data.Set, ranks backend.Ranks) (*PCA, error) {
	if m.Spec.OtherData() {
		return nil, nil
	}
	if m.Spec.Latent >= min(train.Rows, m.Preparation().Inputs()) {
		return nil, nil
	}
	rows, err := sharedPrepared(ctx, m.Preparation(), train, ranks)
	if err != nil {
		return nil, joint.Agree(ranks, err)
	}
	return FitPCA(ctx, m.Device(), rows, m.Spec.Latent)
}
