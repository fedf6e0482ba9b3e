package cpu

import (
	"math"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu/simd"
)

// jacobianOps are the operations of this file: see [operations].
type jacobianOps struct {
	contract     contractOp
	probes       probesOp
	byDerivative byDerivativeOp
	byDerivBack  byDerivativeBackOp
}

// ContractShallow is the squared norm of a one-layer encoder's Jacobian.
func (d *Device) contractShallow(o backend.ContractShallow) {
	if !d.begin("ContractShallow", o.Check()) {
		return
	}
	acc := d.sums(o.Sums)
	d.ops.contract = contractOp{dev: d, da: d.floats(o.DA), dr: d.floats(o.DR), saved: d.floats(o.Saved), r: d.floats(o.R), rows: o.Saved.Rows, cols: o.Saved.Cols, act: o.Act, scale: o.Scale}
	d.needPartials(ceilDiv(o.Saved.Cols, tile))
	d.eachTile(&d.ops.contract, o.Saved.Cols)
	if d.ready() {
		acc[o.Slot] += o.Share * total(d.partials)
	}
}

type contractOp struct {
	dev              *Device
	da, dr, saved, r []float32
	rows, cols       int
	act              backend.Activation
	scale            float32
}

func (o *contractOp) part(s *scratch, i, lo, hi int) {
	n := hi - lo
	sums, s1, s2, r := s.sums[:n], s.a[:n], s.b[:n], o.r[lo:hi]
	clear(sums)
	for from := 0; from < o.rows; from += rowsAtOnce {
		rows := min(rowsAtOnce, o.rows-from)
		for i := range rows {
			at := (from + i) * o.cols
			v := o.saved[at+lo : at+hi]
			s.slope(o.act, s1, v)
			s.curve(o.act, s2, v)
			s.path.Mul(s2, s2, s1)
			s.path.Mul(s2, s2, r)
			s.path.Axpy(o.da[at+lo:at+hi], s2, 2*o.scale)
			s.path.Mul(s.squares[i*n:(i+1)*n], s1, s1)
		}
		s.path.AddRows(sums, s.squares[:], n, rows)
	}
	norm := 0.0
	for j, sum := range sums {
		norm += sum * float64(r[j])
		o.dr[lo+j] = float32(float64(o.scale) * sum)
	}
	o.dev.partials[i] = norm
}

// Probes fills v with unit vectors or random signs.
func (d *Device) probes(o backend.Probes) {
	if !d.begin("Probes", o.Check()) {
		return
	}
	d.ops.probes = probesOp{d.floats(o.V), o.V.Cols, simd.Draw{}, o.Exact}
	if !o.Exact {
		d.ops.probes.noise = d.noise(o.Noise)
	}
	d.eachRow(&d.ops.probes, o.V.Rows, o.V.Cols, heavy)
}

type probesOp struct {
	v     []float32
	cols  int
	noise simd.Draw
	exact bool
}

func (o *probesOp) part(s *scratch, _, lo, hi int) {
	v := o.v[lo*o.cols : hi*o.cols]
	if o.exact {
		clear(v)
		for r := lo; r < hi; r++ {
			o.v[r*o.cols+r%o.cols] = 1
		}
		return
	}
	for at := lo * o.cols; len(v) > 0; v, at = next(v), at+block {
		for i, word := range s.draw(o.noise, at, len(v)) {
			v[i] = math.Float32frombits(0x3F800000 | word&signBit)
		}
	}
}

// ScaleByDerivative is u[b,k,:] = v[b,k,:] . s'(saved[b,:]).
func (d *Device) scaleByDerivative(o backend.ScaleByDerivative) {
	if d.begin("ScaleByDerivative", o.Check()) {
		d.ops.byDerivative = byDerivativeOp{u: d.floats(o.U), v: d.floats(o.V), saved: d.floats(o.Saved), cols: o.V.Cols, samples: o.V.Rows / o.Saved.Rows, act: o.Act}
		d.eachRow(&d.ops.byDerivative, o.Saved.Rows, o.V.Rows/o.Saved.Rows*o.V.Cols, light)
	}
}

type byDerivativeOp struct {
	u, v, saved   []float32
	cols, samples int
	act           backend.Activation
}

func (o *byDerivativeOp) part(s *scratch, _, lo, hi int) {
	for b := lo; b < hi; b++ {
		for from := 0; from < o.cols; from += block {
			n := min(block, o.cols-from)
			slope := s.a[:n]
			s.slope(o.act, slope, o.saved[b*o.cols+from:])
			for k := range o.samples {
				at := (b*o.samples+k)*o.cols + from
				s.path.Mul(o.u[at:at+n], o.v[at:at+n], slope)
			}
		}
	}
}

// ScaleByDerivativeBack is the gradient of ScaleByDerivative by v and by the
// pre-activations.
func (d *Device) scaleByDerivativeBack(o backend.ScaleByDerivativeBack) {
	if d.begin("ScaleByDerivativeBack", o.Check()) {
		d.ops.byDerivBack = byDerivativeBackOp{dv: d.floats(o.DV), da: d.floats(o.DA), du: d.floats(o.DU), v: d.floats(o.V), saved: d.floats(o.Saved),
			cols: o.V.Cols, samples: o.V.Rows / o.Saved.Rows, act: o.Act}
		d.eachRow(&d.ops.byDerivBack, o.Saved.Rows, o.V.Rows/o.Saved.Rows*o.V.Cols, light)
	}
}

type byDerivativeBackOp struct {
	dv, da, du, v, saved []float32
	cols, samples        int
	act                  backend.Activation
}

func (o *byDerivativeBackOp) part(s *scratch, _, lo, hi int) {
	for b := lo; b < hi; b++ {
		for from := 0; from < o.cols; from += block {
			o.row(s, b, from, min(block, o.cols-from))
		}
	}
}

// row is n units from from on of example b.
func (o *byDerivativeBackOp) row(s *scratch, b, from, n int) {
	slope, sum, terms := s.a[:n], s.b[:n], s.c[:n]
	saved := o.saved[b*o.cols+from:][:n]
	s.slope(o.act, slope, saved)
	clear(sum)
	for k := range o.samples {
		at := (b*o.samples+k)*o.cols + from
		du, v := o.du[at:at+n], o.v[at:at+n]
		s.path.Mul(terms, du, v)
		s.path.Add(sum, sum, terms)
		if o.dv != nil {
			s.path.Mul(o.dv[at:at+n], du, slope)
		}
	}
	curve := slope
	s.curve(o.act, curve, saved)
	s.path.Mul(o.da[b*o.cols+from:][:n], sum, curve)
}
