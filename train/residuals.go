package train

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/eval"
	"github.com/aegpu/aegpu/model"
)

// measuredRows is about how many rows variances are measured on: the root of one is off by less than 2 % then.
const measuredRows = 2000

// gaps reports whether cells are missing.
func (r *responses) gaps() bool {
	return slices.ContainsFunc(r.there, func(share float64) bool { return share < 1 })
}

// measure sets the variances of l for Gaussian columns to what it leaves of their cells in a training, of rows that are
// damaged: where cells are hidden from the encoder that is much more than what regression on all of them leaves.
func (r *responses) measure(ctx context.Context, dev backend.Device, codes *eval.PCA, l *model.Linear, damage model.Corruption) error {
	d, k := r.of.d, l.Codes()
	step := max(r.of.rows/measuredRows, 1)
	var x []float32
	for i := 0; i < r.of.rows; i += step {
		x = append(x, r.of.x[i*d:(i+1)*d]...)
	}
	harm(x, damage)
	z, err := codes.Encode(ctx, dev, eval.Dense(x, d))
	if err != nil {
		return err
	}
	for j, kind := range r.kinds {
		if kind != backend.GaussianColumn {
			continue
		}
		sum, n := 0.0, 0.0
		for i := range len(z) / k {
			e := r.at(i*step, j) - r.mean[j]
			if e != e {
				continue
			}
			for c, w := range l.Decoder[j*k : (j+1)*k] {
				e -= float64(w) * float64(z[i*k+c])
			}
			sum, n = sum+e*e, n+1
		}
		if n > 0 {
			l.Variance[j] = float32(sum / n)
		}
	}
	return nil
}

// harm does to x what a corruption does, by draws of its own.
func harm(x []float32, c model.Corruption) {
	b := c.Batch(backend.Clock{})
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range x {
		switch b.Corrupt {
		case backend.GaussianNoise:
			x[i] += b.Level * float32(rng.NormFloat64())
		case backend.Masking:
			if rng.Float32() < b.Level {
				x[i] = 0
			}
		case backend.SaltAndPepper:
			if u := rng.Float32(); u < b.Level/2 {
				x[i] = b.Low
			} else if u < b.Level {
				x[i] = b.High
			}
		}
	}
}
