package ref64_test

import (
	"fmt"
	"testing"

	"github.com/aegpu/aegpu/backend"
)

const latents = 4

// TestReparamBack has a loss that is linear in z plus the KL term, of which some
// units are free.
func TestReparamBack(t *testing.T) {
	for _, samples := range []int{1, 3} {
		for _, free := range []float32{0, 0.5, 1} {
			t.Run(fmt.Sprintf("K=%d free=%v", samples, free), func(t *testing.T) {
				reparamBack(newBench(t), samples, free)
			})
		}
	}
}

func reparamBack(b *bench, samples int, free float32) {
	const batch, scale, weight = 3, 0.5, 0.75
	ml, kl := b.normals(batch, 2*latents), b.zeros(1, latents)
	z, c, dml := b.zeros(batch*samples, latents), b.normals(batch*samples, latents), b.zeros(batch, 2*latents)
	b.Enqueue(backend.GaussianKL{KL: kl, ML: ml})
	before := b.Get(kl) // which units are free does not change under a difference
	b.Enqueue(backend.ReparamBack{DML: dml, DZ: c, ML: ml, KL: kl, Noise: b.noise(), FreeBits: free, Scale: scale})
	b.check("by (mu, l)", b.Get(dml), ml, func() float64 {
		b.Enqueue(backend.Reparam{Z: z, ML: ml, Noise: b.noise()})
		b.Enqueue(backend.GaussianKL{KL: kl, ML: ml})
		sum := b.dot(z, c)
		for j, d := range b.Get(kl) {
			if before[j] > float64(free) {
				sum += scale * weight * batch * d
			}
		}
		return sum
	})
}

// TestImportanceBack has the toy decoder rows = sum (z - t)^2, whose gradient by z
// is 2 (z - t).
func TestImportanceBack(t *testing.T) {
	for _, samples := range []int{1, 2, 5} {
		t.Run(fmt.Sprintf("K=%d", samples), func(t *testing.T) {
			b := newBench(t)
			const batch, scale = 3, 0.5
			n := batch * samples
			ml, target := b.normals(batch, 2*latents), b.normals(batch, latents)
			z, dz, rows := b.zeros(n, latents), b.zeros(n, latents), b.zeros(n, 1)
			w, bound, dml := b.zeros(n, 1), b.zeros(batch, 1), b.zeros(batch, 2*latents)
			ones := b.uniform(batch, 1, 1, 1)
			loss := func() float64 {
				b.Enqueue(backend.Reparam{Z: z, ML: ml, Noise: b.noise()})
				b.Enqueue(backend.Loss{DOut: dz, Rows: rows, Out: z, Target: target, Kind: backend.SquaredError, Scale: scale})
				b.Enqueue(backend.ImportanceWeights{W: w, Bound: bound, Rows: rows, Z: z, ML: ml, Noise: b.noise()})
				return -scale * b.dot(bound, ones)
			}
			loss()
			b.Enqueue(backend.ScaleRows{T: dz, W: w})
			b.Enqueue(backend.ImportanceBack{DML: dml, DZ: dz, Z: z, ML: ml, W: w, Noise: b.noise(), Scale: scale})
			b.check("by (mu, l)", b.Get(dml), ml, loss)
		})
	}
}

// TestImportanceOfOne: with one sample the bound is the evidence lower bound with
// the divergence sampled rather than in closed form.
func TestImportanceOfOne(t *testing.T) {
	b := newBench(t)
	ml, z, rows := b.normals(1, 2), b.zeros(1, 1), b.normals(1, 1)
	w, bound := b.zeros(1, 1), b.zeros(1, 1)
	b.Enqueue(backend.Reparam{Z: z, ML: ml, Noise: b.noise()})
	b.Enqueue(backend.ImportanceWeights{W: w, Bound: bound, Rows: rows, Z: z, ML: ml, Noise: b.noise()})
	l, zz := b.Get(ml)[1], b.Get(z)[0]
	eps := (zz - b.Get(ml)[0]) / exp(l/2)
	want := -b.Get(rows)[0] + (-zz*zz/2 - (-eps*eps/2 - l/2)) // log p(x|z) + log p(z) - log q(z|x)
	b.near("bound", b.Get(bound)[0], want)
	b.near("weight", b.Get(w)[0], 1)
}

// TestGaussianKL compares the closed form with the integral that it is.
func TestGaussianKL(t *testing.T) {
	b := newBench(t)
	ml, kl := b.normals(1, 2), b.zeros(1, 1)
	b.Enqueue(backend.GaussianKL{KL: kl, ML: ml})
	mu, sd := b.Get(ml)[0], exp(b.Get(ml)[1]/2)
	sum, h := 0.0, sd/1000
	for i := -10000; i <= 10000; i++ {
		e := float64(i) / 1000
		z := mu + sd*e
		q := exp(-e*e/2) / (sd * 2.5066282746310002)
		sum += h * q * (z*z/2 - e*e/2 - b.Get(ml)[1]/2)
	}
	b.near("KL", b.Get(kl)[0], sum)
}

func TestTopKBack(t *testing.T) {
	b := newBench(t)
	x, y, dx, c := b.normals(3, 7), b.zeros(3, 7), b.zeros(3, 7), b.normals(3, 7)
	loss := func() float64 {
		b.Enqueue(backend.TopK{Y: y, X: x, K: 3})
		return b.dot(y, c)
	}
	loss()
	b.Enqueue(backend.TopKBack{DX: dx, DY: c, Y: y})
	b.check("by x", b.Get(dx), x, loss)
}
