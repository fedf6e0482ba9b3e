package ref64

import (
	"cmp"
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
func (d *Device) reparam(o backend.Reparam) {
	if d.stop(o.Check()) {
		return
	}
	samples := o.Z.Rows / o.ML.Rows
	for r := range o.Z.Rows {
		for j := range o.Z.Cols {
			mu, _, sd, _ := gaussian(o.ML, r/samples, j)
			row(o.Z, r)[j] = mu + sd*normal(o.Noise, r*o.Z.Cols+j)
		}
	}
}

// GaussianKL is each unit's divergence from N(0, 1), mean over the batch.
func (d *Device) gaussianKL(o backend.GaussianKL) {
	if d.stop(o.Check()) {
		return
	}
	for j := range o.KL.Cols {
		sum := 0.0
		for b := range o.ML.Rows {
			mu, l, _, _ := gaussian(o.ML, b, j)
			sum += (mu*mu + math.Expm1(l) - l) / 2
		}
		vec(o.KL)[j] = sum / float64(cmp.Or(o.Of, o.ML.Rows))
	}
}

// ReparamBack is the gradient by ml of the decoder's loss and of the KL term.
func (d *Device) reparamBack(o backend.ReparamBack) {
	if d.stop(o.Check()) {
		return
	}
	samples, width := o.DZ.Rows/o.ML.Rows, o.DZ.Cols
	weight := float64(o.Scale) * float64(at(o.Noise.Clock).hyper().KL)
	for b := range o.ML.Rows {
		for j := range width {
			mu, l, sd, inside := gaussian(o.ML, b, j)
			w := pick(vec(o.KL)[j] <= float64(o.FreeBits), 0, weight)
			dmu, dl := w*mu, w*math.Expm1(l)/2
			for k := range samples {
				r := b*samples + k
				dmu += row(o.DZ, r)[j]
				dl += row(o.DZ, r)[j] * normal(o.Noise, r*width+j) * sd / 2
			}
			row(o.DML, b)[j] = dmu
			row(o.DML, b)[width+j] = inside * dl
		}
	}
}

// ImportanceWeights is the normalised weights and the importance-weighted bound.
func (d *Device) importanceWeights(o backend.ImportanceWeights) {
	if d.stop(o.Check()) {
		return
	}
	samples := o.Z.Rows / o.ML.Rows
	for b := range o.ML.Rows {
		logw := vec(o.W)[b*samples : (b+1)*samples]
		for k := range logw {
			r := b*samples + k
			sum := -vec(o.Rows)[r]
			for j := range o.Z.Cols {
				_, l, _, _ := gaussian(o.ML, b, j)
				eps, zj := normal(o.Noise, r*o.Z.Cols+j), row(o.Z, r)[j]
				sum += (l + eps*eps - zj*zj) / 2
			}
			logw[k] = sum
		}
		all := logSumExp(logw)
		vec(o.Bound)[b] = all - math.Log(float64(samples))
		for k := range logw {
			logw[k] = math.Exp(logw[k] - all)
		}
	}
}

// ImportanceBack is the gradient by ml of -scale times the sum of the bounds.
func (d *Device) importanceBack(o backend.ImportanceBack) {
	if d.stop(o.Check()) {
		return
	}
	samples, width := o.Z.Rows/o.ML.Rows, o.Z.Cols
	for b := range o.ML.Rows {
		for j := range width {
			_, _, sd, inside := gaussian(o.ML, b, j)
			dmu, dl := 0.0, 0.0
			for k := range samples {
				r := b*samples + k
				sw := float64(o.Scale) * vec(o.W)[r]
				g := row(o.DZ, r)[j] + sw*row(o.Z, r)[j]
				dmu += g
				dl += (g*normal(o.Noise, r*width+j)*sd - sw) / 2
			}
			row(o.DML, b)[j] = dmu
			row(o.DML, b)[width+j] = inside * dl
		}
	}
}

// TopK keeps the k largest elements of every row.
func (d *Device) topK(o backend.TopK) {
	if d.stop(o.Check()) {
		return
	}
	for r := range o.X.Rows {
		from, to := row(o.X, r), row(o.Y, r)
		order := make([]int, len(from))
		for j := range order {
			order[j] = j
		}
		sort.SliceStable(order, func(a, b int) bool { return from[order[a]] > from[order[b]] })
		clear(to)
		for _, j := range order[:o.K] {
			to[j] = from[j]
		}
	}
}

// TopKBack is dx = [y != 0] . dy.
func (d *Device) topKBack(o backend.TopKBack) {
	if d.stop(o.Check()) {
		return
	}
	for i, v := range vec(o.Y) {
		vec(o.DX)[i] = pick(v != 0, vec(o.DY)[i], 0)
	}
}
