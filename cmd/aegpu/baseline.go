package main

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/eval"
)

// baseline is PCA of the code's size on the training rows, nil where it would
// keep every column and so say nothing.
func baseline(dev backend.Device, train *data.Set, k int) (*eval.PCA, error) {
	if k >= min(train.Rows, train.Cols) {
		return nil, nil
	}
	return eval.FitPCA(dev, eval.SetRows(train), k)
}
