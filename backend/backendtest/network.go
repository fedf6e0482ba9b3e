package backendtest

import (
	"math"
	"slices"

	"github.com/aegpu/aegpu/backend"
)

// network is a small denoising variational autoencoder, all of whose step is
// operations of the device: what a model enqueues.
type network struct {
	batch, width, hidden, latent int

	k                      *timer
	o                      backend.Optimiser
	data                   *arg
	params, grads, m, v    *arg
	clean, noisy, h, ml    *arg
	z, kl, out, rows       *arg
	dz, dml, dh            *arg
	guard, sums            *total
	w1, b1, w2, b2, w3, b3 func(whole backend.Tensor) backend.Tensor
	ends                   []int
}

// network is the same network each time it is called.
func (c *trial) network(batch, width, hidden, latent int) *network {
	n := &network{batch: batch, width: width, hidden: hidden, latent: latent}
	n.o = backend.Optimiser{Kind: backend.Adam, Beta1: 0.9, Beta2: 0.99, Eps: 1e-3, WeightDecay: 0.01, Clip: 5}
	n.k = c.timer(backend.Time{Seed: 3, Epoch: 2}, schedule(6, n.o)...)
	n.w1, n.b1 = n.tensor(hidden, width), n.tensor(1, hidden)
	n.w2, n.b2 = n.tensor(2*latent, hidden), n.tensor(1, 2*latent)
	n.w3, n.b3 = n.tensor(width, latent), n.tensor(1, width)
	total := n.ends[len(n.ends)-1]
	n.o.Decayed = n.ends[2]

	wave := func(i int) float64 { return 0.2 * math.Sin(float64(i)*1.7) }
	n.data = c.in("data", 20*batch, width, func(i int) float64 { return math.Abs(math.Sin(float64(i) * 0.9)) })
	n.params, n.grads = c.inout("params", 1, total, wave), c.out("grads", 1, total)
	n.m, n.v = c.inout("m", 1, total, constant(0)), c.inout("v", 1, total, constant(0))
	n.clean, n.noisy = c.out("clean", batch, width), c.out("noisy", batch, width)
	n.h, n.dh = c.out("h", batch, hidden), c.out("dh", batch, hidden)
	n.ml, n.dml, n.kl = c.out("ml", batch, 2*latent), c.out("dml", batch, 2*latent), c.out("kl", 1, latent)
	n.z, n.dz = c.out("z", batch, latent), c.out("dz", batch, latent)
	n.out, n.rows = c.out("out", batch, width), c.out("rows", batch, 1)
	n.guard, n.sums = c.quiet(len(n.ends)), c.total(2)
	return n
}

// tensor is the next parameter tensor, as a view of the flat buffers.
func (n *network) tensor(rows, cols int) func(backend.Tensor) backend.Tensor {
	at := 0
	if len(n.ends) > 0 {
		at = n.ends[len(n.ends)-1]
	}
	n.ends = append(n.ends, at+rows*cols)
	return func(whole backend.Tensor) backend.Tensor { return whole.Slice(at, rows, cols) }
}

// shape is the batch and the widths.
func (n *network) shape() shape { return shape{n.batch, n.width, n.hidden, n.latent} }

// step is one step of training.
func (n *network) step(d side) {
	p, g, scale := d.t(n.params), d.t(n.grads), 1/float32(n.batch)
	code := d.noise(n.k, backend.StreamCode)
	d.Gather(d.t(n.clean), d.t(n.noisy), d.t(n.data).Data(),
		backend.Batch{Clock: d.c(n.k), Shuffle: true, Corrupt: backend.Masking, Level: 0.3})
	d.Linear(d.t(n.h), d.t(nil), d.t(n.noisy), n.w1(p), n.b1(p), backend.Tanh, false)
	d.Linear(d.t(n.ml), d.t(nil), d.t(n.h), n.w2(p), n.b2(p), backend.Identity, false)
	d.Reparam(d.t(n.z), d.t(n.ml), code)
	d.GaussianKL(d.t(n.kl), d.t(n.ml))
	d.Linear(d.t(n.out), d.t(nil), d.t(n.z), n.w3(p), n.b3(p), backend.Identity, false)
	d.Loss(d.t(n.out), d.t(n.rows), d.t(n.out), d.t(n.clean), backend.Bernoulli, scale)
	d.LinearBackWeights(n.w3(g), n.b3(g), d.t(n.out), d.t(n.z), false, false)
	d.LinearBackInput(d.t(n.dz), d.t(n.out), n.w3(p), d.t(nil), backend.Identity, false)
	d.ReparamBack(d.t(n.dml), d.t(n.dz), d.t(n.ml), d.t(n.kl), code, 0, scale)
	d.LinearBackWeights(n.w2(g), n.b2(g), d.t(n.dml), d.t(n.h), false, false)
	d.LinearBackInput(d.t(n.dh), d.t(n.dml), n.w2(p), d.t(n.h), backend.Tanh, false)
	d.LinearBackWeights(n.w1(g), n.b1(g), d.t(n.dh), d.t(n.noisy), false, false)
	d.Check(d.s(n.guard), g, n.ends, d.t(n.rows), d.c(n.k))
	d.Update(p, g, d.t(n.m), d.t(n.v), n.o, d.s(n.guard), d.c(n.k))
	d.Accumulate(d.s(n.sums), 1, d.t(n.rows), 0.5)
	d.Tick(d.c(n.k), n.batch)
}

// state is all that steps change and a run would save.
func (n *network) state(c *trial) []float64 {
	return slices.Concat(c.got(n.params), c.got(n.m), c.got(n.v), readSums(c.dev, n.sums.on[0]), readSums(c.dev, n.guard.on[0]))
}
