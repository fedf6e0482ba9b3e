package eval

import (
	"context"
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// MeanProducts returns the mean of y^T z over the rows of both, y.Width() x z.Width(): float32 products of chunks on the
// device, summed in float64. Ranks whose y is shared (see [Shared]) have a part of the rows of both each.
func MeanProducts(ctx context.Context, dev backend.Device, y, z Rows) ([]float64, error) {
	n, t, k := y.Len(), y.Width(), z.Width()
	if n < 1 || z.Len() != n {
		return nil, fmt.Errorf("products of %d rows and %d: expected as many, and one at least", n, z.Len())
	}
	sum := make([]float64, t*k)
	err := addProducts(ctx, dev, y, z, sum)
	if err = ownOf(y).sum(err, sum); err != nil {
		return nil, err
	}
	for i := range sum {
		sum[i] /= float64(n)
	}
	return sum, nil
}

// addProducts adds y^T z of the rank's rows to sum.
func addProducts(ctx context.Context, dev backend.Device, y, z Rows, sum []float64) error {
	own, t, k := ownOf(y), y.Width(), z.Width()
	step := min(chunkRows(max(t, k)), max(own.rows(), 1))
	var cy, cz, product backend.Tensor
	mem, err := backend.Plan(dev, func(alloc backend.Alloc) { cy, cz, product = alloc(step, t), alloc(step, k), alloc(t, k) })
	if err != nil {
		return err
	}
	defer mem.Free()
	host := make([]float32, t*k)
	hy, hz := make([]float32, step*t), make([]float32, step*k)
	for start := own.lo; start < own.hi; start += step {
		if err := ctx.Err(); err != nil {
			return err
		}
		m := min(step, own.hi-start)
		y.Read(hy[:m*t], start, m)
		z.Read(hz[:m*k], start, m)
		dev.Upload(cy.Top(m), hy[:m*t])
		dev.Upload(cz.Top(m), hz[:m*k])
		dev.Enqueue(backend.LinearBackWeights{DW: product, DY: cy.Top(m), X: cz.Top(m)})
		dev.Download(host, product)
		if err := dev.Sync(); err != nil {
			return err
		}
		for i, v := range host {
			sum[i] += float64(v)
		}
	}
	return nil
}
