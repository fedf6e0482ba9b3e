package cpu

import (
	"cmp"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu/simd"
)

// codeOps are the operations of this file: see [operations].
type codeOps struct {
	reparam     reparamOp
	gaussianKL  gaussianKLOp
	reparamBack reparamBackOp
}

// Reparam draws z = mu + exp(l/2) eps.
func (d *Device) reparam(o backend.Reparam) {
	if d.begin("Reparam", o.Check()) {
		d.ops.reparam = reparamOp{z: d.floats(o.Z), ml: d.floats(o.ML), width: o.Z.Cols, samples: o.Z.Rows / o.ML.Rows, noise: d.noise(o.Noise)}
		d.eachRow(&d.ops.reparam, o.Z.Rows, o.Z.Cols, heavy)
	}
}

type reparamOp struct {
	z, ml          []float32
	width, samples int
	noise          simd.Draw
}

func (o *reparamOp) part(s *scratch, _, lo, hi int) {
	s.path.Normals(o.z[lo*o.width:hi*o.width], o.noise, lo*o.width)
	for from := 0; from < o.width; from += block {
		to := min(from+block, o.width)
		var mu, sd []float32
		for r := lo; r < hi; r++ {
			if r == lo || r%o.samples == 0 {
				ml := o.ml[r/o.samples*2*o.width:][:2*o.width]
				mu, sd = ml[from:to], s.deviations(ml[o.width+from:o.width+to])
			}
			z := o.z[r*o.width+from : r*o.width+to]
			s.path.Mul(z, z, sd)
			s.path.Add(z, z, mu)
		}
	}
}

// deviations is exp(l/2) of at most a block of clamped log-variances l, in s.a.
func (s *scratch) deviations(logVar []float32) []float32 {
	sd := s.a[:len(logVar)]
	clampLogVars(sd, logVar)
	s.path.Scale(sd, sd, 0.5)
	s.path.Exp(sd, sd)
	return sd
}

// GaussianKL is each unit's divergence from N(0, 1), mean over the batch.
func (d *Device) gaussianKL(o backend.GaussianKL) {
	if d.begin("GaussianKL", o.Check()) {
		d.ops.gaussianKL = gaussianKLOp{d.floats(o.KL), d.floats(o.ML), o.ML.Rows, cmp.Or(o.Of, o.ML.Rows), o.KL.Cols}
		d.eachTile(&d.ops.gaussianKL, o.KL.Cols)
	}
}

type gaussianKLOp struct {
	kl, ml          []float32
	rows, of, width int
}

func (o *gaussianKLOp) part(s *scratch, _, lo, hi int) {
	var sums [tile]float64
	n := hi - lo
	l, e := s.a[:n], s.b[:n]
	for b := range o.rows {
		mu, logVar := o.ml[b*2*o.width+lo:][:n], o.ml[(2*b+1)*o.width+lo:][:n]
		clampLogVars(l, logVar)
		s.path.Expm1(e, l)
		for j, m := range mu {
			sums[j] += float64(float64(m)*float64(m)) + float64(e[j]) - float64(l[j])
		}
	}
	for j, sum := range sums[:n] {
		o.kl[lo+j] = float32(sum / float64(2*o.of))
	}
}

// ReparamBack is the gradient by ml of the decoder's loss and of the KL term.
func (d *Device) reparamBack(op backend.ReparamBack) {
	if !d.begin("ReparamBack", op.Check()) {
		return
	}
	o := &d.ops.reparamBack
	*o = reparamBackOp{dml: d.floats(op.DML), dz: d.floats(op.DZ), ml: d.floats(op.ML), kl: d.floats(op.KL),
		width: op.DZ.Cols, samples: op.DZ.Rows / op.ML.Rows, noise: d.noise(op.Noise), freeBits: op.FreeBits, weight: op.Scale}
	if k := d.clock(op.Noise.Clock); d.ready() {
		o.weight *= k.hyper().KL
		d.eachRow(o, op.ML.Rows, op.DZ.Rows/op.ML.Rows*op.DZ.Cols, heavy)
	}
}

type reparamBackOp struct {
	dml, dz, ml, kl  []float32
	width, samples   int
	noise            simd.Draw
	freeBits, weight float32
}

func (o *reparamBackOp) part(s *scratch, _, lo, hi int) {
	for b := lo; b < hi; b++ {
		for from := 0; from < o.width; from += block {
			o.row(s, b, from, min(from+block, o.width))
		}
	}
}

// row is the gradient by latent units from to to of example b.
func (o *reparamBackOp) row(s *scratch, b, from, to int) {
	n := to - from
	at := b * 2 * o.width
	mu, logVar := o.ml[at+from:at+to], o.ml[at+o.width+from:at+o.width+to]
	dmu, dl := o.dml[at+from:at+to], o.dml[at+o.width+from:at+o.width+to]
	sd := s.deviations(logVar)
	eps, g, ge := s.b[:n], s.c[:n], s.e[:n]
	clear(g)
	clear(ge)
	for k := range o.samples {
		r := (b*o.samples+k)*o.width + from
		s.path.Normals(eps, o.noise, r)
		dz := o.dz[r : r+n]
		s.path.Mul(eps, eps, dz)
		s.path.Add(ge, ge, eps)
		s.path.Add(g, g, dz)
	}
	for j, s := range sd { // products are rounded on their own, or arm64 would fuse them
		w := o.weight
		if o.kl[from+j] <= o.freeBits {
			w = 0
		}
		dmu[j] = g[j] + float32(w*mu[j])
		dl[j] = 0
		if !clamped(logVar[j]) {
			dl[j] = 0.5 * (float32(ge[j]*s) + float32(w*(float32(s*s)-1)))
		}
	}
}
