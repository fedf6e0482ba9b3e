package backendtest

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// lengths of elementwise operands, as rows and columns: every remainder of
// vector widths, and one that needs many blocks.
func lengths() shapes {
	return shapes{
		odd: []shape{{1, 1}, {1, 2}, {3, 1}, {2, 2}, {1, 7}, {3, 3}, {5, 3}, {1, 31}, {4, 8}, {3, 11}, {13, 5},
			{16, 17}, {2, 64}},
		long: []shape{{31, 33}, {263, 257}},
		even: evenPairs(),
		most: shape{40, 200},
	}
}

func testElementwise(r *rig) {
	acts := backend.Activations()
	r.each(lengths(), func(r *rig, n shape) {
		for _, act := range acts {
			r.try(func(c *trial) { c.activate(n[0], n[1], act) })
		}
		for _, i := range r.some(len(acts), 1) {
			r.try(func(c *trial) { c.activateInPlace(n[0], n[1], acts[i]) })
		}
		r.try(func(c *trial) { c.moves(n[0], n[1]) })
		r.try(func(c *trial) { c.columns(n[0], n[1]) })
		r.try(func(c *trial) { c.beside(n[0], n[1]) })
	})
}

// activate covers the middle and the tails of every function; on even shapes what
// has a result that can be told from another, in the last column too.
func (c *trial) activate(rows, cols int, act backend.Activation) {
	gen := func(i int) float64 { return c.normal(i) * []float64{1, 0.01, 5, 30, 0}[i%5] }
	if c.even {
		gen = func(i int) float64 { return math.Copysign(c.uniform(0.5, 3)(i), c.normal(i)) }
	}
	x := c.in("x", rows, cols, gen)
	y := c.out("y", rows, cols)
	dx, dy, saved := c.out("dx", rows, cols), c.in("dy", rows, cols, c.normal), c.saved(rows, cols, act)
	c.both(func(d side) {
		d.Enqueue(backend.Activate{Y: d.t(y), X: d.t(x), Act: act})
		d.Enqueue(backend.ActivateBack{DX: d.t(dx), DY: d.t(dy), Saved: d.t(saved), Act: act})
	})
	c.close(y, few, "Activate %v", act)
	c.close(dx, few, "ActivateBack %v", act)
}

func (c *trial) activateInPlace(rows, cols int, act backend.Activation) {
	x, dx, saved := c.inout("x", rows, cols, c.normal), c.inout("dx", rows, cols, c.normal), c.saved(rows, cols, act)
	c.both(func(d side) {
		d.Enqueue(backend.Activate{Y: d.t(x), X: d.t(x), Act: act})
		d.Enqueue(backend.ActivateBack{DX: d.t(dx), DY: d.t(dx), Saved: d.t(saved), Act: act})
	})
	c.close(x, few, "Activate %v in place", act)
	c.close(dx, few, "ActivateBack %v in place", act)
}

func (c *trial) moves(rows, cols int) {
	x, w := c.in("x", rows, cols, c.normal), c.in("w", rows, 1, c.normal)
	sum, copied := c.inout("sum", rows, cols, c.normal), c.out("copied", rows, cols)
	zero, scaled := c.inout("zero", rows, cols, c.normal), c.inout("scaled", rows, cols, c.normal)
	c.both(func(d side) {
		d.Enqueue(backend.Add{Dst: d.t(sum), Src: d.t(x)})
		d.Enqueue(backend.Copy{Dst: d.t(copied), Src: d.t(x)})
		d.Enqueue(backend.Zero{Dst: d.t(zero)})
		d.Enqueue(backend.ScaleRows{T: d.t(scaled), W: d.t(w)})
	})
	c.close(sum, once, "Add")
	c.close(copied, exact, "Copy")
	c.close(zero, exact, "Zero")
	c.close(scaled, once, "ScaleRows")
}

func (c *trial) columns(rows, cols int) {
	width, starts := 2*cols+1, []int{0, 1, cols, cols + 1}
	if c.even {
		width, starts = 2*cols, []int{0, cols}
	}
	src := c.in("src", rows, width, c.normal)
	for _, from := range starts {
		dst := c.out("dst", rows, cols)
		c.both(func(d side) { d.Enqueue(backend.CopyColumns{Dst: d.t(dst), Src: d.t(src), From: from}) })
		c.close(dst, exact, "CopyColumns from %d", from)
	}
}

// beside demands the one-hot code of every class beside its rows, and none of what is no class.
func (c *trial) beside(batch, cols int) {
	for _, s := range []struct{ samples, levels int }{{1, 1}, {2, 3}, {1, cols}} {
		none := []float64{math.NaN(), -1, float64(s.levels), 0.5, math.Inf(1), 1e30, math.Inf(-1)}
		class := c.in("class", batch, 1, func(i int) float64 {
			if !c.even && i%3 == 2 {
				return none[i/3%len(none)]
			}
			return float64(i % s.levels)
		})
		x, dst := c.in("x", batch*s.samples, cols, c.normal), c.out("dst", batch*s.samples, cols+s.levels)
		c.both(func(d side) { d.Enqueue(backend.Beside{Dst: d.t(dst), X: d.t(x), Class: d.t(class)}) })
		c.close(dst, exact, "Beside %d levels, %d samples", s.levels, s.samples)
	}
}

// testDropout demands the same elements dropped, to the last.
func testDropout(r *rig) {
	r.each(lengths(), func(r *rig, n shape) {
		for i, p := range []float32{0, 0.1, 0.5, 0.9} {
			r.try(func(c *trial) { c.dropout(n[0], n[1], r.first(i), p) })
		}
	})
}

func (c *trial) dropout(rows, cols, first int, p float32) {
	k := c.timer(when)
	x, y := c.in("x", rows, cols, c.uniform(1, 2)), c.out("y", rows, cols)
	in := c.inout("x", rows, cols, c.uniform(1, 2))
	c.both(func(d side) {
		d.Enqueue(backend.Dropout{Y: d.t(y), X: d.t(x), Noise: d.noise(k, backend.StreamDropout+3, first), P: p})
		d.Enqueue(backend.Dropout{Y: d.t(in), X: d.t(in), Noise: d.noise(k, backend.StreamDropout+4, first), P: p})
	})
	// A kept element is never 0, so a relative budget finds a wrong mask.
	c.close(y, Tol{Rel: 5 * eps}, "Dropout p=%v first=%d", p, first)
	c.close(in, Tol{Rel: 5 * eps}, "Dropout p=%v first=%d in place", p, first)
}
