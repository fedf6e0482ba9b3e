package backendtest

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// layer is a batch and the widths of a dense layer.
type layer struct{ b, in, out int }

// layers are the shapes that products trip over: ones, primes, vectors, squares,
// around the widths of vector registers and tiles, long and thin.
func layers() shapes {
	return shapes{
		odd: []shape{
			{1, 1, 1}, {1, 7, 3}, {3, 1, 5}, {5, 13, 1}, {1, 64, 1}, {4, 4, 4}, {6, 6, 6}, {7, 16, 9},
			{8, 32, 16}, {17, 31, 33}, {33, 65, 17}, {16, 15, 63}, {2, 129, 66}, {3, 64, 128},
		},
		long: []shape{{64, 128, 96}, {130, 257, 131}, {3, 2051, 5}, {1027, 5, 7}, {5, 7, 1031}},
		even: []shape{{4, 64, 128}, {64, 16, 64}, {64, 64, 64}, {2, 1024, 64}, {128, 16, 128}, {16, 128, 64}, {256, 64, 16}, {8, 256, 256},
			{512, 16, 32}, {4, 512, 64}, {4, 64, 512}, {1024, 32, 16}, {2, 64, 1024}},
		most: shape{40, 150, 150},
	}
}

// testLinear takes the shapes through all activations in turn, and one of them
// through every combination.
func testLinear(r *rig) {
	acts := backend.Activations()
	if !r.suite.even {
		r.sub("Combinations", func(r *rig) {
			for _, act := range acts {
				for option := range 8 {
					r.try(func(c *trial) { c.layer(layer{5, 11, 7}, act, option) })
				}
			}
		})
	}
	r.each(layers(), func(r *rig, s shape) {
		l, options := layer{s[0], s[1], s[2]}, []int{0, 1, 2, 3, 4, 5, 6, 7}
		if r.few { // everything and nothing, one of them transposed
			options = []int{6 + r.turn%2, 1 - r.turn%2}
		}
		for _, option := range options {
			r.try(func(c *trial) { c.layer(l, acts[(r.turn+option)%len(acts)], option) })
		}
	})
	if !r.suite.even {
		r.sub("Top", func(r *rig) { r.try((*trial).topOfBatch) })
	}
}

// layer is forward and both backward operations of one layer. The bits of option
// are transposed; bias; pre-activation wanted, or accumulating.
func (c *trial) layer(l layer, act backend.Activation, option int) {
	transposed, bias, extra := option&1 != 0, option&2 != 0, option&4 != 0
	what := fmt.Sprintf("%v transposed=%v bias=%v extra=%v", act, transposed, bias, extra)
	rows, cols := l.out, l.in
	if transposed {
		rows, cols = cols, rows
	}
	gen := c.normal
	if c.even && bias {
		// Nothing cancels, and what has one slope hides nothing: an error of any share
		// of an element shows, however long the sum.
		gen, act = c.uniform(0.5, 1.5), backend.Activation(c.turn/2%2)
	}
	w := c.in("w", rows, cols, gen)
	x := c.in("x", l.b, l.in, gen)
	c.forward(l, act, x, w, what, transposed, bias, extra)
	c.backInput(l, act, w, gen, what, transposed)
	c.backWeights(l, x, rows, cols, gen, what, transposed, bias, extra)
}

func (c *trial) forward(l layer, act backend.Activation, x, w *arg, what string, transposed, bias, wantPre bool) {
	y := c.out("y", l.b, l.out)
	var b, pre *arg
	if bias {
		b = c.in("b", 1, l.out, c.normal)
	}
	if wantPre {
		pre = c.out("pre", l.b, l.out)
	}
	run := func(act backend.Activation) func(d side) {
		return func(d side) {
			d.Enqueue(backend.Linear{Y: d.t(y), Pre: d.t(pre), X: d.t(x), W: d.t(w), B: d.t(b), Act: act, Transposed: transposed})
		}
	}
	c.both(run(act))
	tol := c.suite.product(l.in, c.sizes(y, run(backend.Identity)))
	c.close(y, plus(tol, few), "Linear %s", what)
	if wantPre {
		c.close(pre, tol, "Linear %s", what)
	}
}

// plus adds an error that does not scale.
func plus(t, u Tol) Tol {
	scale := make([]float64, len(t.Scale))
	for i := range scale {
		scale[i] = t.Abs*t.Scale[i] + u.Abs
	}
	return Tol{Abs: 1, Rel: t.Rel + u.Rel, Scale: scale}
}

func (c *trial) backInput(l layer, act backend.Activation, w *arg, gen func(int) float64, what string, transposed bool) {
	dx, dy := c.out("dx", l.b, l.in), c.in("dy", l.b, l.out, gen)
	saved := c.saved(l.b, l.in, act)
	if act == backend.Identity && l.b%2 == 1 {
		saved = nil
	}
	run := func(saved *arg, act backend.Activation) func(d side) {
		return func(d side) {
			d.Enqueue(backend.LinearBackInput{DX: d.t(dx), DY: d.t(dy), W: d.t(w), Saved: d.t(saved), Act: act, Transposed: transposed})
		}
	}
	c.both(run(saved, act))
	tol := c.suite.product(l.out, c.sizes(dx, run(nil, backend.Identity)))
	c.close(dx, plus(tol, few), "LinearBackInput %s", what)
}

// saved is what a layer with that activation keeps for its derivatives: outputs
// from its range, or pre-activations; with zeros among them.
func (c *trial) saved(rows, cols int, act backend.Activation) *arg {
	a := c.in("saved", rows, cols, func(i int) float64 {
		if i%7 == 3 {
			return 0
		}
		return c.normal(i)
	})
	if act.SavesPre() {
		return a
	}
	y := make([]float32, rows*cols)
	c.ref.Enqueue(backend.Activate{Y: a.on[1], X: a.on[1], Act: act})
	c.ref.Download(y, a.on[1])
	return c.in("saved", rows, cols, func(i int) float64 { return float64(y[i]) })
}

func (c *trial) backWeights(l layer, x *arg, rows, cols int, gen func(int) float64, what string, transposed, bias, accumulate bool) {
	dy := c.in("dy", l.b, l.out, gen)
	dst := c.out
	if accumulate {
		dst = func(name string, rows, cols int) *arg { return c.inout(name, rows, cols, gen) }
	}
	dw := dst("dw", rows, cols)
	var db *arg
	if bias {
		db = dst("db", 1, l.out)
	}
	run := func(d side) {
		d.Enqueue(backend.LinearBackWeights{DW: d.t(dw), DB: d.t(db), DY: d.t(dy), X: d.t(x), Transposed: transposed, Accumulate: accumulate})
	}
	c.both(run)
	sizes := c.sizes(dw, run)
	c.close(dw, c.suite.product(l.b, sizes), "LinearBackWeights %s", what)
	if bias {
		c.close(db, c.suite.product(l.b, c.size.Get(db.on[2])), "LinearBackWeights %s", what)
	}
}

// topOfBatch works on the first rows of larger buffers, as the last batch of an
// epoch does; the rest must stay.
func (c *trial) topOfBatch() {
	const b, n, in, out = 11, 6, 9, 10
	x, w := c.in("x", b, in, c.normal), c.in("w", out, in, c.normal)
	y, dx := c.inout("y", b, out, constant(3)), c.inout("dx", b, in, constant(4))
	dy := c.in("dy", b, out, c.normal)
	c.both(func(d side) {
		d.Enqueue(backend.Linear{Y: d.t(y).Top(n), X: d.t(x).Top(n), W: d.t(w), Act: backend.Tanh})
		d.Enqueue(backend.LinearBackInput{DX: d.t(dx).Top(n), DY: d.t(dy).Top(n), W: d.t(w), Saved: d.t(x).Top(n), Act: backend.ReLU})
	})
	tol := c.suite.product(in, nil)
	tol.Abs *= 10 * 4 * 4 // the terms of a row
	c.close(y, tol, "Linear on the top rows")
	c.close(dx, tol, "LinearBackInput on the top rows")
	for name, a := range map[string]*arg{"y": y, "dx": dx} {
		rest := c.got(a)[n*a.on[0].Cols:]
		if err := Close(rest, c.want(a)[n*a.on[0].Cols:], exact); err != nil {
			c.Errorf("the rows of %s below the top: %v", name, err)
		}
	}
}
