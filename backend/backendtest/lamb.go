package backendtest

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

func testLAMB(r *rig) {
	r.each(counts(), func(r *rig, s shape) {
		n := s[0]
		// The weights end with a tensor, within one, and nowhere.
		o := lambRule([]int{r.ends(n)[0], n - n/7, n}[r.turn%3], 0)
		for _, i := range r.some(3, 1) {
			o.Clip, o.WeightDecay = []float32{0, 1e6, 0.5}[i], []float32{o.WeightDecay, o.WeightDecay, 0}[i]
			r.try(func(c *trial) { c.lamb(n, o) })
		}
	})
	r.try((*trial).lambStopped)
	r.try((*trial).lambWithoutNorms)
}

// lambRule is LAMB with those settings.
func lambRule(decayed int, clip float32) backend.Optimiser {
	o := optimiser(backend.LAMB)
	o.Decayed, o.Clip = decayed, clip
	return o
}

// ratios are trust ratios of n tensors, which hold something else.
func (c *trial) ratios(n int) *total { return c.total(n) }

// closeTrust compares trust ratios: quotients of roots of sums of one sign, of
// directions that a device rounds a few times.
func (c *trial) closeTrust(s *total, what string) {
	c.Helper()
	if err := Close(readSums(c.dev, s.on[0]), readSums(c.ref, s.on[1]), Tol{Rel: 64 * eps}); err != nil {
		c.Errorf("%s: the trust ratios: %v", what, err)
	}
}

// lamb takes several steps, with fresh gradients and their norms.
func (c *trial) lamb(n int, o backend.Optimiser) {
	const steps = 4
	k := c.timer(when, schedule(steps-1, o)...)
	// Parameters and gradients of one sign: a direction that cancels out would have
	// no digits for its own norm to be compared by.
	p, rows, e := c.inout("params", 1, n, c.uniform(1, 2)), c.in("rows", 3, 1, c.normal), c.ends(n)
	m, v := c.moments(o.Kind, n, constant(0))
	s, trust := c.quiet(len(e)), c.ratios(len(e))
	for step := range steps {
		g := c.inout("grads", 1, n, c.uniform(0.1, 2))
		c.both(func(d side) {
			d.Enqueue(backend.Check{Guard: d.s(s), Grads: d.t(g), Ends: e, Rows: d.t(rows), Clock: d.c(k)})
			d.Enqueue(backend.UpdateLAMB{Params: d.t(p), Grads: d.t(g), M: d.t(m), V: d.t(v), Ends: e, Trust: d.s(trust), Optimiser: o, Guard: d.s(s), Clock: d.c(k)})
			d.Enqueue(backend.Tick{Clock: d.c(k), Rows: 1})
		})
		what := fmt.Sprintf("lamb clip=%v decayed=%d by %v, step %d", o.Clip, o.Decayed, o.WeightDecay, step)
		for _, a := range []*arg{p, g, m, v} {
			c.close(a, sized(4), "%s", what)
		}
		c.closeTrust(trust, what)
	}
}

// lambStopped finds a guard that has seen a step that was not finite: nothing moves.
func (c *trial) lambStopped() {
	o := lambRule(20, 0)
	k := c.timer(when, schedule(2, o)...)
	p, g, s, trust := c.inout("params", 1, 37, c.normal), c.in("grads", 1, 37, c.normal), c.quiet(2), c.ratios(2)
	m, v := c.moments(o.Kind, 37, c.uniform(0, 1))
	p.fixed, m.fixed, v.fixed = true, true, true
	for i, d := range []backend.Device{c.dev, c.ref} {
		d.WriteSums(s.on[i], []float64{1, 2, 3, 4})
	}
	c.both(func(d side) {
		d.Enqueue(backend.UpdateLAMB{Params: d.t(p), Grads: d.t(g), M: d.t(m), V: d.t(v), Ends: []int{20, 37}, Trust: d.s(trust), Optimiser: o, Guard: d.s(s), Clock: d.c(k)})
	})
	c.closeTrust(trust, "lamb, stopped")
}

// lambWithoutNorms has a tensor whose parameters are all 0, an empty one, and one
// whose direction is 0: their ratio is 1, and no quotient.
func (c *trial) lambWithoutNorms() {
	o := lambRule(30, 1)
	o.WeightDecay = 0
	k := c.timer(when, schedule(2, o)...)
	p := c.inout("params", 1, 30, func(i int) float64 { return float64(i / 10) })
	g := c.inout("grads", 1, 30, func(i int) float64 { return float64(2 - i/10) })
	rows, e := c.in("rows", 1, 1, c.normal), []int{10, 10, 20, 30}
	m, v := c.moments(o.Kind, 30, constant(0))
	s, trust := c.quiet(len(e)), c.ratios(len(e))
	c.both(func(d side) {
		d.Enqueue(backend.Check{Guard: d.s(s), Grads: d.t(g), Ends: e, Rows: d.t(rows), Clock: d.c(k)})
		d.Enqueue(backend.UpdateLAMB{Params: d.t(p), Grads: d.t(g), M: d.t(m), V: d.t(v), Ends: e, Trust: d.s(trust), Optimiser: o, Guard: d.s(s), Clock: d.c(k)})
	})
	c.close(p, sized(4), "lamb without norms")
	c.closeTrust(trust, "lamb without norms")
	for t, ratio := range readSums(c.dev, trust.on[0]) {
		if (t != 2) != (ratio == 1) {
			c.Errorf("the trust ratio of tensor %d is %v", t, ratio)
		}
	}
}
