package backendtest

import (
	"fmt"
	"math"

	"github.com/aegpu/aegpu/backend"
)

// What a device does as one of several ranks, each with its own rows of a batch.

// part is the rows of a batch that are one rank's.
type part struct{ batch, lo, rows int }

// of is what t has of them, so many rows an example.
func (p part) of(t backend.Tensor) backend.Tensor {
	if t.None() {
		return t
	}
	k := t.Rows / p.batch
	return t.Slice(p.lo*k*t.Cols, p.rows*k, t.Cols)
}

// testShares computes batches as three ranks do, one after the other: their shares are the
// whole batch, to the bit.
func testShares(r *rig) {
	r.each(shapes{ // batch, width, samples
		odd:  []shape{{1, 1, 1}, {4, 3, 1}, {5, 8, 2}, {9, 3, 1}, {13, 7, 5}, {12, 33, 1}, {31, 5, 3}},
		long: []shape{{70, 257, 2}},
		even: []shape{{8, 64, 1}, {64, 16, 2}, {256, 4, 1}, {16, 128, 1}},
		most: shape{40, 100, 3},
	}, func(r *rig, s shape) {
		for _, first := range r.firsts() {
			r.try(func(c *trial) { c.batchInShares(s[0], s[1], first) })
			r.try(func(c *trial) { c.codeInShares(s[0], s[1], s[2], first) })
		}
	})
}

// inShares demands the same bits of the whole batch and of its shares, of which f computes
// one: a tensor's noise begins at a given element of the whole one.
func (c *trial) inShares(batch int, outs []*arg, f func(p part)) {
	c.Helper()
	f(part{batch, 0, batch})
	var want [][]float64
	for _, a := range outs {
		want = append(want, c.got(a))
		c.dev.Upload(a.block, a.before)
	}
	for rank := range 3 {
		if lo, hi := (backend.Share{Rank: rank, Size: 3}).Of(batch); lo < hi {
			f(part{batch, lo, hi - lo})
		}
	}
	for i, a := range outs {
		if err := Close(c.got(a), want[i], exact); err != nil {
			c.Errorf("shares of a batch of %d: %s (%v): %v", batch, a.name, a.on[0], err)
		}
	}
	c.both(func(side) {})
}

// batchInShares gathers a batch with every corruption, and drops some of it.
func (c *trial) batchInShares(batch, width, first int) {
	d, k := side{c.dev, 0}, c.timer(when)
	data := c.in("data", batch, width, c.uniform(0, 1))
	outs := []*arg{c.out("dropped", batch, width), c.out("signs", batch, width)}
	var clean, noisy []*arg
	for i := range 4 {
		clean = append(clean, c.out(fmt.Sprint("clean ", i), batch, width))
		noisy = append(noisy, c.out(fmt.Sprint("noisy ", i), batch, width))
	}
	c.inShares(batch, append(append(outs, clean...), noisy...), func(p part) {
		at := first + p.lo*width
		for i := range clean {
			spec := backend.Batch{Clock: d.c(k), Binarise: i%2 == 1, Corrupt: backend.CorruptionKind(i), Level: 0.3, Low: -1, High: 2, First: at}
			d.Enqueue(backend.Gather{Clean: p.of(d.t(clean[i])), Noisy: p.of(d.t(noisy[i])), Data: p.of(d.t(data)).Data(), Batch: spec})
		}
		d.Enqueue(backend.Dropout{Y: p.of(d.t(outs[0])), X: p.of(d.t(data)), Noise: d.noise(k, backend.StreamDropout, at), P: 0.4})
		d.Enqueue(backend.Probes{V: p.of(d.t(outs[1])), Batch: p.rows, Noise: d.noise(k, backend.StreamProbe, at)})
	})
}

// codeInShares draws codes, weighs them and takes the gradients back.
func (c *trial) codeInShares(batch, width, samples, first int) {
	d, k, n := side{c.dev, 0}, c.timer(when, hyper), batch*samples
	ml, dz, kl := c.gaussians(batch, width), c.in("dz", n, width, c.normal), c.in("kl", 1, width, c.uniform(0, 1))
	rows := c.in("rows", n, 1, c.uniform(20, 25))
	z, w, bound := c.out("z", n, width), c.out("w", n, 1), c.out("bound", batch, 1)
	dml, weighed := c.out("dml", batch, 2*width), c.out("dml of the bound", batch, 2*width)
	c.inShares(batch, []*arg{z, w, bound, dml, weighed}, func(p part) {
		of := func(a *arg) backend.Tensor { return p.of(d.t(a)) }
		noise := d.noise(k, backend.StreamCode, first+p.lo*samples*width)
		d.Enqueue(backend.Reparam{Z: of(z), ML: of(ml), Noise: noise})
		d.Enqueue(backend.ReparamBack{DML: of(dml), DZ: of(dz), ML: of(ml), KL: d.t(kl), Noise: noise, FreeBits: 0.5, Scale: slope})
		d.Enqueue(backend.ImportanceWeights{W: of(w), Bound: of(bound), Rows: of(rows), Z: of(z), ML: of(ml), Noise: noise})
		d.Enqueue(backend.ImportanceBack{DML: of(weighed), DZ: of(dz), Z: of(z), ML: of(ml), W: of(w), Noise: noise, Scale: slope})
	})
}

// testAllReduce: a device that is the only rank has nothing to add, by itself or in a
// step, before what reads it and after what writes it.
func testAllReduce(r *rig) {
	r.each(lengths(), func(r *rig, n shape) {
		r.try(func(c *trial) {
			v := c.in("v", n[0], n[1], func(i int) float64 {
				if i%5 == 2 {
					return math.Inf(1)
				}
				return c.normal(i)
			})
			c.both(func(d side) { d.Enqueue(backend.AllReduce{V: d.t(v)}) })
			step, sum := c.out("step", n[0], n[1]), c.inout("sum", n[0], n[1], constant(0))
			c.both(func(d side) {
				c.recorded(d, 2, func() {
					d.Enqueue(backend.Copy{Dst: d.t(step), Src: d.t(v)})
					d.Enqueue(backend.AllReduce{V: d.t(step)})
					d.Enqueue(backend.Add{Dst: d.t(sum), Src: d.t(step)})
				})
			})
			c.close(step, exact, "AllReduce in a step")
			c.close(sum, exact, "what follows an AllReduce in a step")
		})
	})
}
