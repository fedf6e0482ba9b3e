package model

import (
	"cmp"
	"fmt"
	"math"

	"github.com/aegpu/aegpu/backend"
)

// Gaussian is a code that is drawn from q(z|x) = N(mu, diag exp(l)), mu and l being
// the encoder's output, by reparameterisation (Kingma and Welling 2014). Its KL from
// the prior N(0, I) is a term of the loss. With several samples an example the
// importance-weighted bound is trained instead (Burda et al. 2016).
type Gaussian struct {
	Samples  int     // codes an example; 0 means 1
	FreeBits float32 // nats of KL a unit that are not penalised (Kingma et al. 2016)
}

func makeGaussian(v []float32) (Code, error) {
	c := Gaussian{}
	if len(v) > 0 {
		n, err := whole("samples", v[0])
		if err != nil {
			return nil, err
		}
		if n > 1 { // one is the usual
			c.Samples = n
		}
	}
	if len(v) > 1 {
		c.FreeBits = v[1]
	}
	return c, nil
}

// String returns "gaussian", and ":SAMPLES" and ":FREE-BITS" where they are set.
func (c Gaussian) String() string {
	switch {
	case c.FreeBits != 0:
		return worded(fmt.Sprintf("gaussian:%d", c.samples()), c.FreeBits)
	case c.Samples > 1:
		return fmt.Sprintf("gaussian:%d", c.Samples)
	}
	return "gaussian"
}

// MarshalText returns what String does.
func (c Gaussian) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// WithBound returns the code with these in place of its own where they are set.
func (c Gaussian) WithBound(samples int, freeBits float32) (Code, error) {
	if samples > 1 && c.Samples > 1 && samples != c.Samples || freeBits != 0 && c.FreeBits != 0 && freeBits != c.FreeBits {
		return nil, fmt.Errorf("the code %v and samples %d, free bits %g say different things: expected one of them", c, samples, freeBits)
	}
	if samples > 1 {
		c.Samples = samples
	}
	if freeBits != 0 {
		c.FreeBits = freeBits
	}
	return c, nil
}

// Drawn returns true.
func (Gaussian) Drawn() bool { return true }

// Figures returns the number of active units (Burda et al. 2016).
func (Gaussian) Figures(_, variance []float64) []Figure {
	return []Figure{{ActiveUnitsTerm, float64(activeUnits(variance)), fmt.Sprintf("of %d, those whose mean varies by more than %g", len(variance), activeVariance)}}
}

func (c Gaussian) check(s *Spec) error {
	switch {
	case s.CodeActivation != backend.Identity:
		return fmt.Errorf("a Gaussian code is a mean and a log-variance: code activation %v does not apply", s.CodeActivation)
	case s.Tied:
		return fmt.Errorf("tied weights do not fit a Gaussian code: its encoder ends in 2 x %d units, the decoder starts at %d", s.Latent, s.Latent)
	case c.Samples < 0 || !(c.FreeBits >= 0):
		return fmt.Errorf("samples %d and free bits %g must not be negative", c.Samples, c.FreeBits)
	case c.Samples > 1 && c.FreeBits > 0:
		return fmt.Errorf("free bits do not apply to the importance-weighted bound (samples %d): it has no separate KL term", c.Samples)
	}
	return nil
}

// divergence is that of N(mu, diag exp(l)) from N(0, I), h being (mu, l).
func (Gaussian) divergence(h []float32) float64 {
	sum, n := 0.0, len(h)/2
	for j, mu := range h[:n] {
		l := math.Min(math.Max(float64(h[n+j]), backend.MinLogVar), backend.MaxLogVar)
		sum += (float64(float64(mu)*float64(mu)) + math.Expm1(l) - l) / 2
	}
	return sum
}

// deviations turns (mu, l) into (mu, exp(l/2)).
func (Gaussian) deviations(h []float32) {
	for j, l := range h[len(h)/2:] {
		h[len(h)/2+j] = float32(math.Exp(min(max(float64(l), backend.MinLogVar), backend.MaxLogVar) / 2))
	}
}

func (Gaussian) width(latent int) int { return 2 * latent }
func (c Gaussian) samples() int       { return max(1, c.Samples) }
func (Gaussian) asIs() bool           { return false }

func (Gaussian) prior(codes []float32, first, seed uint64) bool {
	words{seed: seed, stream: backend.StreamSample}.normalsFrom(first, codes, 1)
	return true
}

func (c Gaussian) bind(g *graph) boundCode {
	b := &boundGaussian{Gaussian: c, graph: g}
	if g.samples == 1 || !g.training {
		b.slotKL = g.addTerm(term{name: "kl", weight: func(kl float64) float64 { return kl }})
	}
	if !g.training {
		b.slotBound = g.addTerm(term{name: "bound"})
	}
	return b
}

// boundGaussian is the code in a graph. The code of encode is (mu, l), B x 2L.
type boundGaussian struct {
	Gaussian
	*graph
	slotKL, slotBound int

	z       backend.Tensor // B*K x L: drawn codes
	dz      backend.Tensor // B*K x L: the gradient by them; none in inference
	mu      backend.Tensor // B x L: their means; in training for a classifier alone
	choice  backend.Tensor // 2L x L: picks mu out of (mu, l), likewise
	kl      backend.Tensor // 1 x L: of each unit, mean over the batch
	weights backend.Tensor // B*K x 1: importance weights, where K > 1
	bound   backend.Tensor // B x 1, likewise
	moments codeMoments    // of the codes of an evaluation; none in training
}

func (b *boundGaussian) reserve(alloc backend.Alloc) {
	l, n := b.Spec.Latent, b.batch*b.graph.samples
	b.z, b.kl = alloc(n, l), alloc(1, l)
	if b.graph.samples > 1 {
		b.weights, b.bound = alloc(n, 1), alloc(b.batch, 1)
	}
	if b.training {
		b.dz = alloc(n, l)
	}
	if !b.training {
		b.moments.reserve(alloc, l)
	}
	if !b.training || b.Spec.Classes > 0 {
		b.mu = alloc(b.batch, l)
	}
	if b.training && b.Spec.Classes > 0 {
		b.choice = alloc(2*l, l)
	}
}

func (b *boundGaussian) tensors(add func(string, backend.Tensor)) {
	add("z", b.z)
	add("kl", b.kl)
	add("weights", b.weights)
	add("bound", b.bound)
	add("dcode", b.dz)
	add("mu", b.mu)
	add("select", b.choice)
}

// start uploads the matrix that picks mu out of (mu, l).
func (b *boundGaussian) start() {
	if b.choice.None() {
		return
	}
	one := make([]float32, b.choice.Len())
	for j := range b.choice.Cols {
		one[j*b.choice.Cols+j] = 1
	}
	b.dev.Upload(b.choice, one)
}

func (b *boundGaussian) noise() backend.Noise {
	return b.graph.noise(backend.StreamCode, b.graph.samples*b.Spec.Latent)
}

func (b *boundGaussian) encode(h backend.Tensor, _ int) backend.Tensor { return h }

func (b *boundGaussian) mean(h backend.Tensor, n int) backend.Tensor {
	b.to.Enqueue(backend.CopyColumns{Dst: b.mu.Top(n), Src: h})
	return b.mu.Top(n)
}

func (b *boundGaussian) draw(h backend.Tensor, n int) backend.Tensor {
	z := b.z.Top(n * b.graph.samples)
	b.to.Enqueue(backend.Reparam{Z: z, ML: h, Noise: b.noise()})
	return z
}

func (b *boundGaussian) weigh(h, rows backend.Tensor, n int) backend.Tensor {
	N := n * b.graph.samples
	b.to.Enqueue(backend.ImportanceWeights{W: b.weights.Top(N), Bound: b.bound.Top(n), Rows: rows, Z: b.z.Top(N), ML: h, Noise: b.noise()})
	return b.bound.Top(n)
}

func (b *boundGaussian) drawWeights(n int) backend.Tensor { return b.weights.Top(n) }

func (b *boundGaussian) score(h, rows, delta backend.Tensor, n int) {
	if b.graph.samples == 1 {
		b.to.Enqueue(backend.Accumulate{Sums: b.sums, Slot: sumLoss, V: rows, Scale: 1})
		return
	}
	bound := b.weigh(h, rows, n)
	b.to.Enqueue(backend.ScaleRows{T: delta, W: b.weights.Top(n * b.graph.samples)})
	b.to.Enqueue(backend.Accumulate{Sums: b.sums, Slot: sumLoss, V: bound, Scale: -1})
}

func (b *boundGaussian) gradient() backend.Tensor { return b.dz }

func (b *boundGaussian) back(h backend.Tensor, n int) {
	N := n * b.graph.samples
	dz, delta := b.dz.Top(N), b.enc.last().delta.Top(n)
	if b.graph.samples > 1 {
		b.to.Enqueue(backend.ImportanceBack{DML: delta, DZ: dz, Z: b.z.Top(N), ML: h, W: b.weights.Top(N), Noise: b.noise(), Scale: b.over(1)})
		return
	}
	b.sumKL(h, n)
	if b.FreeBits > 0 {
		b.reduce(b.kl)
	}
	b.to.Enqueue(backend.ReparamBack{DML: delta, DZ: dz, ML: h, KL: b.kl, Noise: b.noise(), FreeBits: b.FreeBits, Scale: b.over(1)})
}

func (b *boundGaussian) sumKL(h backend.Tensor, n int) {
	b.to.Enqueue(backend.GaussianKL{KL: b.kl, ML: h, Of: b.whole})
	b.to.Enqueue(backend.Accumulate{Sums: b.sums, Slot: b.slotKL, V: b.kl, Scale: float64(cmp.Or(b.whole, n))})
}

func (b *boundGaussian) backMean(_ backend.Tensor, n int) {
	b.to.Enqueue(backend.LinearBackInput{DX: b.enc.last().delta.Top(n), DY: b.dz.Top(n), W: b.choice, Transposed: true})
}

func (b *boundGaussian) begin() { b.moments.clear(b.to) }

func (b *boundGaussian) readMoments() []float32 { return b.moments.download(b.dev) }

func (b *boundGaussian) measure(h, _, rows backend.Tensor, n int) {
	b.sumKL(h, n)
	b.moments.add(b.to, b.mean(h, n))
	if b.graph.samples > 1 {
		b.to.Enqueue(backend.Accumulate{Sums: b.sums, Slot: b.slotBound, V: b.weigh(h, rows, n), Scale: 1})
	}
}

func (b *boundGaussian) conclude(m *Metrics, mean func(slot int) float64, beta float64) {
	kl := mean(b.slotKL)
	m.Terms = append(m.Terms, Term{"kl", kl})
	m.Loss += beta * kl
	if _, _, proper := b.Spec.likelihood().Figure(); proper {
		m.ELBO = -(m.NLL + kl)
	}
	if b.graph.samples > 1 {
		m.Bound, m.Samples = mean(b.slotBound), b.graph.samples
		m.Loss = -m.Bound
	}
}
