package backendtest

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// testKink states the one exception that comparisons of devices make, and that all
// others keep away from: what the derivative of ReLU is where the pre-activation is
// exactly 0.
func testKink(r *rig) {
	for option := range 4 {
		transposed, bias := option&1 != 0, option&2 != 0
		r.sub(fmt.Sprintf("transposed=%v bias=%v", transposed, bias), func(r *rig) {
			r.try(func(c *trial) { c.kink(transposed, bias) })
		})
	}
}

// kink has pre-activations of 0 among others of whole numbers. A step that was
// recorded with both passes may keep x > 0 or x >= 0 in place of y, and either
// one-sided derivative is right; wherever a device sees no more than y = 0, it is 0.
func (c *trial) kink(transposed, bias bool) {
	const b, in, out, next = 9, 4, 8, 5
	whole := func(int) float64 { return float64(c.rng.IntN(3) - 1) }
	shape := func(rows, cols int) (int, int) {
		if transposed {
			return cols, rows
		}
		return rows, cols
	}
	weights := func(name string, rows, cols int) *arg {
		rows, cols = shape(rows, cols)
		return c.in(name, rows, cols, whole)
	}
	x, w1, w2 := c.in("x", b, in, whole), weights("w1", out, in), weights("w2", next, out)
	dy, h, pre, plain := c.in("dy", b, next, whole), c.out("h", b, out), c.out("pre", b, out), c.out("plain", b, out)
	var bias1 *arg
	if bias {
		bias1 = c.in("b", 1, out, whole)
	}
	eager, recorded, given := c.out("dh", b, out), c.out("dh recorded", b, out), c.out("dh of h given", b, out)
	c.both(func(d side) {
		forward := func() {
			d.Enqueue(backend.Linear{Y: d.t(h), X: d.t(x), W: d.t(w1), B: d.t(bias1), Act: backend.ReLU, Transposed: transposed})
		}
		back := func(dh *arg) {
			d.Enqueue(backend.LinearBackInput{DX: d.t(dh), DY: d.t(dy), W: d.t(w2), Saved: d.t(h), Act: backend.ReLU, Transposed: transposed})
		}
		d.Enqueue(backend.Linear{Y: d.t(pre), X: d.t(x), W: d.t(w1), B: d.t(bias1), Transposed: transposed})
		d.Enqueue(backend.LinearBackInput{DX: d.t(plain), DY: d.t(dy), W: d.t(w2), Transposed: transposed})
		forward()
		back(eager)
		c.recorded(d, 1, func() { back(given) })
		c.recorded(d, 2, func() {
			forward()
			back(recorded)
		})
	})
	c.close(h, exact, "ReLU")
	c.close(eager, exact, "LinearBackInput of y = 0")
	c.close(given, exact, "LinearBackInput of y = 0, recorded without what made it")
	got, want, a, all, zeros := c.got(recorded), c.want(recorded), c.want(pre), c.want(plain), 0
	for i := range got {
		if a[i] == 0 && all[i] != 0 {
			zeros++
		}
		if got[i] != want[i] && (a[i] != 0 || got[i] != all[i]) {
			c.Errorf("recorded: the gradient by a pre-activation of %v is %v of %v", a[i], got[i], all[i])
		}
	}
	if zeros == 0 {
		c.Fatalf("no pre-activation is 0")
	}
}
