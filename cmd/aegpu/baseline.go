package main

import (
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/eval"
	"github.com/aegpu/aegpu/model"
)

// baseline is PCA of the code's size on the training rows as the model sees them, nil
// where it would keep every column and so say nothing.
func baseline(m *model.Model, train *data.Set) (*eval.PCA, error) {
	train, err := m.Preparation().Apply(train)
	if err != nil {
		return nil, err
	}
	if m.Spec.Latent >= min(train.Rows, train.Cols) {
		return nil, nil
	}
	return eval.FitPCA(m.Device(), eval.SetRows(train), m.Spec.Latent)
}
