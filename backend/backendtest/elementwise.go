package backendtest

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// lengths of elementwise operands, as rows and columns: every remainder of
// vector widths, and one that needs many blocks.
func (r *rig) lengths() [][2]int {
	n := [][2]int{{1, 1}, {1, 2}, {3, 1}, {2, 2}, {1, 7}, {3, 3}, {5, 3}, {1, 31}, {4, 8}, {3, 11}, {13, 5}, {16, 17}}
	if r.short() {
		return n
	}
	return append(n, [2]int{31, 33}, [2]int{263, 257})
}

func testElementwise(r *rig) {
	for _, n := range r.lengths() {
		r.sub(fmt.Sprintf("%dx%d", n[0], n[1]), func(r *rig) {
			for _, act := range backend.Activations() {
				r.try(func(c *trial) { c.activate(n[0], n[1], act) })
				r.try(func(c *trial) { c.activateInPlace(n[0], n[1], act) })
			}
			r.try(func(c *trial) { c.moves(n[0], n[1]) })
			r.try(func(c *trial) { c.columns(n[0], n[1]) })
		})
	}
}

// activate covers the middle and the tails of every function.
func (c *trial) activate(rows, cols int, act backend.Activation) {
	x := c.in("x", rows, cols, func(i int) float64 {
		return c.normal(i) * []float64{1, 0.01, 5, 30, 0}[i%5]
	})
	y := c.out("y", rows, cols)
	dx, dy, saved := c.out("dx", rows, cols), c.in("dy", rows, cols, c.normal), c.saved(rows, cols, act)
	c.both(func(d side) {
		d.Activate(d.t(y), d.t(x), act)
		d.ActivateBack(d.t(dx), d.t(dy), d.t(saved), act)
	})
	c.close(y, few, "Activate %v", act)
	c.close(dx, few, "ActivateBack %v", act)
}

func (c *trial) activateInPlace(rows, cols int, act backend.Activation) {
	x, dx, saved := c.inout("x", rows, cols, c.normal), c.inout("dx", rows, cols, c.normal), c.saved(rows, cols, act)
	c.both(func(d side) {
		d.Activate(d.t(x), d.t(x), act)
		d.ActivateBack(d.t(dx), d.t(dx), d.t(saved), act)
	})
	c.close(x, few, "Activate %v in place", act)
	c.close(dx, few, "ActivateBack %v in place", act)
}

func (c *trial) moves(rows, cols int) {
	x, w := c.in("x", rows, cols, c.normal), c.in("w", rows, 1, c.normal)
	sum, copied := c.inout("sum", rows, cols, c.normal), c.out("copied", rows, cols)
	zero, scaled := c.inout("zero", rows, cols, c.normal), c.inout("scaled", rows, cols, c.normal)
	c.both(func(d side) {
		d.Add(d.t(sum), d.t(x))
		d.Copy(d.t(copied), d.t(x))
		d.Zero(d.t(zero))
		d.ScaleRows(d.t(scaled), d.t(w))
	})
	c.close(sum, once, "Add")
	c.close(copied, exact, "Copy")
	c.close(zero, exact, "Zero")
	c.close(scaled, once, "ScaleRows")
}

func (c *trial) columns(rows, cols int) {
	src := c.in("src", rows, 2*cols+1, c.normal)
	for _, from := range []int{0, 1, cols, cols + 1} {
		dst := c.out("dst", rows, cols)
		c.both(func(d side) { d.CopyColumns(d.t(dst), d.t(src), from) })
		c.close(dst, exact, "CopyColumns from %d", from)
	}
}

// testDropout demands the same elements dropped, to the last.
func testDropout(r *rig) {
	for _, n := range r.lengths() {
		r.sub(fmt.Sprintf("%dx%d", n[0], n[1]), func(r *rig) {
			for _, p := range []float32{0, 0.1, 0.5, 0.9} {
				r.try(func(c *trial) { c.dropout(n[0], n[1], p) })
			}
		})
	}
}

func (c *trial) dropout(rows, cols int, p float32) {
	k := c.timer(when)
	x, y := c.in("x", rows, cols, c.uniform(1, 2)), c.out("y", rows, cols)
	in := c.inout("x", rows, cols, c.uniform(1, 2))
	c.both(func(d side) {
		d.Dropout(d.t(y), d.t(x), d.noise(k, backend.StreamDropout+3), p)
		d.Dropout(d.t(in), d.t(in), d.noise(k, backend.StreamDropout+4), p)
	})
	// A kept element is never 0, so a relative budget finds a wrong mask.
	c.close(y, Tol{Rel: 5 * eps}, "Dropout p=%v", p)
	c.close(in, Tol{Rel: 5 * eps}, "Dropout p=%v in place", p)
}
