package backendtest

import (
	"fmt"
	"math"

	"github.com/aegpu/aegpu/backend"
)

// testSpecial feeds NaN, infinities and huge numbers: what is broken must show in
// the loss and in the guard, and what is only extreme must not break.
func testSpecial(r *rig) {
	r.sub("Activations", func(r *rig) {
		for _, act := range backend.Activations() {
			r.try(func(c *trial) { c.extremeActivation(act) })
		}
	})
	r.sub("Products", func(r *rig) {
		for _, l := range []layer{{3, 5, 4}, {8, 16, 8}, {33, 65, 17}} {
			for _, bad := range []float64{math.NaN(), math.Inf(1)} {
				for _, transposed := range []bool{false, true} {
					r.try(func(c *trial) { c.zeroTimes(l, bad, transposed) })
				}
			}
		}
	})
	r.sub("Losses", func(r *rig) {
		for _, kind := range lossKinds {
			r.try(func(c *trial) { c.brokenLoss(kind) })
		}
		r.try((*trial).extremeLogits)
		r.try((*trial).clampedNLL)
	})
	r.sub("Codes", func(r *rig) {
		r.try((*trial).clampedCode)
		r.try((*trial).brokenCode)
	})
	r.sub("Sums", func(r *rig) { r.try((*trial).brokenSums) })
}

// orNaN is a tolerance that lets NaN pass where it is wanted, and demands it there.
func orNaN(t Tol) Tol { t.NaN = true; return t }

func (c *trial) extremeActivation(act backend.Activation) {
	x := c.in("x", 5, 11, values(math.NaN(), 1e4, -1e4, 88, -88, 104, -104, 1e-30, -1e-30, 20, -20))
	y := c.out("y", 5, 11)
	c.both(func(d side) { d.Enqueue(backend.Activate{Y: d.t(y), X: d.t(x), Act: act}) })
	c.close(y, orNaN(few), "Activate %v", act)
	if !act.SavesPre() {
		return
	}
	dx, dy := c.out("dx", 5, 11), c.in("dy", 5, 11, constant(1))
	c.both(func(d side) { d.Enqueue(backend.ActivateBack{DX: d.t(dx), DY: d.t(dy), Saved: d.t(x), Act: act}) })
	c.close(dx, orNaN(few), "ActivateBack %v", act)
}

// zeroTimes multiplies a NaN or an infinity by zeros. A product that skips zeros
// would hide it.
func (c *trial) zeroTimes(l layer, bad float64, transposed bool) {
	rows, cols := l.out, l.in
	if transposed {
		rows, cols = cols, rows
	}
	one := func(at int) func(int) float64 {
		return func(i int) float64 {
			if i == at {
				return bad
			}
			return c.normal(i)
		}
	}
	zero := constant(0)
	x, w := c.in("x", l.b, l.in, one(l.in+1)), c.in("w", rows, cols, zero)
	badW, dy := c.in("w", rows, cols, one(cols-1)), c.in("dy", l.b, l.out, zero)
	y, dx, dw, db := c.out("y", l.b, l.out), c.out("dx", l.b, l.in), c.out("dw", rows, cols), c.out("db", 1, l.out)
	relu := c.out("relu", l.b, l.out)
	c.both(func(d side) {
		d.Enqueue(backend.Linear{Y: d.t(y), X: d.t(x), W: d.t(w), Transposed: transposed})
		d.Enqueue(backend.Linear{Y: d.t(relu), X: d.t(x), W: d.t(w), Act: backend.ReLU, Transposed: transposed})
		d.Enqueue(backend.LinearBackInput{DX: d.t(dx), DY: d.t(dy), W: d.t(badW), Transposed: transposed})
		d.Enqueue(backend.LinearBackWeights{DW: d.t(dw), DB: d.t(db), DY: d.t(dy), X: d.t(x), Transposed: transposed})
	})
	what := fmt.Sprintf("0 times %v, %+v transposed=%v", bad, l, transposed)
	c.close(y, orNaN(exact), "Linear: %s", what)
	for i, v := range c.got(relu) { // of a NaN as the end of a product, where it may be 0
		if v != 0 && !(math.IsNaN(v) && math.IsNaN(c.want(relu)[i])) {
			c.Errorf("ReLU: %s: element %d is %v, want 0", what, i, v)
		}
	}
	c.close(dx, orNaN(exact), "LinearBackInput: %s", what)
	c.close(dw, orNaN(exact), "LinearBackWeights: %s", what)
	c.close(db, exact, "LinearBackWeights: %s", what)
}

// brokenLoss has a NaN in one row of three; for a Gaussian also as log-variance,
// where a clamp might swallow it.
func (c *trial) brokenLoss(kind backend.LossKind) {
	const width = 6
	for _, at := range []int{width + 1, 2*width - 1} {
		target, rows, dout := c.target(3, width, kind), c.out("rows", 3, 1), c.out("dout", 3, width)
		if kind == backend.GaussianNLL {
			target = c.target(3, width/2, kind)
		}
		out := c.in("out", 3, width, func(i int) float64 {
			if i == at {
				return math.NaN()
			}
			return c.normal(i)
		})
		c.both(func(d side) {
			d.Enqueue(backend.Loss{DOut: d.t(dout), Rows: d.t(rows), Out: d.t(out), Target: d.t(target), Kind: kind, Scale: 1})
		})
		if got := c.got(rows); !math.IsNaN(got[1]) || math.IsNaN(got[0]) || math.IsNaN(got[2]) {
			c.Errorf("Loss %v of rows whose second holds a NaN: %v", kind, got)
		}
		if got := c.got(dout)[at]; !math.IsNaN(got) {
			c.Errorf("Loss %v: the gradient by a NaN is %v", kind, got)
		}
	}
}

func (c *trial) extremeLogits() {
	out := c.in("out", 4, 5, values(1e4, -1e4, 0, 1e4, -1e4, -1e4, 88))
	soft, class := c.in("target", 4, 5, c.uniform(0, 1)), c.in("target", 4, 1, values(0, 1, 2, 3))
	for _, target := range []*arg{soft, class} {
		kind := backend.Bernoulli
		if target == class {
			kind = backend.Categorical
		}
		rows, dout := c.out("rows", 4, 1), c.out("dout", 4, 5)
		c.both(func(d side) {
			d.Enqueue(backend.Loss{DOut: d.t(dout), Rows: d.t(rows), Out: d.t(out), Target: d.t(target), Kind: kind, Scale: 1})
		})
		c.close(rows, sized(1e4), "Loss %v of logits of 1e4", kind)
		c.close(dout, few, "Loss %v of logits of 1e4", kind)
	}
}

// clampedNLL has log-variances far outside the clamp: a finite loss whose
// gradient by them is exactly zero.
func (c *trial) clampedNLL() {
	out := c.in("out", 3, 4, values(0.5, -0.5, 1e3, -1e3))
	target, rows, dout := c.in("target", 3, 2, constant(0)), c.out("rows", 3, 1), c.out("dout", 3, 4)
	c.both(func(d side) {
		d.Enqueue(backend.Loss{DOut: d.t(dout), Rows: d.t(rows), Out: d.t(out), Target: d.t(target), Kind: backend.GaussianNLL, Scale: 1})
	})
	c.close(rows, Tol{Rel: 32 * eps}, "Loss with clamped log-variances")
	c.close(dout, Tol{Rel: 32 * eps}, "Loss with clamped log-variances")
}

// clampedCode does the same to a code.
func (c *trial) clampedCode() {
	k := c.timer(when, hyper)
	ml := c.in("ml", 3, 4, values(0.5, -0.5, 1e3, -1e3))
	z, w, rows, bound := c.in("z", 6, 2, c.normal), c.in("w", 6, 1, constant(0.5)), c.in("rows", 6, 1, c.normal), c.out("bound", 3, 1)
	drawn, dz, kl, got := c.out("z", 6, 2), c.in("dz", 6, 2, c.normal), c.out("kl", 1, 2), c.out("w", 6, 1)
	back, importance := c.out("dml", 3, 4), c.out("dml", 3, 4)
	c.both(func(d side) {
		n := d.noise(k, backend.StreamCode, 0)
		d.Enqueue(backend.Reparam{Z: d.t(drawn), ML: d.t(ml), Noise: n})
		d.Enqueue(backend.GaussianKL{KL: d.t(kl), ML: d.t(ml)})
		d.Enqueue(backend.ReparamBack{DML: d.t(back), DZ: d.t(dz), ML: d.t(ml), KL: d.t(kl), Noise: n, Scale: 1})
		d.Enqueue(backend.ImportanceWeights{W: d.t(got), Bound: d.t(bound), Rows: d.t(rows), Z: d.t(z), ML: d.t(ml), Noise: n})
		d.Enqueue(backend.ImportanceBack{DML: d.t(importance), DZ: d.t(dz), Z: d.t(z), ML: d.t(ml), W: d.t(w), Noise: n, Scale: 1})
	})
	c.close(drawn, sized(1), "Reparam of clamped log-variances")
	c.close(kl, Tol{Rel: 32 * eps}, "GaussianKL of clamped log-variances")
	c.close(bound, sized(40), "ImportanceWeights of clamped log-variances")
	for _, a := range []*arg{back, importance} {
		c.close(a, few, "the gradient by clamped log-variances")
		for b := range 3 {
			if v := c.got(a); v[4*b+2] != 0 || v[4*b+3] != 0 {
				c.Errorf("the gradient by a clamped log-variance is %v, want 0", v[4*b+2:4*b+4])
			}
		}
	}
}

// brokenCode passes NaN through the draws, the clamp and the weights.
func (c *trial) brokenCode() {
	k := c.timer(when, hyper)
	nan := math.NaN()
	ml, z := c.in("ml", 2, 4, values(nan, 1, 1, 1, 1, 1, 1, nan)), c.out("z", 4, 2)
	kl, dz, dml := c.out("kl", 1, 2), c.in("dz", 4, 2, c.normal), c.out("dml", 2, 4)
	rows, fine := c.in("rows", 4, 1, values(1, nan, 1, 1)), c.in("ml", 2, 4, c.normal)
	w, bound, drawn := c.out("w", 4, 1), c.out("bound", 2, 1), c.in("z", 4, 2, c.normal)
	c.both(func(d side) {
		n := d.noise(k, backend.StreamCode, 0)
		d.Enqueue(backend.Reparam{Z: d.t(z), ML: d.t(ml), Noise: n})
		d.Enqueue(backend.GaussianKL{KL: d.t(kl), ML: d.t(ml)})
		d.Enqueue(backend.ReparamBack{DML: d.t(dml), DZ: d.t(dz), ML: d.t(ml), KL: d.t(kl), Noise: n, FreeBits: 0.1, Scale: 1})
		d.Enqueue(backend.ImportanceWeights{W: d.t(w), Bound: d.t(bound), Rows: d.t(rows), Z: d.t(drawn), ML: d.t(fine), Noise: n})
	})
	c.close(z, orNaN(sized(8)), "Reparam")
	c.close(kl, orNaN(few), "GaussianKL")
	c.close(dml, orNaN(sized(8)), "ReparamBack")
	c.close(w, orNaN(sized(32)), "ImportanceWeights")
	c.close(bound, orNaN(sized(32)), "ImportanceWeights")
}

func (c *trial) brokenSums() {
	v, m := c.in("v", 5, 7, func(i int) float64 { return []float64{1, math.NaN()}[i/33] }), c.in("m", 1, 7, values(0.1, math.NaN(), 0.2))
	dv, dh, means, s := c.out("dv", 5, 7), c.inout("dh", 5, 7, c.normal), c.out("means", 1, 7), c.total(5)
	l1 := c.inout("dh", 5, 7, c.normal)
	c.both(func(d side) {
		d.Enqueue(backend.Accumulate{Sums: d.s(s), V: d.t(v), Scale: 1})
		d.Enqueue(backend.SparseKL{DH: d.t(dh), Sums: d.s(s), Slot: 1, M: d.t(m), Rho: 0.05, Scale: slope})
		d.Enqueue(backend.L1{DH: d.t(l1), Sums: d.s(s), Slot: 2, H: d.t(v), Share: share, Scale: slope})
		d.Enqueue(backend.SquareSum{DV: d.t(dv), Sums: d.s(s), Slot: 3, V: d.t(v), Share: share, Scale: slope})
		d.Enqueue(backend.ColumnMeans{M: d.t(means), H: d.t(v)})
	})
	for i, x := range readSums(c.dev, s.on[0])[:4] {
		if !math.IsNaN(x) {
			c.Errorf("the sum of a NaN is %v (%s)", x, []string{"Accumulate", "SparseKL", "L1", "SquareSum"}[i])
		}
	}
	c.close(dh, orNaN(sized(16)), "SparseKL")
	c.close(dv, orNaN(twice), "SquareSum")
	c.close(means, orNaN(few), "ColumnMeans")
}
