package cpu

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// ContractShallow is the squared norm of a one-layer encoder's Jacobian.
func (d *Device) ContractShallow(da, dr backend.Tensor, s backend.Sums, i int, saved, r backend.Tensor, act backend.Activation, share float64, scale float32) {
	if !d.begin("ContractShallow", backend.CheckContractShallow(da, dr, s, i, saved, r, act)) {
		return
	}
	acc := d.sums(s)
	d.ops.contract = contractOp{d, d.floats(da), d.floats(dr), d.floats(saved), d.floats(r), saved.Rows, saved.Cols, act, scale}
	d.needPartials(ceilDiv(saved.Cols, tile))
	d.eachTile(&d.ops.contract, saved.Cols)
	if d.ready() {
		acc[i] += share * total(d.partials)
	}
}

type contractOp struct {
	dev              *Device
	da, dr, saved, r []float32
	rows, cols       int
	act              backend.Activation
	scale            float32
}

func (o *contractOp) part(i, lo, hi int) {
	var sums [tile]float64
	var s1, s2 [tile]float32
	n := hi - lo
	r := o.r[lo:hi]
	for b := range o.rows {
		v, da := o.saved[b*o.cols+lo:b*o.cols+hi], o.da[b*o.cols+lo:b*o.cols+hi]
		slope(o.act, s1[:n], v)
		curve(o.act, s2[:n], v)
		for j, s := range s1[:n] {
			sums[j] += float64(s) * float64(s)
			da[j] += o.scale * 2 * s * s2[j] * r[j]
		}
	}
	norm := 0.0
	for j, s := range sums[:n] {
		norm += s * float64(r[j])
		o.dr[lo+j] = float32(float64(o.scale) * s)
	}
	o.dev.partials[i] = norm
}

// Probes fills v with unit vectors or random signs.
func (d *Device) Probes(v backend.Tensor, batch int, noise backend.Noise, exact bool) {
	if !d.begin("Probes", backend.CheckProbes(v, batch, exact)) {
		return
	}
	d.ops.probes = probesOp{d.floats(v), v.Cols, draw{}, exact}
	if !exact {
		d.ops.probes.noise = d.noise(noise)
	}
	d.eachRow(&d.ops.probes, v.Rows, v.Cols, heavy)
}

type probesOp struct {
	v     []float32
	cols  int
	noise draw
	exact bool
}

func (o *probesOp) part(_, lo, hi int) {
	v := o.v[lo*o.cols : hi*o.cols]
	if o.exact {
		clear(v)
		for r := lo; r < hi; r++ {
			o.v[r*o.cols+r%o.cols] = 1
		}
		return
	}
	var words [block]uint32
	for at := lo * o.cols; len(v) > 0; v, at = next(v), at+block {
		w := words[:min(block, len(v))]
		o.noise.words(w, at)
		for i, word := range w {
			v[i] = math.Float32frombits(0x3F800000 | word&0x80000000)
		}
	}
}

// ScaleByDerivative is u[b,k,:] = v[b,k,:] . s'(saved[b,:]).
func (d *Device) ScaleByDerivative(u, v, saved backend.Tensor, act backend.Activation) {
	if d.begin("ScaleByDerivative", backend.CheckScaleByDerivative(u, v, saved, act)) {
		d.ops.byDerivative = byDerivativeOp{d.floats(u), d.floats(v), d.floats(saved), v.Cols, v.Rows / saved.Rows, act}
		d.eachRow(&d.ops.byDerivative, saved.Rows, v.Rows/saved.Rows*v.Cols, light)
	}
}

type byDerivativeOp struct {
	u, v, saved   []float32
	cols, samples int
	act           backend.Activation
}

func (o *byDerivativeOp) part(_, lo, hi int) {
	var s [block]float32
	for b := lo; b < hi; b++ {
		for from := 0; from < o.cols; from += block {
			n := min(block, o.cols-from)
			slope(o.act, s[:n], o.saved[b*o.cols+from:][:n])
			for k := range o.samples {
				at := (b*o.samples+k)*o.cols + from
				multiply(o.u[at:at+n], o.v[at:at+n], s[:n])
			}
		}
	}
}

// ScaleByDerivativeBack is the gradient of ScaleByDerivative by v and by the
// pre-activations.
func (d *Device) ScaleByDerivativeBack(dv, da, du, v, saved backend.Tensor, act backend.Activation) {
	if d.begin("ScaleByDerivativeBack", backend.CheckScaleByDerivativeBack(dv, da, du, v, saved, act)) {
		d.ops.byDerivBack = byDerivativeBackOp{d.floats(dv), d.floats(da), d.floats(du), d.floats(v), d.floats(saved),
			v.Cols, v.Rows / saved.Rows, act}
		d.eachRow(&d.ops.byDerivBack, saved.Rows, v.Rows/saved.Rows*v.Cols, light)
	}
}

type byDerivativeBackOp struct {
	dv, da, du, v, saved []float32
	cols, samples        int
	act                  backend.Activation
}

func (o *byDerivativeBackOp) part(_, lo, hi int) {
	for b := lo; b < hi; b++ {
		for from := 0; from < o.cols; from += block {
			o.row(b, from, min(block, o.cols-from))
		}
	}
}

// row is n units from from on of example b.
func (o *byDerivativeBackOp) row(b, from, n int) {
	var s, sum [block]float32
	saved := o.saved[b*o.cols+from:][:n]
	slope(o.act, s[:n], saved)
	for k := range o.samples {
		at := (b*o.samples+k)*o.cols + from
		du, v := o.du[at:at+n], o.v[at:at+n]
		for j, g := range du {
			sum[j] += g * v[j]
		}
		if o.dv != nil {
			multiply(o.dv[at:at+n], du, s[:n])
		}
	}
	curve(o.act, s[:n], saved)
	multiply(o.da[b*o.cols+from:][:n], sum[:n], s[:n])
}
