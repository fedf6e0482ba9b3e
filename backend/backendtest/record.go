package backendtest

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// sizes of networks: batch, width, hidden, latent.
var networks = [][4]int{{4, 7, 5, 2}, {33, 130, 67, 9}}

func (r *rig) eachNetwork(f func(c *trial, s [4]int)) {
	for i, s := range networks {
		if i > 0 && r.short() {
			break
		}
		r.sub(fmt.Sprint(s), func(r *rig) { r.try(func(c *trial) { f(c, s) }) })
	}
}

// testRecord compares a recorded step with the same step enqueued each time, bit
// for bit, and one step with the reference.
func testRecord(r *rig) {
	r.eachNetwork(func(c *trial, s [4]int) { c.oneStep(s) })
	r.eachNetwork(func(c *trial, s [4]int) { c.replay(s) })
}

func (c *trial) oneStep(s [4]int) {
	n := c.network(s[0], s[1], s[2], s[3])
	c.both(n.step)
	// A step's errors on the way from the data to the parameters: a few times those
	// of its longest product.
	tol := Tol{Abs: 20 * (c.suite.Products.unit() + float64(max(s[0], s[1]))*eps)}
	c.close(n.grads, tol, "one step")
	c.close(n.params, tol, "one step")
}

// replay records, launches, sets the clock in between, and launches again, next to
// the same steps enqueued each time and to another recording launched singly.
func (c *trial) replay(s [4]int) {
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
// each time; in bfloat16, where both may round differently, the parameters within
// what that makes of them in some steps.
func (c *trial) alike(what string, eager, recorded *network) {
	c.Helper()
	if c.suite.Products != BF16 {
		c.same(what, eager.state(c), recorded.state(c))
		return
	}
	if err := Close(c.got(recorded.params), c.got(eager.params), Tol{Abs: 20 * BF16.unit()}); err != nil {
		c.Errorf("%s: params: %v", what, err)
	}
}

// same demands equal bits.
func (c *trial) same(what string, want, got []float64) {
	c.Helper()
	if err := Close(got, want, exact); err != nil {
		c.Errorf("%s: params, moments, sums and guard: %v", what, err)
	}
}

// testDeterministic trains the same network twice, also on another device, and
// demands the same bits.
func testDeterministic(r *rig) {
	r.eachNetwork(func(c *trial, s [4]int) {
		run := func(c *trial) []float64 {
			n := c.network(s[0], s[1], s[2], s[3])
			for range 5 {
				n.step(side{c.dev, 0})
			}
			return n.state(c)
		}
		first := run(c)
		c.same("the same again", first, run(c))
		other := newRig(c.tester, c.suite, func(tester) backend.Device { return c.open() })
		defer other.close()
		other.try(func(o *trial) { c.same("the same on another device", first, run(o)) })
		c.both(func(side) {})
	})
}
