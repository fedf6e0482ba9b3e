package cpu

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// ImportanceWeights is the normalised weights and the importance-weighted bound.
func (d *Device) ImportanceWeights(w, bound, rows, z, ml backend.Tensor, noise backend.Noise) {
	if d.begin("ImportanceWeights", backend.CheckImportanceWeights(w, bound, rows, z, ml)) {
		d.ops.weights = importanceOp{d.floats(w), d.floats(bound), d.floats(rows), d.floats(z), d.floats(ml),
			z.Cols, z.Rows / ml.Rows, d.noise(noise)}
		d.eachRow(&d.ops.weights, ml.Rows, z.Rows/ml.Rows*z.Cols, heavy)
	}
}

type importanceOp struct {
	w, bound, rows, z, ml []float32
	width, samples        int
	noise                 draw
}

// part keeps log-weights as differences from the first sample's, which are small
// where they matter, so that float32 holds them without loss.
func (o *importanceOp) part(_, lo, hi int) {
	for b := lo; b < hi; b++ {
		w := o.w[b*o.samples : (b+1)*o.samples]
		base := o.logWeight(b, 0)
		top := 0.0
		w[0] = 0
		for k := 1; k < o.samples; k++ {
			diff := o.logWeight(b, k) - base
			top = max(top, diff)
			w[k] = float32(diff)
		}
		sum := 0.0
		for _, diff := range w {
			sum += math.Exp(float64(diff) - top)
		}
		all := top + math.Log(sum)
		o.bound[b] = float32(base + all - math.Log(float64(o.samples)))
		for k, diff := range w {
			w[k] = float32(math.Exp(float64(diff) - all))
		}
	}
}

// logWeight is log w[b,k].
func (o *importanceOp) logWeight(b, k int) float64 {
	var eps [block]float32
	r := b*o.samples + k
	logVar := o.ml[(2*b+1)*o.width:][:o.width]
	sum := 0.0
	for from := 0; from < o.width; from += block {
		n := min(block, o.width-from)
		o.noise.normals(eps[:n], r*o.width+from)
		z, l := o.z[r*o.width+from:][:n], logVar[from:][:n]
		for j, e := range eps[:n] {
			sum += float64(clampLogVar(l[j])) + float64(e)*float64(e) - float64(z[j])*float64(z[j])
		}
	}
	return sum/2 - float64(o.rows[r])
}

// ImportanceBack is the gradient by ml of -scale times the sum of the bounds.
func (d *Device) ImportanceBack(dml, dz, z, ml, w backend.Tensor, noise backend.Noise, scale float32) {
	if d.begin("ImportanceBack", backend.CheckImportanceBack(dml, dz, z, ml, w)) {
		d.ops.weightsBack = importanceBackOp{d.floats(dml), d.floats(dz), d.floats(z), d.floats(ml), d.floats(w),
			z.Cols, z.Rows / ml.Rows, d.noise(noise), scale}
		d.eachRow(&d.ops.weightsBack, ml.Rows, z.Rows/ml.Rows*z.Cols, heavy)
	}
}

type importanceBackOp struct {
	dml, dz, z, ml, w []float32
	width, samples    int
	noise             draw
	scale             float32
}

func (o *importanceBackOp) part(_, lo, hi int) {
	for b := lo; b < hi; b++ {
		for from := 0; from < o.width; from += block {
			o.row(b, from, min(from+block, o.width))
		}
	}
}

// row is the gradient by latent units from to to of example b.
func (o *importanceBackOp) row(b, from, to int) {
	n := to - from
	at := b * 2 * o.width
	logVar := o.ml[at+o.width+from : at+o.width+to]
	dmu, dl := o.dml[at+from:at+to], o.dml[at+o.width+from:at+o.width+to]
	var sd, eps, g, ge [block]float32
	deviations(sd[:n], logVar)
	weights := float32(0) // scale times the sum of the weights
	for k := range o.samples {
		r := (b*o.samples+k)*o.width + from
		sw := o.scale * o.w[b*o.samples+k]
		weights += sw
		o.noise.normals(eps[:n], r)
		z := o.z[r : r+n]
		for j, v := range o.dz[r : r+n] {
			v += sw * z[j]
			g[j] += v
			ge[j] += v * eps[j]
		}
	}
	for j, s := range sd[:n] {
		dmu[j] = g[j]
		dl[j] = 0
		if !clamped(logVar[j]) {
			dl[j] = 0.5 * (ge[j]*s - weights)
		}
	}
}
