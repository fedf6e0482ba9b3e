package backendtest

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// layerPlants are faults in products and what is done element by element.
var layerPlants = []fault{
	{bug: "forgets the bias", group: "Linear", in: func(d backend.Device) backend.Device { return noBias{d} }},
	{bug: "ignores transposed of square weights", group: "Linear", in: func(d backend.Device) backend.Device { return squareAsIs{d} }},
	{bug: "ignores accumulate", group: "Linear", in: func(d backend.Device) backend.Device { return overwrites{d} }},
	{bug: "rounds operands to TF32", group: "Linear", in: func(d backend.Device) backend.Device { return tf32{d} }},
	{bug: "skips zero multipliers", group: "Special", in: func(d backend.Device) backend.Device { return skipsZeros{d} }},
	{bug: "drops the last element", group: "Elementwise", in: func(d backend.Device) backend.Device { return shortActivate{d} }},
	{bug: "a wrong derivative", group: "Elementwise", in: func(d backend.Device) backend.Device { return wrongSlope{d} }},
	{bug: "writes one past the end", group: "Elementwise", in: func(d backend.Device) backend.Device { return longZero{d} }},
}

type (
	tf32          struct{ backend.Device }
	bf16          struct{ backend.Device }
	noBias        struct{ backend.Device }
	squareAsIs    struct{ backend.Device }
	overwrites    struct{ backend.Device }
	skipsZeros    struct{ backend.Device }
	shortActivate struct{ backend.Device }
	wrongSlope    struct{ backend.Device }
	longZero      struct{ backend.Device }
)

func (d tf32) Linear(y, pre, x, w, b backend.Tensor, act backend.Activation, transposed bool) {
	d.Device.Enqueue(backend.Linear{Y: y, Pre: pre, X: rounded(d, x, 13), W: rounded(d, w, 13), B: b, Act: act, Transposed: transposed})
}

func (d bf16) Linear(y, pre, x, w, b backend.Tensor, act backend.Activation, transposed bool) {
	d.Device.Enqueue(backend.Linear{Y: y, Pre: pre, X: rounded(d, x, 16), W: rounded(d, w, 16), B: b, Act: act, Transposed: transposed})
}

// rounded is a copy of t without its last bits.
func rounded(d backend.Device, t backend.Tensor, bits int) backend.Tensor {
	c, _ := d.Alloc(t.Rows, t.Cols)
	d.Enqueue(backend.Copy{Dst: c, Src: t})
	edit(d, c, func(v []float32) {
		for i, x := range v {
			v[i] = math.Float32frombits((math.Float32bits(x) + 1<<(bits-1)) >> bits << bits)
		}
	})
	return c
}

func (d noBias) Linear(y, pre, x, w, _ backend.Tensor, act backend.Activation, transposed bool) {
	d.Device.Enqueue(backend.Linear{Y: y, Pre: pre, X: x, W: w, Act: act, Transposed: transposed})
}

func (d squareAsIs) Linear(y, pre, x, w, b backend.Tensor, act backend.Activation, transposed bool) {
	d.Device.Enqueue(backend.Linear{Y: y, Pre: pre, X: x, W: w, B: b, Act: act, Transposed: transposed && w.Rows != w.Cols})
}

func (d overwrites) LinearBackWeights(dw, db, dy, x backend.Tensor, transposed, _ bool) {
	d.Device.Enqueue(backend.LinearBackWeights{DW: dw, DB: db, DY: dy, X: x, Transposed: transposed})
}

// skipsZeros does what a product does that leaves out terms with a factor 0.
func (d skipsZeros) LinearBackWeights(dw, db, dy, x backend.Tensor, transposed, accumulate bool) {
	d.Device.Enqueue(backend.LinearBackWeights{DW: dw, DB: db, DY: dy, X: x, Transposed: transposed, Accumulate: accumulate})
	edit(d, dw, func(v []float32) {
		for i := range v {
			if math.IsNaN(float64(v[i])) {
				v[i] = 0
			}
		}
	})
}

func (d shortActivate) Activate(y, x backend.Tensor, act backend.Activation) {
	if n := x.Len() - 1; n > 0 {
		d.Device.Enqueue(backend.Activate{Y: y.Reshape(1, n), X: x.Reshape(1, n), Act: act})
	}
}

func (d wrongSlope) ActivateBack(dx, dy, saved backend.Tensor, act backend.Activation) {
	if act == backend.Tanh {
		act = backend.Sigmoid
	}
	d.Device.Enqueue(backend.ActivateBack{DX: dx, DY: dy, Saved: saved, Act: act})
}

func (d longZero) Zero(dst backend.Tensor) {
	d.Device.Enqueue(backend.Zero{Dst: dst.Reshape(1, dst.Len()+1)})
}
