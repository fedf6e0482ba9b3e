package eval

import (
	"context"
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// MeanProducts returns the mean of y^T z over the rows of both, y.Width() x z.Width(): float32 products of chunks on the
// device, summed in float64.
func MeanProducts(ctx context.Context, dev backend.Device, y, z Rows) ([]float64, error) {
	n, t, k := y.Len(), y.Width(), z.Width()
	if n < 1 || z.Len() != n {
		return nil, fmt.Errorf("products of %d rows and %d: expected as many, and one at least", n, z.Len())
	}
	step := min(chunkRows(max(t, k)), n)
	var cy, cz, product backend.Tensor
	mem, err := backend.Plan(dev, func(alloc backend.Alloc) { cy, cz, product = alloc(step, t), alloc(step, k), alloc(t, k) })
	if err != nil {
		return nil, err
	}
	defer mem.Free()
	sum, host := make([]float64, t*k), make([]float32, t*k)
	hy, hz := make([]float32, step*t), make([]float32, step*k)
	for start := 0; start < n; start += step {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m := min(step, n-start)
		y.Read(hy[:m*t], start, m)
		z.Read(hz[:m*k], start, m)
		dev.Upload(cy.Top(m), hy[:m*t])
		dev.Upload(cz.Top(m), hz[:m*k])
		dev.Enqueue(backend.LinearBackWeights{DW: product, DY: cy.Top(m), X: cz.Top(m)})
		dev.Download(host, product)
		if err := dev.Sync(); err != nil {
			return nil, err
		}
		for i, v := range host {
			sum[i] += float64(v)
		}
	}
	for i := range sum {
		sum[i] /= float64(n)
	}
	return sum, nil
}
