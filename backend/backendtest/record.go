package backendtest

import (
	"github.com/aegpu/aegpu/backend"
)

// sizes of networks: batch, width, hidden, latent. One has even sides.
var networks = []shape{{4, 7, 5, 2}, {8, 64, 64, 32}, {33, 130, 67, 9}}

func (r *rig) eachNetwork(f func(c *trial, s shape)) {
	for i, s := range networks {
		if i > 1 && r.short() || i > 0 && r.suite.only != "" {
			break
		}
		r.sub(s.String(), func(r *rig) {
			r.even = i == 1
			r.try(func(c *trial) { f(c, s) })
		})
	}
}

// testRecord compares a recorded step with the same step enqueued each time, and
// with another recording of it, and one step with the reference.
func testRecord(r *rig) {
	r.eachNetwork(func(c *trial, s shape) { c.oneStep(s) })
	r.eachNetwork(func(c *trial, s shape) { c.replay(s) })
}

func (c *trial) oneStep(s shape) {
	n := c.network(s[0], s[1], s[2], s[3])
	c.both(n.step)
	tol := Tol{Abs: c.suite.step(s)}
	c.close(n.grads, tol, "one step")
	c.close(n.params, tol, "one step")
}

// step is the error that a step of a network makes on the way from the data to the
// parameters: a few times that of its longest product.
func (s Suite) step(n shape) float64 {
	return 20 * (s.Products.unit() + float64(max(n[0], n[1])+8)*eps)
}

// replay records, launches, sets the clock in between, and launches again, next to
// the same steps enqueued each time and to another recording launched singly, which
// gives the same bits on every device.
func (c *trial) replay(s shape) {
	eager, recorded, single := c.network(s[0], s[1], s[2], s[3]), c.network(s[0], s[1], s[2], s[3]), c.network(s[0], s[1], s[2], s[3])
	d := side{c.dev, 0}
	before := recorded.state(c)
	p, err := c.dev.Record(func() { recorded.step(d) })
	if err != nil {
		c.Fatalf("Record: %v", err)
	}
	p.Launch(0)
	c.same("recording, and launching no times", before, recorded.state(c))

	one, err := c.dev.Record(func() { single.step(d) })
	if err != nil {
		c.Fatalf("Record: %v", err)
	}
	for range 6 {
		eager.step(d)
		one.Launch(1)
	}
	p.Launch(1)
	p.Launch(2)
	p.Launch(3)
	c.alike("6 launches", eager, recorded)
	c.same("6 single launches", single.state(c), recorded.state(c))

	t := when
	t.Row, t.Epoch = 3, 4
	for _, n := range []*network{eager, recorded} {
		c.dev.SetClock(d.c(n.k), t, schedule(2, n.o)[1:])
	}
	eager.step(d)
	eager.step(d)
	p.Launch(2)
	c.alike("2 launches at another time", eager, recorded)
	one.Free()
	p.Free()
	p.Free()
	c.both(func(side) {})
}

// alike demands of a recorded network the bits of one whose steps were enqueued
// each time. Where the device fuses, the two are as two devices: another epilogue is
// another algorithm, which adds up in another order, and what only products read is
// rounded for them where it is made. They may then differ by what one step may be
// off by: the learning rates of the steps add up to no more than a few times the
// first one, and Adam's eps, 1e-3, is far above what rounding makes of a gradient.
// The guard holds squares, and of small gradients.
func (c *trial) alike(what string, eager, recorded *network) {
	c.Helper()
	if !c.suite.Fuses {
		c.same(what, eager.state(c), recorded.state(c))
		return
	}
	allowed := c.suite.step(recorded.shape())
	near := func(name string, got, want []float64, allowed float64) {
		if err := Close(got, want, Tol{Abs: allowed, Rel: allowed}); err != nil {
			c.Errorf("%s: %s: %v", what, name, err)
		}
	}
	near("params", c.got(recorded.params), c.got(eager.params), allowed)
	near("m", c.got(recorded.m), c.got(eager.m), allowed)
	near("v", c.got(recorded.v), c.got(eager.v), allowed)
	near("sums", readSums(c.dev, recorded.sums.on[0]), readSums(c.dev, eager.sums.on[0]), allowed)
	near("guard", readSums(c.dev, recorded.guard.on[0]), readSums(c.dev, eager.guard.on[0]), 4*allowed)
}

// same demands equal bits.
func (c *trial) same(what string, want, got []float64) {
	c.Helper()
	if err := Close(got, want, exact); err != nil {
		c.Errorf("%s: params, moments, sums and guard: %v", what, err)
	}
}

// testDeterministic trains the same network twice, also on another device, and
// demands the same bits: of steps enqueued one by one, and of recorded ones.
func testDeterministic(r *rig) {
	r.eachNetwork(func(c *trial, s shape) {
		run := func(c *trial) []float64 {
			n, again := c.network(s[0], s[1], s[2], s[3]), c.network(s[0], s[1], s[2], s[3])
			d := side{c.dev, 0}
			for range 3 {
				n.step(d)
			}
			c.recorded(d, 3, func() { again.step(d) })
			return append(n.state(c), again.state(c)...)
		}
		first := run(c)
		c.same("the same again", first, run(c))
		other := newRig(c.tester, c.suite, func(tester) backend.Device { return c.open() })
		defer other.close()
		other.even = c.even
		other.try(func(o *trial) { c.same("the same on another device", first, run(o)) })
		c.both(func(side) {})
	})
}
