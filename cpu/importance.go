package cpu

import (
	"math"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu/simd"
)

// importanceOps are the operations of this file: see [operations].
type importanceOps struct {
	weights     importanceOp
	weightsBack importanceBackOp
}

// ImportanceWeights is the normalised weights and the importance-weighted bound.
func (d *Device) importanceWeights(o backend.ImportanceWeights) {
	if d.begin("ImportanceWeights", o.Check()) {
		d.ops.weights = importanceOp{w: d.floats(o.W), bound: d.floats(o.Bound), rows: d.floats(o.Rows), z: d.floats(o.Z), ml: d.floats(o.ML),
			width: o.Z.Cols, samples: o.Z.Rows / o.ML.Rows, noise: d.noise(o.Noise)}
		d.eachRow(&d.ops.weights, o.ML.Rows, o.Z.Rows/o.ML.Rows*o.Z.Cols, heavy)
	}
}

type importanceOp struct {
	w, bound, rows, z, ml []float32
	width, samples        int
	noise                 simd.Draw
}

// part keeps log-weights as differences from the first sample's, which are small
// where they matter, so that float32 holds them without loss.
func (o *importanceOp) part(s *scratch, _, lo, hi int) {
	for b := lo; b < hi; b++ {
		w := o.w[b*o.samples : (b+1)*o.samples]
		base := o.logWeight(s, b, 0)
		top := 0.0
		w[0] = 0
		for k := 1; k < o.samples; k++ {
			diff := o.logWeight(s, b, k) - base
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
func (o *importanceOp) logWeight(s *scratch, b, k int) float64 {
	r := b*o.samples + k
	sum := 0.0
	for from := 0; from < o.width; from += block {
		n := min(block, o.width-from)
		l, eps := s.a[:n], s.b[:n]
		clampLogVars(l, o.ml[(2*b+1)*o.width+from:][:n])
		s.path.Normals(eps, o.noise, r*o.width+from)
		sum += s.path.Sum(l) + s.path.SumSquares(eps) - s.path.SumSquares(o.z[r*o.width+from:][:n])
	}
	return sum/2 - float64(o.rows[r])
}

// ImportanceBack is the gradient by ml of -scale times the sum of the bounds.
func (d *Device) importanceBack(o backend.ImportanceBack) {
	if d.begin("ImportanceBack", o.Check()) {
		d.ops.weightsBack = importanceBackOp{dml: d.floats(o.DML), dz: d.floats(o.DZ), z: d.floats(o.Z), ml: d.floats(o.ML), w: d.floats(o.W),
			width: o.Z.Cols, samples: o.Z.Rows / o.ML.Rows, noise: d.noise(o.Noise), scale: o.Scale}
		d.eachRow(&d.ops.weightsBack, o.ML.Rows, o.Z.Rows/o.ML.Rows*o.Z.Cols, heavy)
	}
}

type importanceBackOp struct {
	dml, dz, z, ml, w []float32
	width, samples    int
	noise             simd.Draw
	scale             float32
}

func (o *importanceBackOp) part(s *scratch, _, lo, hi int) {
	for b := lo; b < hi; b++ {
		for from := 0; from < o.width; from += block {
			o.row(s, b, from, min(from+block, o.width))
		}
	}
}

// row is the gradient by latent units from to to of example b.
func (o *importanceBackOp) row(s *scratch, b, from, to int) {
	n := to - from
	at := b * 2 * o.width
	logVar := o.ml[at+o.width+from : at+o.width+to]
	dmu, dl := o.dml[at+from:at+to], o.dml[at+o.width+from:at+o.width+to]
	sd := s.deviations(logVar)
	eps, dz, g, ge := s.b[:n], s.d[:n], s.c[:n], s.e[:n]
	clear(g)
	clear(ge)
	weights := float32(0) // scale times the sum of the weights
	for k := range o.samples {
		r := (b*o.samples+k)*o.width + from
		sw := o.scale * o.w[b*o.samples+k]
		weights += sw
		s.path.Normals(eps, o.noise, r)
		copy(dz, o.dz[r:r+n])
		s.path.Axpy(dz, o.z[r:r+n], sw)
		s.path.Mul(eps, eps, dz)
		s.path.Add(ge, ge, eps)
		s.path.Add(g, g, dz)
	}
	for j, s := range sd {
		dmu[j] = g[j]
		dl[j] = 0
		if !clamped(logVar[j]) {
			dl[j] = 0.5 * (float32(ge[j]*s) - weights)
		}
	}
}
