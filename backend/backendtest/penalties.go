package backendtest

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

const (
	share = 0.25 // of a penalty, per example
	slope = 0.3  // of its gradient
)

func testPenalties(r *rig) {
	r.each(lengths(), func(r *rig, n shape) {
		for _, of := range r.wholes(n[0]) {
			r.try(func(c *trial) { c.columnMeans(n[0], n[1], of) })
		}
		r.try(func(c *trial) { c.sparseKL(n[0], n[1]) })
		r.try(func(c *trial) { c.absolute(n[0], n[1]) })
		r.try(func(c *trial) { c.rowSquares(n[0], n[1]) })
		r.try(func(c *trial) { c.squareSum(n[0], n[1]) })
		acts := backend.Activations()
		for _, i := range r.some(len(acts), 3) {
			r.try(func(c *trial) { c.contractShallow(n[0], n[1], acts[i]) })
		}
	})
}

func (c *trial) columnMeans(rows, cols, of int) {
	m, h := c.out("m", 1, cols), c.in("h", rows, cols, c.normal)
	run := func(d side) { d.Enqueue(backend.ColumnMeans{M: d.t(m), H: d.t(h), Of: of}) }
	c.both(run)
	c.close(m, scaled(c.sizes(m, run)), "ColumnMeans of=%d", of)
}

// sparseKL covers means within the bounds, near them and beyond; on even shapes
// only what leaves no doubt of the last digits.
func (c *trial) sparseKL(rows, cols int) {
	means := func(i int) float64 {
		return []float64{0.05, c.rng.Float64(), -0.1, 0.5, 1.2, 0, c.rng.Float64(), 1}[i%8]
	}
	if c.even {
		means = c.uniform(0.1, 0.9)
	}
	m := c.in("m", 1, cols, means)
	dh, sum := c.inout("dh", rows, cols, c.normal), c.total(3)
	c.both(func(d side) {
		d.Enqueue(backend.SparseKL{DH: d.t(dh), Sums: d.s(sum), Slot: 1, M: d.t(m), Rho: 0.05, Scale: slope})
	})
	size, cond := 0.0, make([]float64, rows*cols)
	for j, mean := range c.want(m) {
		q := min(max(mean, backend.MinSparsity), 1-backend.MinSparsity)
		size += 2 + math.Abs(math.Log(q)) + math.Abs(math.Log(1-q)) + 1/(1-q)/16
		for b := range rows {
			// A float32 near 1 knows 1-m to eps only, and that is what is divided by.
			cond[b*cols+j] = 4 + 1/q + 1/(1-q)/(1-q)
		}
	}
	c.close(dh, scaled(cond), "SparseKL")
	c.closeSums(sum, 1, size, "SparseKL")
}

func (c *trial) absolute(rows, cols int) {
	h := c.in("h", rows, cols, func(i int) float64 {
		if i%4 == 2 {
			return 0
		}
		return c.normal(i)
	})
	dh, sum := c.inout("dh", rows, cols, c.normal), c.total(2)
	c.both(func(d side) {
		d.Enqueue(backend.L1{DH: d.t(dh), Sums: d.s(sum), H: d.t(h), Share: share, Scale: slope})
	})
	c.close(dh, few, "L1")
	c.closeSums(sum, 0, float64(rows*cols), "L1")
}

func (c *trial) rowSquares(rows, cols int) {
	r, w := c.out("r", 1, rows), c.in("w", rows, cols, c.normal)
	dw, k := c.inout("dw", rows, cols, c.normal), c.in("c", 1, rows, c.normal)
	c.both(func(d side) {
		d.Enqueue(backend.RowSquares{R: d.t(r), W: d.t(w)})
		d.Enqueue(backend.AddScaledRows{DW: d.t(dw), W: d.t(w), C: d.t(k)})
	})
	c.close(r, Tol{Rel: 32 * eps}, "RowSquares") // no term cancels another
	c.close(dw, sized(10), "AddScaledRows")
}

func (c *trial) squareSum(rows, cols int) {
	v, dv, in := c.in("v", rows, cols, c.normal), c.out("dv", rows, cols), c.inout("v in place", rows, cols, c.normal)
	sum := c.total(3)
	c.both(func(d side) {
		d.Enqueue(backend.SquareSum{DV: d.t(dv), Sums: d.s(sum), Slot: 2, V: d.t(v), Share: share, Scale: slope})
		d.Enqueue(backend.SquareSum{DV: d.t(in), Sums: d.s(sum), Slot: 2, V: d.t(in), Share: share, Scale: slope})
	})
	c.close(dv, twice, "SquareSum")
	c.close(in, twice, "SquareSum in place")
	c.closeSums(sum, 2, float64(rows*cols), "SquareSum")
}

func (c *trial) contractShallow(rows, cols int, act backend.Activation) {
	saved, r := c.saved(rows, cols, act), c.in("r", 1, cols, c.uniform(0, 4))
	da, dr, sum := c.inout("da", rows, cols, c.normal), c.out("dr", 1, cols), c.total(2)
	c.both(func(d side) {
		d.Enqueue(backend.ContractShallow{DA: d.t(da), DR: d.t(dr), Sums: d.s(sum), Slot: 1, Saved: d.t(saved), R: d.t(r), Act: act, Share: share, Scale: slope})
	})
	size := 2 * float64(rows)
	c.close(da, sized(8), "ContractShallow %v", act)
	c.close(dr, sized(size), "ContractShallow %v", act)
	c.closeSums(sum, 1, size*float64(cols), "ContractShallow %v", act)
}

// testProbes compares signs and unit vectors exactly.
func testProbes(r *rig) {
	r.each(codes(), func(r *rig, s shape) {
		batch, width, samples := s[0], s[1], s[2]
		for _, first := range r.firsts() {
			r.try(func(c *trial) {
				k := c.timer(when)
				signs := c.out("signs", batch*samples, width)
				c.both(func(d side) {
					d.Enqueue(backend.Probes{V: d.t(signs), Batch: batch, Noise: d.noise(k, backend.StreamProbe, first)})
				})
				c.close(signs, exact, "Probes first=%d", first)
			})
		}
		if r.few && batch*width > 1024 {
			return // batch * width^2 is enough elsewhere
		}
		r.try(func(c *trial) {
			k := c.timer(when)
			units := c.out("units", batch*width, width)
			c.both(func(d side) {
				d.Enqueue(backend.Probes{V: d.t(units), Batch: batch, Noise: d.noise(k, backend.StreamProbe, 0), Exact: true})
			})
			c.close(units, exact, "Probes exact")
		})
	})
}

// testJacobian takes vectors through a layer of the Jacobian and back.
func testJacobian(r *rig) {
	r.each(codes(), func(r *rig, s shape) {
		acts := backend.Activations()
		for _, i := range r.some(len(acts), 3) {
			r.try(func(c *trial) { c.jacobian(s[0], s[1], s[2], acts[i], i%3) })
		}
	})
}

// jacobian has the gradient by v in a buffer of its own, over du, or nowhere.
func (c *trial) jacobian(batch, width, samples int, act backend.Activation, option int) {
	n := batch * samples
	saved, v := c.saved(batch, width, act), c.in("v", n, width, c.normal)
	u, in := c.out("u", n, width), c.inout("v in place", n, width, c.normal)
	du, dv, da := c.inout("du", n, width, c.normal), c.out("dv", n, width), c.out("da", batch, width)
	du.fixed = option != 1
	dv = []*arg{dv, du, nil}[option]
	c.both(func(d side) {
		d.Enqueue(backend.ScaleByDerivative{U: d.t(u), V: d.t(v), Saved: d.t(saved), Act: act})
		d.Enqueue(backend.ScaleByDerivative{U: d.t(in), V: d.t(in), Saved: d.t(saved), Act: act})
		d.Enqueue(backend.ScaleByDerivativeBack{DV: d.t(dv), DA: d.t(da), DU: d.t(du), V: d.t(v), Saved: d.t(saved), Act: act})
	})
	c.close(u, few, "ScaleByDerivative %v", act)
	c.close(in, few, "ScaleByDerivative %v in place", act)
	c.close(da, sized(float64(samples)), "ScaleByDerivativeBack %v", act)
	if dv != nil {
		c.close(dv, few, "ScaleByDerivativeBack %v", act)
	}
}
