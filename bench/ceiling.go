package bench

import (
	"slices"
	"time"

	"github.com/aegpu/aegpu/backend"
)

// Ceiling is what a device reaches on the best of work: a large product, and a
// copy much larger than its caches.
type Ceiling struct {
	FLOPs float64 `json:"gemm_flops"` // per second
	Bytes float64 `json:"copy_bytes"` // read and written, per second
}

// ceilingSize is the side of the square product: large enough that its operands'
// traffic does not show, and no power of two, whose rows would compete for the
// same lines of a CPU's cache. copyFloats is 256 MiB.
const (
	ceilingSize = 2000
	copyFloats  = 64 << 20
)

// MeasureCeiling takes about a second on a CPU.
func MeasureCeiling(dev backend.Device) (Ceiling, error) {
	n := ceilingSize
	var x, w, y backend.Tensor
	mem, err := backend.Plan(dev, func(alloc backend.Alloc) { x, w, y = alloc(n, n), alloc(n, n), alloc(n, n) })
	if err != nil {
		return Ceiling{}, err
	}
	var c Ceiling
	seconds, err := fastest(dev, 5, func() { dev.Linear(y, backend.Tensor{}, x, w, backend.Tensor{}, backend.Identity, false) })
	mem.Free()
	if err != nil {
		return c, err
	}
	c.FLOPs = 2 * float64(n) * float64(n) * float64(n) / seconds
	if mem, err = backend.Plan(dev, func(alloc backend.Alloc) { x, y = alloc(1, copyFloats), alloc(1, copyFloats) }); err != nil {
		return c, err
	}
	defer mem.Free()
	dev.Copy(y, x)
	dev.Copy(x, y) // memory that was never written may be one page of zeros many times over
	seconds, err = fastest(dev, 5, func() { dev.Copy(y, x) })
	c.Bytes = 2 * 4 * copyFloats / seconds
	return c, err
}

// fastest is the shortest of several times, in seconds, after one for warming up.
func fastest(dev backend.Device, times int, f func()) (float64, error) {
	var all []float64
	for range times + 1 {
		start := time.Now()
		f()
		if err := dev.Sync(); err != nil {
			return 0, err
		}
		all = append(all, time.Since(start).Seconds())
	}
	return slices.Min(all[1:]), nil
}
