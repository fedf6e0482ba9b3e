package backendtest

import (
	"fmt"
	"math"
	"slices"

	"github.com/aegpu/aegpu/backend"
)

// testGuard takes steps of a network with ReLU layers, in which a NaN turns up. A
// ReLU that is the end of a product may make 0 of it, so that neither the loss nor
// a gradient shows it; still the step is noted, and the parameters stand still from
// then on.
func testGuard(r *rig) {
	places := []string{"w1", "b1", "w2", "b2", "w3", "b3", "data"}
	for _, kind := range []backend.OptimiserKind{backend.SGD, backend.Adam, backend.LAMB} {
		for i, place := range places {
			for _, recorded := range []bool{false, true} {
				if r.short() && (int(kind)+i)%3 != 0 {
					continue
				}
				r.sub(fmt.Sprintf("%v %s recorded=%v", kind, place, recorded), func(r *rig) {
					r.try(func(c *trial) { c.poisoned(kind, i, recorded) })
				})
			}
		}
	}
}

// stack is a network of two hidden layers with ReLU.
type stack struct {
	k                        *timer
	o                        backend.Optimiser
	data, target             *arg
	params, grads, m, v      *arg
	x, h1, h2, out, dh1, dh2 *arg
	rows                     *arg
	guard, trust             *total
	w, b                     [3]func(backend.Tensor) backend.Tensor
	ends                     []int
}

const stackBatch, stackIn, stackOut = 4, 6, 3

var stackWidths = []int{stackIn, 5, 7, stackOut}

func (c *trial) stack(kind backend.OptimiserKind) *stack {
	n := &stack{o: optimiser(kind)}
	at := 0
	next := func(rows, cols int) func(backend.Tensor) backend.Tensor {
		begin := at
		at += rows * cols
		n.ends = append(n.ends, at)
		return func(all backend.Tensor) backend.Tensor { return all.Slice(begin, rows, cols) }
	}
	for i := range n.w {
		in, out := stackWidths[i], stackWidths[i+1]
		n.w[i], n.b[i] = next(out, in), next(1, out)
	}
	n.o.Decayed = at
	n.k = c.timer(when, schedule(8, n.o)...)
	n.data = c.inout("data", 6*stackBatch, stackIn, c.uniform(0.1, 1))
	n.target = c.in("target", stackBatch, stackOut, c.normal)
	n.params, n.grads = c.inout("params", 1, at, c.uniform(-0.5, 0.9)), c.out("grads", 1, at)
	n.m, n.v = c.moments(kind, at, constant(0))
	n.x, n.h1, n.h2 = c.out("x", stackBatch, stackIn), c.out("h1", stackBatch, stackWidths[1]), c.out("h2", stackBatch, stackWidths[2])
	n.dh1, n.dh2 = c.out("dh1", stackBatch, stackWidths[1]), c.out("dh2", stackBatch, stackWidths[2])
	n.out, n.rows = c.out("out", stackBatch, stackOut), c.out("rows", stackBatch, 1)
	n.guard, n.trust = c.quiet(len(n.ends)), c.ratios(len(n.ends))
	return n
}

// step is one step of training.
func (n *stack) step(d side) {
	p, g, relu := d.t(n.params), d.t(n.grads), backend.ReLU
	x, h1, h2, out, dh1, dh2 := d.t(n.x), d.t(n.h1), d.t(n.h2), d.t(n.out), d.t(n.dh1), d.t(n.dh2)
	d.Enqueue(backend.Gather{Clean: x, Data: d.t(n.data).Data(), Batch: backend.Batch{Clock: d.c(n.k)}})
	d.Enqueue(backend.Linear{Y: h1, X: x, W: n.w[0](p), B: n.b[0](p), Act: relu})
	d.Enqueue(backend.Linear{Y: h2, X: h1, W: n.w[1](p), B: n.b[1](p), Act: relu})
	d.Enqueue(backend.Linear{Y: out, X: h2, W: n.w[2](p), B: n.b[2](p)})
	d.Enqueue(backend.Loss{DOut: out, Rows: d.t(n.rows), Out: out, Target: d.t(n.target), Kind: backend.SquaredError, Scale: 1.0 / stackBatch})
	d.Enqueue(backend.LinearBackWeights{DW: n.w[2](g), DB: n.b[2](g), DY: out, X: h2})
	d.Enqueue(backend.LinearBackInput{DX: dh2, DY: out, W: n.w[2](p), Saved: h2, Act: relu})
	d.Enqueue(backend.LinearBackWeights{DW: n.w[1](g), DB: n.b[1](g), DY: dh2, X: h1})
	d.Enqueue(backend.LinearBackInput{DX: dh1, DY: dh2, W: n.w[1](p), Saved: h1, Act: relu})
	d.Enqueue(backend.LinearBackWeights{DW: n.w[0](g), DB: n.b[0](g), DY: dh1, X: x})
	d.Enqueue(backend.Check{Guard: d.s(n.guard), Grads: g, Ends: n.ends, Rows: d.t(n.rows), Clock: d.c(n.k)})
	if n.o.Kind == backend.LAMB {
		d.Enqueue(backend.UpdateLAMB{Params: p, Grads: g, M: d.t(n.m), V: d.t(n.v), Ends: n.ends, Trust: d.s(n.trust), Optimiser: n.o, Guard: d.s(n.guard), Clock: d.c(n.k)})
	} else {
		d.Enqueue(backend.Update{Params: p, Grads: g, M: d.t(n.m), V: d.t(n.v), Optimiser: n.o, Guard: d.s(n.guard), Clock: d.c(n.k)})
	}
	d.Enqueue(backend.Tick{Clock: d.c(n.k), Rows: stackBatch})
}

// poisoned takes a good step, sets one parameter, or one number of the next batch,
// to NaN, and takes three more. What the bad step makes of the parameters is the
// device's: they stand still where Check notes it, and have moved once where only
// Update can.
func (c *trial) poisoned(kind backend.OptimiserKind, place int, recorded bool) {
	n, d := c.stack(kind), side{c.dev, 0}
	step := func() { n.step(d) }
	if recorded {
		p, err := c.dev.Record(step)
		if err != nil {
			c.Fatalf("Record: %v", err)
		}
		defer p.Free()
		step = func() { p.Launch(1) }
	}
	noted := func(want float64) {
		c.Helper()
		if at := readSums(c.dev, n.guard.on[0])[backend.GuardStep]; at != want {
			c.Errorf("the guard says step %v, want %v", at, want)
		}
	}
	before := c.got(n.params)
	step()
	noted(0)
	if slices.Equal(before, c.got(n.params)) {
		c.Errorf("the good step did not move the parameters")
	}
	if place < len(n.ends) {
		c.poison(n.params.on[0], n.ends[place]-1)
	} else {
		c.poison(n.data.on[0], stackBatch*stackIn+stackIn-1)
	}
	step()
	noted(float64(when.Step + 2))
	still := bits(c.got(n.params))
	step()
	step()
	noted(float64(when.Step + 2))
	if !slices.Equal(still, bits(c.got(n.params))) {
		c.Errorf("parameters moved after a step that was not finite")
	}
	c.both(func(side) {})
}

// poison sets one element of a tensor of the device to NaN.
func (c *trial) poison(t backend.Tensor, i int) {
	c.dev.Upload(t.Slice(i, 1, 1), []float32{float32(math.NaN())})
}

func bits(v []float64) []uint64 {
	b := make([]uint64, len(v))
	for i, x := range v {
		b[i] = math.Float64bits(x)
	}
	return b
}
