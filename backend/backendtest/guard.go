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
	d.Gather(x, d.t(nil), d.t(n.data).Data(), backend.Batch{Clock: d.c(n.k)})
	d.Linear(h1, d.t(nil), x, n.w[0](p), n.b[0](p), relu, false)
	d.Linear(h2, d.t(nil), h1, n.w[1](p), n.b[1](p), relu, false)
	d.Linear(out, d.t(nil), h2, n.w[2](p), n.b[2](p), backend.Identity, false)
	d.Loss(out, d.t(n.rows), out, d.t(n.target), backend.SquaredError, 1.0/stackBatch)
	d.LinearBackWeights(n.w[2](g), n.b[2](g), out, h2, false, false)
	d.LinearBackInput(dh2, out, n.w[2](p), h2, relu, false)
	d.LinearBackWeights(n.w[1](g), n.b[1](g), dh2, h1, false, false)
	d.LinearBackInput(dh1, dh2, n.w[1](p), h1, relu, false)
	d.LinearBackWeights(n.w[0](g), n.b[0](g), dh1, x, false, false)
	d.Check(d.s(n.guard), g, n.ends, d.t(n.rows), d.c(n.k))
	if n.o.Kind == backend.LAMB {
		d.UpdateLAMB(p, g, d.t(n.m), d.t(n.v), n.ends, d.s(n.trust), n.o, d.s(n.guard), d.c(n.k))
	} else {
		d.Update(p, g, d.t(n.m), d.t(n.v), n.o, d.s(n.guard), d.c(n.k))
	}
	d.Tick(d.c(n.k), stackBatch)
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
