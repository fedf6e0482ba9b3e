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
	b.GaussianKL(kl, ml)
	before := b.Get(kl) // which units are free does not change under a difference
	b.ReparamBack(dml, c, ml, kl, b.noise(), free, scale)
	b.check("by (mu, l)", b.Get(dml), ml, func() float64 {
		b.Reparam(z, ml, b.noise())
		b.GaussianKL(kl, ml)
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
				b.Reparam(z, ml, b.noise())
				b.Loss(dz, rows, z, target, backend.SquaredError, scale)
				b.ImportanceWeights(w, bound, rows, z, ml, b.noise())
				return -scale * b.dot(bound, ones)
			}
			loss()
			b.ScaleRows(dz, w)
			b.ImportanceBack(dml, dz, z, ml, w, b.noise(), scale)
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
	b.Reparam(z, ml, b.noise())
	b.ImportanceWeights(w, bound, rows, z, ml, b.noise())
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
	b.GaussianKL(kl, ml)
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
		b.TopK(y, x, 3)
		return b.dot(y, c)
	}
	loss()
	b.TopKBack(dx, c, y)
	b.check("by x", b.Get(dx), x, loss)
}
