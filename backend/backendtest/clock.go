package backendtest

import "github.com/aegpu/aegpu/backend"

// testClock reads the clock through what depends on it: the table through the
// learning rate, the step through noise, the row through Gather.
func testClock(r *rig) {
	r.sub("Table", func(r *rig) {
		for rows := range 5 {
			r.try(func(c *trial) { c.table(rows) })
		}
	})
	r.sub("Again", func(r *rig) { r.try((*trial).setAgain) })
	r.sub("Tick", func(r *rig) { r.try((*trial).ticks) })
}

// table walks past the end of a table of n rows.
func (c *trial) table(n int) {
	table := make([]backend.Hyper, n)
	for i := range table {
		table[i].LR = float32(int(1) << i)
	}
	k := c.timer(when, table...)
	p, g, s := c.inout("params", 1, 3, constant(0)), c.in("grads", 1, 3, constant(-1)), c.quiet(1)
	for step := range 7 {
		c.both(func(d side) {
			d.Enqueue(backend.Update{Params: d.t(p), Grads: d.t(g), Optimiser: backend.Optimiser{Kind: backend.SGD}, Guard: d.s(s), Clock: d.c(k)})
			d.Enqueue(backend.Tick{Clock: d.c(k), Rows: 10})
		})
		c.close(p, exact, "after step %d of a table of %d", step, n)
	}
}

// quiet is a guard of n tensors that has seen nothing wrong.
func (c *trial) quiet(n int) *total {
	s := c.total(backend.GuardNorm + n)
	for i, d := range []backend.Device{c.dev, c.ref, c.size} {
		d.Enqueue(backend.ZeroSums{Sums: s.on[i]})
	}
	return s
}

// setAgain sets a clock that has moved: everything starts anew.
func (c *trial) setAgain() {
	k := c.timer(when, backend.Hyper{LR: 1}, backend.Hyper{LR: 2}, backend.Hyper{LR: 4})
	p, g, s := c.inout("params", 1, 3, constant(0)), c.in("grads", 1, 3, constant(-1)), c.quiet(1)
	v := c.out("probes", 5, 7)
	step := func(d side) {
		d.Enqueue(backend.Tick{Clock: d.c(k), Rows: 1})
		d.Enqueue(backend.Update{Params: d.t(p), Grads: d.t(g), Optimiser: backend.Optimiser{Kind: backend.SGD}, Guard: d.s(s), Clock: d.c(k)})
		d.Enqueue(backend.Probes{V: d.t(v), Batch: 1, Noise: d.noise(k, backend.StreamProbe, 0)})
	}
	c.both(step)
	c.both(step)
	c.both(func(d side) {
		d.SetClock(d.c(k), backend.Time{Seed: 1, Step: 9}, []backend.Hyper{{LR: 16}, {LR: 32}})
		step(d)
	})
	c.close(p, exact, "after SetClock")
	c.close(v, exact, "after SetClock")
	c.both(func(d side) {
		d.SetClock(d.c(k), backend.Time{Seed: 1, Step: 9}, nil)
		step(d)
	})
	c.close(p, exact, "after SetClock with an empty table")
}

// ticks carries step and row over 32 bits.
func (c *trial) ticks() {
	t := when
	t.Step = 0xFFFFFFFE
	k := c.timer(t)
	v, x := c.out("probes", 3, 5), c.out("clean", 4, 1)
	data := c.in("data", 40, 1, func(i int) float64 { return float64(i) })
	for step := range 5 {
		c.both(func(d side) {
			d.Enqueue(backend.Probes{V: d.t(v), Batch: 1, Noise: d.noise(k, backend.StreamProbe, 0)})
			d.Enqueue(backend.Gather{Clean: d.t(x), Data: d.t(data).Data(), Batch: backend.Batch{Clock: d.c(k)}})
			d.Enqueue(backend.Tick{Clock: d.c(k), Rows: 7})
		})
		c.close(v, exact, "step %d", step)
		c.close(x, exact, "step %d", step)
	}
}
