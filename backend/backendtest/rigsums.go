package backendtest

import (
	"slices"

	"github.com/aegpu/aegpu/backend"
)

// sumGuard stands beside accumulators.
const sumGuard = -12345.678

// sumLead is the number of guards before accumulators, and after.
const sumLead = 2

// total is one vector of accumulators on the three sides.
type total struct {
	block backend.Sums // the device's, with guards
	on    [3]backend.Sums
}

// total is n accumulators that already hold something.
func (c *trial) total(n int) *total {
	t := &total{}
	held := make([]float64, n)
	for i := range held {
		held[i] = float64(i) - 0.5
	}
	guards := slices.Repeat([]float64{sumGuard}, sumLead)
	t.block = c.allocSums(c.dev, n+2*sumLead)
	c.dev.WriteSums(t.block, slices.Concat(guards, held, guards))
	t.on[0] = backend.Sums{Mem: t.block.Mem, Off: sumLead, N: n}
	t.on[1], t.on[2] = c.allocSums(c.ref, n), c.allocSums(c.size, n)
	c.ref.WriteSums(t.on[1], held)
	c.sums = append(c.sums, t)
	return t
}

func (c *trial) allocSums(d backend.Device, n int) backend.Sums {
	s, err := d.AllocSums(n)
	if err != nil {
		c.Fatalf("AllocSums(%d): %v", n, err)
	}
	c.free = append(c.free, s.Mem)
	return s
}

func (s side) s(t *total) backend.Sums { return t.on[s.i] }

func readSums(d backend.Device, s backend.Sums) []float64 {
	v := make([]float64, s.N)
	d.ReadSums(v, s)
	return v
}

func (c *trial) untouchedSums(t *total) {
	c.Helper()
	v := readSums(c.dev, t.block)
	for i, x := range v {
		if (i < sumLead || i >= len(v)-sumLead) && x != sumGuard {
			c.Errorf("accumulator %d of %d was changed to %v", i-sumLead, t.on[0].N, x)
		}
	}
}

// closeSums compares accumulators. Operations add to one of them a sum whose
// terms' sizes add up to size; the others must not change at all.
func (c *trial) closeSums(t *total, i int, size float64, what string, args ...any) {
	c.Helper()
	scale := make([]float64, t.on[0].N)
	scale[i] = size
	got, want := readSums(c.dev, t.on[0]), readSums(c.ref, t.on[1])
	if err := Close(got, want, Tol{Abs: 32 * eps, Scale: scale}); err != nil {
		c.Errorf(what+": accumulators: %v", append(args, err)...)
	}
}
