package backendtest

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/aegpu/aegpu/backend"
)

// network is a small denoising variational autoencoder, all of whose step is
// operations of the device: what a model enqueues.
type network struct {
	batch, width, hidden, latent int
	before                       int // rows of another rank, that lie before these in the whole batch

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

// network is the same network each time it is called, and lies alike: how a product is
// added up may depend on how its operands are aligned.
func (c *trial) network(batch, width, hidden, latent int) *network {
	c.rng = rand.New(rand.NewPCG(uint64(batch), uint64(width)))
	n := &network{batch: batch, width: width, hidden: hidden, latent: latent}
	if !c.even {
		n.before = 4
	}
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
	code := d.noise(n.k, backend.StreamCode, n.before*n.latent)
	d.Enqueue(backend.Gather{Clean: d.t(n.clean), Noisy: d.t(n.noisy), Data: d.t(n.data).Data(),
		Batch: backend.Batch{Clock: d.c(n.k), Shuffle: true, Corrupt: backend.Masking, Level: 0.3, First: n.before * n.width}})
	d.Enqueue(backend.Linear{Y: d.t(n.h), X: d.t(n.noisy), W: n.w1(p), B: n.b1(p), Act: backend.Tanh})
	d.Enqueue(backend.Linear{Y: d.t(n.ml), X: d.t(n.h), W: n.w2(p), B: n.b2(p)})
	d.Enqueue(backend.Reparam{Z: d.t(n.z), ML: d.t(n.ml), Noise: code})
	d.Enqueue(backend.GaussianKL{KL: d.t(n.kl), ML: d.t(n.ml), Of: n.before + n.batch})
	d.Enqueue(backend.Linear{Y: d.t(n.out), X: d.t(n.z), W: n.w3(p), B: n.b3(p)})
	d.Enqueue(backend.Loss{DOut: d.t(n.out), Rows: d.t(n.rows), Out: d.t(n.out), Target: d.t(n.clean), Kind: backend.Bernoulli, Scale: scale})
	d.Enqueue(backend.LinearBackWeights{DW: n.w3(g), DB: n.b3(g), DY: d.t(n.out), X: d.t(n.z)})
	d.Enqueue(backend.LinearBackInput{DX: d.t(n.dz), DY: d.t(n.out), W: n.w3(p)})
	d.Enqueue(backend.ReparamBack{DML: d.t(n.dml), DZ: d.t(n.dz), ML: d.t(n.ml), KL: d.t(n.kl), Noise: code, Scale: scale})
	d.Enqueue(backend.LinearBackWeights{DW: n.w2(g), DB: n.b2(g), DY: d.t(n.dml), X: d.t(n.h)})
	d.Enqueue(backend.LinearBackInput{DX: d.t(n.dh), DY: d.t(n.dml), W: n.w2(p), Saved: d.t(n.h), Act: backend.Tanh})
	d.Enqueue(backend.LinearBackWeights{DW: n.w1(g), DB: n.b1(g), DY: d.t(n.dh), X: d.t(n.noisy)})
	d.Enqueue(backend.Check{Guard: d.s(n.guard), Grads: g, Ends: n.ends, Rows: d.t(n.rows), Clock: d.c(n.k)})
	d.Enqueue(backend.Update{Params: p, Grads: g, M: d.t(n.m), V: d.t(n.v), Optimiser: n.o, Guard: d.s(n.guard), Clock: d.c(n.k)})
	d.Enqueue(backend.Accumulate{Sums: d.s(n.sums), Slot: 1, V: d.t(n.rows), Scale: 0.5})
	d.Enqueue(backend.Tick{Clock: d.c(n.k), Rows: n.batch})
}

// state is all that steps change and a run would save.
func (n *network) state(c *trial) []float64 {
	return slices.Concat(c.got(n.params), c.got(n.m), c.got(n.v), readSums(c.dev, n.sums.on[0]), readSums(c.dev, n.guard.on[0]))
}
