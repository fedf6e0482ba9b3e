package backendtest

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// narrows are inner and outer widths of products that a library may refuse to do
// in one, or do wrong: a code's, a label's, a single unit's.
var narrows = []int{1, 2, 3, 7, 20, 50}

// testNarrow records products of all those widths with what a device may make of
// their surroundings: a bias, a ReLU and its mask, a bias's gradient.
func testNarrow(r *rig) {
	batches, turn := []int{1, 5, 64}, 0
	for _, in := range narrows {
		for _, out := range narrows {
			r.sub(fmt.Sprintf("%dx%d", in, out), func(r *rig) {
				for option := range 16 {
					if turn++; r.short() && turn%11 != 0 {
						continue
					}
					l := layer{batches[turn%3], in, out}
					r.try(func(c *trial) { c.narrow(l, option) })
				}
			})
		}
	}
}

// narrow records a layer with ReLU, one back to the width of the input, and their
// backward passes. The bits of option are transposed; bias; accumulating; ReLU of
// the second layer. All numbers are small and whole but for the halves in the first
// column of the input, so that every sum is exact in any precision, in any order,
// and no pre-activation of the first ReLU is 0.
func (c *trial) narrow(l layer, option int) {
	transposed, bias, accumulate := option&1 != 0, option&2 != 0, option&4 != 0
	act := []backend.Activation{backend.Identity, backend.ReLU}[option>>3]
	whole := func(int) float64 { return float64(c.rng.IntN(3) - 1) }
	sign := func(i int) float64 { return float64(c.rng.IntN(2)*2 - 1) }
	weights := func(name string, out, in int, gen func(o, i int) float64) *arg {
		if transposed {
			return c.in(name, in, out, func(e int) float64 { return gen(e%out, e/out) })
		}
		return c.in(name, out, in, func(e int) float64 { return gen(e/in, e%in) })
	}
	x := c.in("x", l.b, l.in, func(e int) float64 {
		if e%l.in == 0 {
			return sign(e) / 2
		}
		return whole(e)
	})
	w1 := weights("w1", l.out, l.in, func(_, i int) float64 {
		if i == 0 {
			return sign(i)
		}
		return whole(i)
	})
	w2, dy := weights("w2", l.in, l.out, func(_, i int) float64 { return whole(i) }), c.in("dy", l.b, l.in, whole)
	h, y, dh, dx := c.out("h", l.b, l.out), c.out("y", l.b, l.in), c.out("dh", l.b, l.out), c.out("dx", l.b, l.in)
	dst := func(name string, like *arg) *arg { return c.inout(name, like.on[0].Rows, like.on[0].Cols, whole) }
	dw1, dw2 := dst("dw1", w1), dst("dw2", w2)
	var b1, b2, db1, db2 *arg
	if bias {
		b1, b2 = c.in("b1", 1, l.out, whole), c.in("b2", 1, l.in, whole)
		db1, db2 = dst("db1", b1), dst("db2", b2)
	}
	c.both(func(d side) {
		c.recorded(d, 2, func() {
			d.Enqueue(backend.Linear{Y: d.t(h), X: d.t(x), W: d.t(w1), B: d.t(b1), Act: backend.ReLU, Transposed: transposed})
			d.Enqueue(backend.Linear{Y: d.t(y), X: d.t(h), W: d.t(w2), B: d.t(b2), Act: act, Transposed: transposed})
			d.Enqueue(backend.LinearBackWeights{DW: d.t(dw2), DB: d.t(db2), DY: d.t(dy), X: d.t(h), Transposed: transposed, Accumulate: accumulate})
			d.Enqueue(backend.LinearBackInput{DX: d.t(dh), DY: d.t(dy), W: d.t(w2), Saved: d.t(h), Act: backend.ReLU, Transposed: transposed})
			d.Enqueue(backend.LinearBackWeights{DW: d.t(dw1), DB: d.t(db1), DY: d.t(dh), X: d.t(x), Transposed: transposed, Accumulate: accumulate})
			d.Enqueue(backend.LinearBackInput{DX: d.t(dx), DY: d.t(dh), W: d.t(w1), Transposed: transposed})
		})
	})
	for _, a := range []*arg{h, y, dh, dx, dw1, dw2, db1, db2} {
		if a != nil {
			c.close(a, exact, "recorded, batch %d, %v, transposed=%v bias=%v accumulate=%v", l.b, act, transposed, bias, accumulate)
		}
	}
}

// recorded records a step and launches it so many times.
func (c *trial) recorded(d side, times int, step func()) {
	c.Helper()
	p, err := d.Record(step)
	if err != nil {
		c.Fatalf("Record: %v", err)
	}
	p.Launch(times)
	if err := d.Sync(); err != nil {
		c.Fatalf("Sync: %v", err)
	}
	p.Free()
}
