package backendtest

import (
	"cmp"
	"math"

	"github.com/aegpu/aegpu/backend"
)

// codes are batch, latent width and samples.
func codes() shapes {
	return shapes{
		odd:  []shape{{1, 1, 1}, {1, 1, 5}, {3, 2, 1}, {2, 5, 3}, {5, 8, 1}, {7, 13, 2}, {4, 33, 4}, {9, 3, 7}, {1, 64, 2}},
		long: []shape{{130, 64, 1}, {11, 20, 50}, {5, 257, 2}},
		even: []shape{{1, 256, 2}, {64, 4, 1}, {64, 64, 1}, {1, 1024, 2}, {2, 128, 2}, {128, 4, 1}, {256, 2, 1},
			{1, 512, 2}, {512, 1, 2}, {1024, 1, 1}},
		most: shape{9, 150, 4},
	}
}

// means and log-variances side by side. Some log-variances are beyond the clamp.
func (c *trial) gaussians(batch, width int) *arg {
	return c.in("ml", batch, 2*width, func(i int) float64 {
		if i%(2*width) >= width && i%13 == 5 {
			return []float64{-30, 30, -20, 20, 25}[i%5]
		}
		return c.normal(i)
	})
}

// hyper has the KL weight that ReparamBack reads.
var hyper = backend.Hyper{LR: 0.1, KL: 0.7}

func testReparam(r *rig) {
	r.each(codes(), func(r *rig, s shape) {
		for _, first := range r.firsts() {
			r.try(func(c *trial) { c.standard(s[0], s[1], s[2], first) })
			r.try(func(c *trial) { c.reparam(s[0], s[1], s[2], first) })
			for _, free := range []float32{0, 0.6} {
				r.try(func(c *trial) { c.reparamBack(s[0], s[1], s[2], first, free) })
			}
		}
		for _, of := range r.wholes(s[0]) {
			r.try(func(c *trial) { c.gaussianKL(s[0], s[1], of) })
		}
	})
}

// standard draws from N(0, 1): the contract's normals bit for bit.
func (c *trial) standard(batch, width, samples, first int) {
	k := c.timer(when)
	ml, z := c.in("ml", batch, 2*width, constant(0)), c.out("z", batch*samples, width)
	c.both(func(d side) {
		d.Enqueue(backend.Reparam{Z: d.t(z), ML: d.t(ml), Noise: d.noise(k, backend.StreamCode, first)})
	})
	if err := Close(c.got(z), normals(when, backend.StreamCode, first, z.on[0].Len()), exact); err != nil {
		c.Errorf("Reparam of mu = l = 0 is not the contract's normals from %d on: %v", first, err)
	}
}

func (c *trial) reparam(batch, width, samples, first int) {
	k := c.timer(when)
	ml, z := c.gaussians(batch, width), c.out("z", batch*samples, width)
	c.both(func(d side) {
		d.Enqueue(backend.Reparam{Z: d.t(z), ML: d.t(ml), Noise: d.noise(k, backend.StreamCode, first)})
	})
	// The size of z's terms: |mu| + |z - mu| <= 2 |mu| + |z|.
	size, mu := c.want(z), c.want(ml)
	for i := range size {
		b, j := i/width/samples, i%width
		size[i] = 2*math.Abs(mu[b*2*width+j]) + math.Abs(size[i])
	}
	c.close(z, scaled(size), "Reparam first=%d", first)
}

func (c *trial) gaussianKL(batch, width, of int) {
	ml, kl := c.gaussians(batch, width), c.out("kl", 1, width)
	c.both(func(d side) { d.Enqueue(backend.GaussianKL{KL: d.t(kl), ML: d.t(ml), Of: of}) })
	c.close(kl, scaled(klSizes(c.want(ml), batch, width, cmp.Or(of, batch))), "GaussianKL of=%d", of)
}

// klSizes is the mean of (mu^2 + e^l + 1 + |l|) / 2.
func klSizes(ml []float64, batch, width, of int) []float64 {
	size := make([]float64, width)
	for i := range batch * width {
		b, j := i/width, i%width
		mu, l := ml[b*2*width+j], ml[b*2*width+width+j]
		l = min(max(l, backend.MinLogVar), backend.MaxLogVar)
		size[j] += (mu*mu + math.Exp(l) + 1 + math.Abs(l)) / 2 / float64(of)
	}
	return size
}

func (c *trial) reparamBack(batch, width, samples, first int, free float32) {
	k := c.timer(when, hyper)
	ml, dz := c.gaussians(batch, width), c.in("dz", batch*samples, width, c.normal)
	dml := c.out("dml", batch, 2*width)
	// Divergences on, below and above the free bits.
	kl := c.in("kl", 1, width, func(i int) float64 { return float64(free) + float64(i%3-1)*0.1 })
	c.both(func(d side) {
		d.Enqueue(backend.ReparamBack{DML: d.t(dml), DZ: d.t(dz), ML: d.t(ml), KL: d.t(kl), Noise: d.noise(k, backend.StreamCode, first), FreeBits: free, Scale: 0.3})
	})
	c.close(dml, scaled(c.gradientSizes(ml, dz, nil, nil, samples)), "ReparamBack free=%v first=%d", free, first)
}

// gradientSizes bounds the terms of a gradient by (mu, l): those of the samples,
// with noise of at most 6, and those of the prior.
func (c *trial) gradientSizes(ml, dz, z, w *arg, samples int) []float64 {
	g, p := c.want(dz), c.want(ml)
	var weights, codes []float64
	if z != nil {
		weights, codes = c.want(w), c.want(z)
	}
	width := dz.on[0].Cols
	size := make([]float64, len(p))
	for i := range size {
		b, j := i/(2*width), i%(2*width)
		for k := range samples {
			at := (b*samples+k)*width + j%width
			size[i] += math.Abs(g[at])
			if z != nil {
				size[i] += weights[b*samples+k] * (1 + math.Abs(codes[at]))
			}
		}
		mu, l := math.Abs(p[b*2*width+j%width]), min(p[b*2*width+width+j%width], backend.MaxLogVar)
		if j >= width {
			size[i] = size[i]*3*math.Exp(l/2) + 1 + math.Exp(l)
		} else {
			size[i] += mu
		}
	}
	return size
}

func testImportance(r *rig) {
	r.each(codes(), func(r *rig, s shape) {
		for _, first := range r.firsts() {
			r.try(func(c *trial) { c.importanceWeights(s[0], s[1], s[2], first) })
			r.try(func(c *trial) { c.importanceBack(s[0], s[1], s[2], first) })
		}
	})
}

func (c *trial) importanceWeights(batch, width, samples, first int) {
	k := c.timer(when)
	n := batch * samples
	gen, losses := c.normal, c.uniform(20, 25)
	if c.even { // small terms beside those of the noise, which has a square of 1
		gen, losses = c.uniform(-0.2, 0.2), c.uniform(2, 3)
	}
	ml, z := c.in("ml", batch, 2*width, gen), c.in("z", n, width, gen)
	rows := c.in("rows", n, 1, losses)
	w, bound := c.out("w", n, 1), c.out("bound", batch, 1)
	c.both(func(d side) {
		d.Enqueue(backend.ImportanceWeights{W: d.t(w), Bound: d.t(bound), Rows: d.t(rows), Z: d.t(z), ML: d.t(ml), Noise: d.noise(k, backend.StreamCode, first)})
	})
	// log w adds up terms of size 25 + width * (|l| + eps^2 + z^2) / 2; its
	// absolute error is the weights' relative one.
	size, share := 25+3*float64(width), 32*eps
	if c.even { // a sum in blocks of up to 1024 terms, so that a thousandth shows
		size, share = 3+0.6*float64(width), 8*eps
	}
	c.close(bound, sized(size), "ImportanceWeights first=%d", first)
	c.close(w, Tol{Abs: eps, Rel: 2 * share * size}, "ImportanceWeights first=%d", first)
}

func (c *trial) importanceBack(batch, width, samples, first int) {
	k := c.timer(when, hyper)
	n := batch * samples
	ml, z := c.gaussians(batch, width), c.in("z", n, width, c.normal)
	dz, w := c.in("dz", n, width, c.normal), c.in("w", n, 1, c.uniform(0, 1))
	dml := c.out("dml", batch, 2*width)
	c.both(func(d side) {
		d.Enqueue(backend.ImportanceBack{DML: d.t(dml), DZ: d.t(dz), Z: d.t(z), ML: d.t(ml), W: d.t(w), Noise: d.noise(k, backend.StreamCode, first), Scale: 0.3})
	})
	c.close(dml, scaled(c.gradientSizes(ml, dz, z, w, samples)), "ImportanceBack first=%d", first)
}

// testTopK takes rows with and without ties, down to one element and up to all.
func testTopK(r *rig) {
	r.each(shapes{
		odd:  []shape{{1, 1}, {3, 2}, {5, 7}, {4, 32}, {7, 33}, {2, 100}, {2, 64}},
		long: []shape{{67, 257}, {3, 1025}},
		even: evenPairs(),
		most: shape{20, 200},
	}, func(r *rig, s shape) {
		keep := []int{1, 2, s[1] / 2, s[1] - 1, s[1]}
		if r.few {
			keep = []int{keep[r.turn%3], s[1] - s[1]/8}
		}
		for _, k := range keep {
			if k >= 1 && k <= s[1] {
				r.try(func(c *trial) { c.topK(s[0], s[1], k, c.normal) })
				if r.few {
					continue
				}
				r.try(func(c *trial) {
					c.topK(s[0], s[1], k, func(int) float64 { return float64(c.rng.IntN(5)) - 2 })
				})
			}
		}
	})
}

func (c *trial) topK(rows, cols, k int, gen func(int) float64) {
	x, y := c.in("x", rows, cols, gen), c.out("y", rows, cols)
	dy, dx := c.in("dy", rows, cols, c.normal), c.out("dx", rows, cols)
	in := c.inout("dx in place", rows, cols, c.normal)
	c.both(func(d side) {
		d.Enqueue(backend.TopK{Y: d.t(y), X: d.t(x), K: k})
		d.Enqueue(backend.TopKBack{DX: d.t(dx), DY: d.t(dy), Y: d.t(y)})
		d.Enqueue(backend.TopKBack{DX: d.t(in), DY: d.t(in), Y: d.t(y)})
	})
	c.close(y, exact, "TopK k=%d", k)
	c.close(dx, exact, "TopKBack k=%d", k)
	c.close(in, exact, "TopKBack k=%d", k)
}
