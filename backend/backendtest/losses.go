package backendtest

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

var lossKinds = []backend.LossKind{backend.SquaredError, backend.Bernoulli, backend.GaussianNLL, backend.Categorical}

func testLoss(r *rig) {
	r.each(shapes{ // batch, width, samples
		odd: []shape{{1, 1, 1}, {1, 2, 3}, {3, 5, 1}, {2, 7, 4}, {5, 16, 1}, {4, 33, 2}, {7, 31, 1}, {3, 10, 5},
			{2, 64, 1}},
		long: []shape{{17, 784, 3}, {300, 3, 1}},
		even: []shape{{1, 256, 2}, {64, 4, 1}, {64, 64, 1}, {1, 1024, 2}, {3, 128, 1}, {128, 4, 1}, {256, 3, 1},
			{1, 512, 1}, {512, 2, 1}, {1024, 1, 1}},
		most: shape{20, 200, 3},
	}, func(r *rig, s shape) {
		options := []int{0, 1, 2}
		if r.few {
			options = [][]int{{0}, {1}, {2, 0}}[r.turn%3]
		}
		for _, kind := range lossKinds {
			for _, option := range options {
				r.try(func(c *trial) { c.loss(s[0], s[1], s[2], kind, option) })
			}
		}
	})
	r.sub("Correct", (*rig).testCorrect)
}

// target is a batch that a loss of that kind may aim at.
func (c *trial) target(batch, width int, kind backend.LossKind) *arg {
	switch kind {
	case backend.Bernoulli:
		return c.in("target", batch, width, c.uniform(0, 1))
	case backend.Categorical:
		return c.in("target", batch, 1, func(int) float64 { return float64(c.rng.IntN(width)) })
	}
	return c.in("target", batch, width, c.normal)
}

// loss writes its gradient to a buffer of its own, over its input, or nowhere.
func (c *trial) loss(batch, width, samples int, kind backend.LossKind, option int) {
	const scale = 0.37
	cols := width
	if kind == backend.GaussianNLL {
		cols *= 2
	}
	spread := func(i int) float64 { return c.normal(i) * []float64{1, 3, 0.1}[i%3] }
	target, rows := c.target(batch, width, kind), c.out("rows", batch*samples, 1)
	out, dout := c.inout("out", batch*samples, cols, spread), c.out("dout", batch*samples, cols)
	switch option {
	case 0:
		out.fixed = true
	case 1:
		dout = out
	case 2:
		out.fixed, dout = true, nil
	}
	terms, slopes := lossSizes(c, kind, out, target)
	c.both(func(d side) {
		d.Enqueue(backend.Loss{DOut: d.t(dout), Rows: d.t(rows), Out: d.t(out), Target: d.t(target), Kind: kind, Scale: scale})
	})
	c.close(rows, scaled(terms), "Loss %v option %d", kind, option)
	if dout != nil {
		c.close(dout, scaled(slopes), "Loss %v option %d", kind, option)
	}
}

// lossSizes is the size of the terms of each row's loss and of each gradient.
func lossSizes(c *trial, kind backend.LossKind, out, target *arg) (terms, slopes []float64) {
	o, x, cols := c.want(out), c.want(target), out.on[0].Cols
	terms, slopes = make([]float64, out.on[0].Rows), make([]float64, len(o))
	width := target.on[0].Cols
	for i := range o {
		r, j := i/cols, i%cols
		b := r / (out.on[0].Rows / target.on[0].Rows)
		switch kind {
		case backend.GaussianNLL:
			e, v := math.Abs(x[b*width+j%width]-o[r*cols+j%width]), math.Exp(-o[r*cols+width+j%width])
			slopes[i] = 1 + math.Abs(o[i]) + e*v + e*e*v
			terms[r] += e*e*v + math.Abs(o[i]) + 2
		case backend.Categorical:
			if j == 0 {
				softmaxSizes(slopes[i:i+cols], o[i:i+cols])
			}
			if j == int(x[b]) {
				slopes[i]++
			}
			terms[r] += math.Abs(o[i]) + 1
		default:
			slopes[i] = 1 + math.Abs(o[i])
			terms[r] += math.Abs(o[i])*(1+math.Abs(x[b*width+j])) + 1
		}
	}
	return terms, slopes
}

// softmaxSizes are the sizes of a softmax's shares of logits o: of each as much as
// of its exponent. Of many each is small, and still has all its digits.
func softmaxSizes(sizes, o []float64) {
	sum, top := 0.0, 0.0
	for _, v := range o {
		sum, top = sum+math.Exp(v), max(top, math.Abs(v))
	}
	for j, v := range o {
		sizes[j] = math.Exp(v) / sum * (2 + 2*top)
	}
}

// testCorrect counts, with ties on purpose: logits take few values.
func (r *rig) testCorrect() {
	r.each(shapes{
		odd:  []shape{{1, 1}, {3, 2}, {17, 10}, {64, 33}, {301, 3}, {5, 64}},
		even: evenPairs(),
		most: shape{40, 200},
	}, func(r *rig, s shape) {
		r.try(func(c *trial) {
			logits := c.in("logits", s[0], s[1], func(int) float64 { return float64(c.rng.IntN(3)) - 1 })
			target, sum := c.target(s[0], s[1], backend.Categorical), c.total(3)
			c.both(func(d side) {
				d.Enqueue(backend.Correct{Sums: d.s(sum), Slot: 1, Logits: d.t(logits), Target: d.t(target)})
			})
			c.closeSums(sum, 1, 0, "Correct")
		})
	})
}

// testSums adds up tensors.
func testSums(r *rig) {
	r.each(lengths(), func(r *rig, n shape) {
		r.try(func(c *trial) {
			v, sum := c.in("v", n[0], n[1], c.normal), c.total(3)
			size := 0.0
			for _, x := range c.want(v) {
				size += math.Abs(x)
			}
			c.both(func(d side) {
				d.Enqueue(backend.Accumulate{Sums: d.s(sum), Slot: 2, V: d.t(v), Scale: 0.3})
				d.Enqueue(backend.Accumulate{Sums: d.s(sum), Slot: 2, V: d.t(v), Scale: 0.4})
			})
			c.closeSums(sum, 2, size, "Accumulate")
		})
	})
}
