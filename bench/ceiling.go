package bench

import (
	"context"
	"errors"
	"math"

	"github.com/aegpu/aegpu/backend"
)

// Ceiling is what a device reaches on the best of work: a large product in the
// precision that it was opened with, and a copy much larger than its caches.
type Ceiling struct {
	FLOPs float64 `json:"gemm_flops"` // per second
	Bytes float64 `json:"copy_bytes"` // read and written, per second
	Side  int     `json:"gemm_side"`  // of the square product
}

// A product's side starts at firstSide and doubles until the rate rises by less
// than enoughGain or a product takes longer than longProduct: then it fills the
// device and its operands' traffic does not show. The side is no power of two,
// whose rows would compete for the same lines of a CPU's cache. copyFloats is
// 256 MiB.
const (
	firstSide   = 2000
	enoughGain  = 1.02
	longProduct = 0.02 // seconds
	copyFloats  = 64 << 20
)

// MeasureCeiling measures the ceiling of a device, which takes a few seconds: products of
// growing squares until they gain nothing more, and a copy. The context's error is
// returned when it ends first.
func MeasureCeiling(ctx context.Context, dev backend.Device) (Ceiling, error) {
	var c Ceiling
	for side := firstSide; ; side *= 2 {
		seconds, err := product(ctx, dev, side)
		if errors.Is(err, backend.ErrOutOfMemory) && c.FLOPs > 0 {
			break
		}
		if err != nil {
			return c, err
		}
		rate, before := 2*math.Pow(float64(side), 3)/seconds, c.FLOPs
		if rate > before {
			c.FLOPs, c.Side = rate, side
		}
		if rate < enoughGain*before || seconds > longProduct {
			break
		}
	}
	var err error
	c.Bytes, err = copyRate(ctx, dev)
	return c, err
}

// product is the least seconds of a square product. Several are timed together,
// so that a copy of the operands in the products' precision is made once. The
// operands are noise: on zeros a GPU takes less power and runs at a higher clock.
func product(ctx context.Context, dev backend.Device, side int) (float64, error) {
	const together = 4
	var x, w, y backend.Tensor
	mem, err := backend.Plan(dev, func(alloc backend.Alloc) { x, w, y = alloc(side, side), alloc(side, side), alloc(side, side) })
	if err != nil {
		return 0, err
	}
	defer mem.Free()
	clock, err := dev.AllocClock(1)
	if err != nil {
		return 0, err
	}
	defer clock.Mem.Free()
	for _, t := range []backend.Tensor{x, w} {
		dev.Enqueue(backend.Gather{Noisy: t, Data: y.Data(), Batch: backend.Batch{Clock: clock, Corrupt: backend.GaussianNoise, Level: 1}})
	}
	return fastest(ctx, dev, together, func() { dev.Enqueue(backend.Linear{Y: y, X: x, W: w}) })
}

// copyRate is the bytes a second of a copy. Several are timed together, recorded: what a GPU waits for the first one to be
// enqueued is a quarter of the time that one takes there.
func copyRate(ctx context.Context, dev backend.Device) (float64, error) {
	const together = 4
	var x, y backend.Tensor
	mem, err := backend.Plan(dev, func(alloc backend.Alloc) { x, y = alloc(1, copyFloats), alloc(1, copyFloats) })
	if err != nil {
		return 0, err
	}
	defer mem.Free()
	dev.Enqueue(backend.Copy{Dst: x, Src: y}) // memory that was never written may be one page of zeros many times over
	program, err := dev.Compile(backend.List{backend.Copy{Dst: y, Src: x}})
	if err != nil {
		return 0, err
	}
	defer program.Free()
	seconds, err := fastest(ctx, dev, 1, func() { program.Launch(together) })
	return together * 2 * 4 * copyFloats / seconds, err
}

// fastest is the least of five times of f, in seconds, after one for warming up;
// each is the mean of so many together.
func fastest(ctx context.Context, dev backend.Device, together int, f func()) (float64, error) {
	least := math.Inf(1)
	for i := range 6 {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		seconds, err := elapsed(dev, func() {
			for range together {
				f()
			}
		})
		if err != nil {
			return 0, err
		}
		if i > 0 {
			least = min(least, seconds/float64(together))
		}
	}
	return least, nil
}
