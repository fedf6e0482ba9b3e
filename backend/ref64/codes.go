package ref64

import (
	"math"
	"sort"

	"github.com/aegpu/aegpu/backend"
)

// gaussian is latent unit j of example b: mean, clamped log-variance, standard
// deviation, and 0 where the clamp took the gradient (1 elsewhere).
func gaussian(ml backend.Tensor, b, j int) (mu, l, sd, inside float64) {
	r := row(ml, b)
	l, inside = clampLogVar(r[ml.Cols/2+j])
	return r[j], l, math.Exp(l / 2), inside
}

// Reparam draws z = mu + exp(l/2) eps.
func (d *Device) Reparam(z, ml backend.Tensor, noise backend.Noise) {
	if d.stop(backend.CheckReparam(z, ml)) {
		return
	}
	samples := z.Rows / ml.Rows
	for r := range z.Rows {
		for j := range z.Cols {
			mu, _, sd, _ := gaussian(ml, r/samples, j)
			row(z, r)[j] = mu + sd*normal(noise, r*z.Cols+j)
		}
	}
}

// GaussianKL is each unit's divergence from N(0, 1), mean over the batch.
func (d *Device) GaussianKL(kl, ml backend.Tensor) {
	if d.stop(backend.CheckGaussianKL(kl, ml)) {
		return
	}
	for j := range kl.Cols {
		sum := 0.0
		for b := range ml.Rows {
			mu, l, _, _ := gaussian(ml, b, j)
			sum += (mu*mu + math.Expm1(l) - l) / 2
		}
		vec(kl)[j] = sum / float64(ml.Rows)
	}
}

// ReparamBack is the gradient by ml of the decoder's loss and of the KL term.
func (d *Device) ReparamBack(dml, dz, ml, kl backend.Tensor, noise backend.Noise, freeBits, scale float32) {
	if d.stop(backend.CheckReparamBack(dml, dz, ml, kl)) {
		return
	}
	samples, width := dz.Rows/ml.Rows, dz.Cols
	weight := float64(scale) * float64(at(noise.Clock).hyper().KL)
	for b := range ml.Rows {
		for j := range width {
			mu, l, sd, inside := gaussian(ml, b, j)
			w := pick(vec(kl)[j] <= float64(freeBits), 0, weight)
			dmu, dl := w*mu, w*math.Expm1(l)/2
			for k := range samples {
				r := b*samples + k
				dmu += row(dz, r)[j]
				dl += row(dz, r)[j] * normal(noise, r*width+j) * sd / 2
			}
			row(dml, b)[j] = dmu
			row(dml, b)[width+j] = inside * dl
		}
	}
}

// ImportanceWeights is the normalised weights and the importance-weighted bound.
func (d *Device) ImportanceWeights(w, bound, rows, z, ml backend.Tensor, noise backend.Noise) {
	if d.stop(backend.CheckImportanceWeights(w, bound, rows, z, ml)) {
		return
	}
	samples := z.Rows / ml.Rows
	for b := range ml.Rows {
		logw := vec(w)[b*samples : (b+1)*samples]
		for k := range logw {
			r := b*samples + k
			sum := -vec(rows)[r]
			for j := range z.Cols {
				_, l, _, _ := gaussian(ml, b, j)
				eps, zj := normal(noise, r*z.Cols+j), row(z, r)[j]
				sum += (l + eps*eps - zj*zj) / 2
			}
			logw[k] = sum
		}
		all := logSumExp(logw)
		vec(bound)[b] = all - math.Log(float64(samples))
		for k := range logw {
			logw[k] = math.Exp(logw[k] - all)
		}
	}
}

// ImportanceBack is the gradient by ml of -scale times the sum of the bounds.
func (d *Device) ImportanceBack(dml, dz, z, ml, w backend.Tensor, noise backend.Noise, scale float32) {
	if d.stop(backend.CheckImportanceBack(dml, dz, z, ml, w)) {
		return
	}
	samples, width := z.Rows/ml.Rows, z.Cols
	for b := range ml.Rows {
		for j := range width {
			_, _, sd, inside := gaussian(ml, b, j)
			dmu, dl := 0.0, 0.0
			for k := range samples {
				r := b*samples + k
				sw := float64(scale) * vec(w)[r]
				g := row(dz, r)[j] + sw*row(z, r)[j]
				dmu += g
				dl += (g*normal(noise, r*width+j)*sd - sw) / 2
			}
			row(dml, b)[j] = dmu
			row(dml, b)[width+j] = inside * dl
		}
	}
}

// TopK keeps the k largest elements of every row.
func (d *Device) TopK(y, x backend.Tensor, k int) {
	if d.stop(backend.CheckTopK(y, x, k)) {
		return
	}
	for r := range x.Rows {
		from, to := row(x, r), row(y, r)
		order := make([]int, len(from))
		for j := range order {
			order[j] = j
		}
		sort.SliceStable(order, func(a, b int) bool { return from[order[a]] > from[order[b]] })
		clear(to)
		for _, j := range order[:k] {
			to[j] = from[j]
		}
	}
}

// TopKBack is dx = [y != 0] . dy.
func (d *Device) TopKBack(dx, dy, y backend.Tensor) {
	if d.stop(backend.CheckTopKBack(dx, dy, y)) {
		return
	}
	for i, v := range vec(y) {
		vec(dx)[i] = pick(v != 0, vec(dy)[i], 0)
	}
}
