package eval

import (
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// Linear returns PCA of the code's size, fitted to raw training rows as the model sees
// them; nil where it would keep every column and so say nothing.
func Linear(m *model.Model, train *data.Set) (*PCA, error) {
	train, err := m.Preparation().Apply(train)
	if err != nil {
		return nil, err
	}
	if m.Spec.Latent >= min(train.Rows, train.Cols) {
		return nil, nil
	}
	return FitPCA(m.Device(), SetRows(train), m.Spec.Latent)
}
