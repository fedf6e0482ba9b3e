package backendtest

import (
	"fmt"
	"math"

	"github.com/aegpu/aegpu/backend"
)

// ends cuts n parameters into up to four tensors of awkward sizes, or of even ones.
func (r *rig) ends(n int) []int {
	cuts, at := []int{n}, []int{n * 2 / 3, n / 2, 1}
	if r.even {
		at = []int{n / 2, n / 4}
	}
	for _, cut := range at {
		if cut > 0 && cut < cuts[0] {
			cuts = append([]int{cut}, cuts...)
		}
	}
	return cuts
}

// counts are numbers of parameters.
func counts() shapes {
	return shapes{
		odd:  []shape{{1}, {2}, {5}, {31}, {64}, {257}},
		long: []shape{{5003}, {70001}},
		even: []shape{{64}, {256}, {128}, {512}, {1024}, {4096}},
		most: shape{2000},
	}
}

func testCheck(r *rig) {
	r.each(counts(), func(r *rig, s shape) { r.try(func(c *trial) { c.norms(s[0]) }) })
	bad := map[string]float64{"NaN": math.NaN(), "Inf": math.Inf(1), "-Inf": math.Inf(-1)}
	for name, v := range bad {
		for where := range 4 {
			r.sub(fmt.Sprintf("%s in %d", name, where), func(r *rig) {
				r.try(func(c *trial) { c.notFinite(v, where) })
			})
		}
	}
}

// closeGuard compares a guard. Its sums are of one sign, so that they have no
// terms that cancel, and NaN is part of what it says.
func (c *trial) closeGuard(s *total, what string) {
	c.Helper()
	got, want := readSums(c.dev, s.on[0]), readSums(c.ref, s.on[1])
	if err := Close(got, want, Tol{Rel: 32 * eps, NaN: true}); err != nil {
		c.Errorf("%s: the guard (step, loss, norms): %v", what, err)
	}
}

func (c *trial) norms(n int) {
	k := c.timer(when)
	batch := n%13 + 1
	if c.even {
		batch = min(n, 1024)
	}
	g, rows, e := c.in("grads", 1, n, c.normal), c.in("rows", batch, 1, c.uniform(1, 2)), c.ends(n)
	s := c.quiet(len(e))
	c.both(func(d side) {
		d.Enqueue(backend.Check{Guard: d.s(s), Grads: d.t(g), Ends: e, Rows: d.t(rows), Clock: d.c(k)})
	})
	c.closeGuard(s, "Check")
}

// notFinite takes a good step, one that is bad in the rows (where = 3) or in
// tensor where, and one that is bad elsewhere.
func (c *trial) notFinite(v float64, where int) {
	k := c.timer(when)
	g, rows, e := c.in("grads", 1, 60, c.normal), c.in("rows", 7, 1, c.uniform(1, 2)), []int{10, 33, 60}
	badGrads := c.in("bad grads", 1, 60, func(i int) float64 {
		if where < 3 && i == e[where]-1 {
			return v
		}
		return c.normal(i)
	})
	badRows := rows
	if where == 3 {
		badRows = c.in("bad rows", 5, 1, values(1, 2, 3, 4, v))
	}
	otherRows := c.in("other rows", 1, 1, constant(math.NaN()))
	s := c.quiet(len(e))
	for step, operands := range [][2]*arg{{g, rows}, {badGrads, badRows}, {g, otherRows}, {g, rows}} {
		c.both(func(d side) {
			d.Enqueue(backend.Check{Guard: d.s(s), Grads: d.t(operands[0]), Ends: e, Rows: d.t(operands[1]), Clock: d.c(k)})
			d.Enqueue(backend.Tick{Clock: d.c(k), Rows: 1})
		})
		c.closeGuard(s, fmt.Sprintf("step %d", step))
	}
	if at := readSums(c.dev, s.on[0])[backend.GuardStep]; at != float64(when.Step+2) {
		c.Errorf("the guard says step %v, want 1 + the second step's number, %v", at, when.Step+2)
	}
}

func testUpdate(r *rig) {
	for kind := backend.SGD; kind <= backend.AdamW; kind++ {
		r.sub(kind.String(), func(r *rig) {
			r.each(counts(), func(r *rig, s shape) {
				for _, i := range r.some(3, 1) {
					clip := []float32{0, 0.5, 1e6}[i]
					r.try(func(c *trial) { c.update(kind, s[0], []int{s[0], s[0] / 2, 0}[r.turn%3], clip) })
				}
			})
			r.try(func(c *trial) { c.stopped(kind) })
			r.try(func(c *trial) { c.noGradient(kind) })
		})
	}
}

func optimiser(kind backend.OptimiserKind) backend.Optimiser {
	return backend.Optimiser{Kind: kind, Beta1: 0.9, Beta2: 0.98, Eps: 1e-5, WeightDecay: 0.2}
}

// schedule is the hypers of n steps, with Adam's corrections.
func schedule(n int, o backend.Optimiser) []backend.Hyper {
	table := make([]backend.Hyper, n)
	for i := range table {
		t := float64(i + 1)
		table[i] = backend.Hyper{
			LR:       0.1 / float32(t),
			Momentum: 0.9 - 0.1*float32(i%2),
			Correct1: float32(1 / (1 - math.Pow(float64(o.Beta1), t))),
			Correct2: float32(1 / math.Sqrt(1-math.Pow(float64(o.Beta2), t))),
			KL:       0.7,
		}
	}
	return table
}

// moments are the buffers that a rule keeps; nil for the others.
func (c *trial) moments(kind backend.OptimiserKind, n int, gen func(int) float64) (m, v *arg) {
	if kind.Moments() > 0 {
		m = c.inout("m", 1, n, gen)
	}
	if kind.Moments() > 1 {
		v = c.inout("v", 1, n, gen)
	}
	return m, v
}

// update takes several steps, with fresh gradients and their norms.
func (c *trial) update(kind backend.OptimiserKind, n, decayed int, clip float32) {
	const steps = 4
	o := optimiser(kind)
	o.Clip, o.Decayed = clip, decayed
	k := c.timer(when, schedule(steps-1, o)...)
	p, rows, e := c.inout("params", 1, n, c.normal), c.in("rows", 3, 1, c.normal), c.ends(n)
	m, v := c.moments(kind, n, constant(0))
	s := c.quiet(len(e))
	for step := range steps {
		g := c.in("grads", 1, n, c.normal)
		c.both(func(d side) {
			d.Enqueue(backend.Check{Guard: d.s(s), Grads: d.t(g), Ends: e, Rows: d.t(rows), Clock: d.c(k)})
			d.Enqueue(backend.Update{Params: d.t(p), Grads: d.t(g), M: d.t(m), V: d.t(v), Optimiser: o, Guard: d.s(s), Clock: d.c(k)})
			d.Enqueue(backend.Tick{Clock: d.c(k), Rows: 1})
		})
		for _, a := range []*arg{p, m, v} {
			if a != nil {
				// Sums of a few steps' terms of the order of one.
				c.close(a, sized(4), "%v clip=%v decayed=%d, step %d", kind, clip, decayed, step)
			}
		}
	}
}

// stopped finds a guard that has seen a step that was not finite: nothing moves.
func (c *trial) stopped(kind backend.OptimiserKind) {
	o := optimiser(kind)
	o.Decayed = 20
	k := c.timer(when, schedule(2, o)...)
	p, g, s := c.inout("params", 1, 37, c.normal), c.in("grads", 1, 37, constant(math.NaN())), c.quiet(1)
	m, v := c.moments(kind, 37, c.uniform(0, 1))
	for _, a := range []*arg{p, m, v} {
		if a != nil {
			a.fixed = true
		}
	}
	for i, d := range []backend.Device{c.dev, c.ref} {
		d.WriteSums(s.on[i], []float64{1, 2, 3})
	}
	c.both(func(d side) {
		d.Enqueue(backend.Update{Params: d.t(p), Grads: d.t(g), M: d.t(m), V: d.t(v), Optimiser: o, Guard: d.s(s), Clock: d.c(k)})
	})
}

// noGradient clips a gradient of norm 0, which is not a division by it.
func (c *trial) noGradient(kind backend.OptimiserKind) {
	o := optimiser(kind)
	o.Clip = 1
	k := c.timer(when, schedule(2, o)...)
	p, g, rows, s := c.inout("params", 1, 9, c.normal), c.in("grads", 1, 9, constant(0)), c.in("rows", 1, 1, c.normal), c.quiet(1)
	m, v := c.moments(kind, 9, constant(0))
	c.both(func(d side) {
		d.Enqueue(backend.Check{Guard: d.s(s), Grads: d.t(g), Ends: []int{9}, Rows: d.t(rows), Clock: d.c(k)})
		d.Enqueue(backend.Update{Params: d.t(p), Grads: d.t(g), M: d.t(m), V: d.t(v), Optimiser: o, Guard: d.s(s), Clock: d.c(k)})
	})
	c.close(p, once, "%v without a gradient", kind)
}
