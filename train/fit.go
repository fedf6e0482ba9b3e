package train

import (
	"context"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"gorgonia.org/tensor"
)

// Fit trains what the config describes on the rows of x (N x D, float32,
// float64, or uint8 as grey values), holding out the config's share for
// validation, and returns the model with the best weights. It is [Run] for data
// that is already in memory, and keeps nothing on disk.
func Fit(ctx context.Context, dev backend.Device, c Config, x *tensor.Dense) (*Result, error) {
	set, err := data.FromDense(x)
	if err != nil {
		return nil, err
	}
	if c, err = complete(c); err != nil {
		return nil, err
	}
	c.Test = 0
	sets, err := Divide(&data.Source{Train: set}, c)
	if err != nil {
		return nil, err
	}
	return Run(ctx, dev, c, sets, Options{})
}
