package ref64_test

import (
	"fmt"
	"testing"

	"github.com/aegpu/aegpu/backend"
)

func TestActivateBack(t *testing.T) {
	for _, act := range backend.Activations() {
		t.Run(act.String(), func(t *testing.T) {
			b := newBench(t)
			x, y, dx, c := b.normals(3, 5), b.zeros(3, 5), b.zeros(3, 5), b.normals(3, 5)
			b.Enqueue(backend.ActivateBack{DX: dx, DY: c, Saved: b.saved(x, act), Act: act})
			b.check("by x", b.Get(dx), x, func() float64 {
				b.Enqueue(backend.Activate{Y: y, X: x, Act: act})
				return b.dot(y, c)
			})
		})
	}
}

// TestScaleByDerivativeBack checks the second derivative, since the gradient by
// the pre-activations of a product with s' holds the second.
func TestScaleByDerivativeBack(t *testing.T) {
	for _, act := range backend.Activations() {
		t.Run(act.String(), func(t *testing.T) {
			b := newBench(t)
			const batch, width, samples = 2, 5, 3
			a, v, c := b.normals(batch, width), b.normals(batch*samples, width), b.normals(batch*samples, width)
			u, dv, da := b.zeros(batch*samples, width), b.zeros(batch*samples, width), b.zeros(batch, width)
			b.Enqueue(backend.ScaleByDerivativeBack{DV: dv, DA: da, DU: c, V: v, Saved: b.saved(a, act), Act: act})
			loss := func() float64 {
				b.Enqueue(backend.ScaleByDerivative{U: u, V: v, Saved: b.saved(a, act), Act: act})
				return b.dot(u, c)
			}
			b.check("by v", b.Get(dv), v, loss)
			b.check("by the pre-activations", b.Get(da), a, loss)
		})
	}
}

// TestLinearBack checks the gradients by everything that goes into a layer: its
// weights, its bias, and the pre-activations of the layer below.
func TestLinearBack(t *testing.T) {
	for _, act := range backend.Activations() {
		for _, transposed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v transposed=%v", act, transposed), func(t *testing.T) {
				linearBack(newBench(t), act, transposed)
			})
		}
	}
}

func linearBack(b *bench, act backend.Activation, transposed bool) {
	const batch, in, out = 3, 4, 2
	rows, cols := out, in
	if transposed {
		rows, cols = in, out
	}
	below, w, bias := b.normals(batch, in), b.normals(rows, cols), b.normals(1, out)
	x, y, pre, c := b.zeros(batch, in), b.zeros(batch, out), b.zeros(batch, out), b.normals(batch, out)
	loss := func() float64 {
		b.Enqueue(backend.Activate{Y: x, X: below, Act: act})
		b.Enqueue(backend.Linear{Y: y, Pre: pre, X: x, W: w, B: bias, Act: act, Transposed: transposed})
		return b.dot(y, c)
	}
	loss()
	da, dbelow := b.zeros(batch, out), b.zeros(batch, in)
	dw, db := b.normals(rows, cols), b.normals(1, out)
	beforeW, beforeB := b.Get(dw), b.Get(db)
	b.Enqueue(backend.ActivateBack{DX: da, DY: c, Saved: b.saved(pre, act), Act: act})
	b.Enqueue(backend.LinearBackInput{DX: dbelow, DY: da, W: w, Saved: b.saved(below, act), Act: act, Transposed: transposed})
	b.Enqueue(backend.LinearBackWeights{DW: dw, DB: db, DY: da, X: x, Transposed: transposed, Accumulate: true})
	added, addedB := minus(b.Get(dw), beforeW), minus(b.Get(db), beforeB)
	b.check("by the layer below", b.Get(dbelow), below, loss)
	b.check("by w", added, w, loss)
	b.check("by b", addedB, bias, loss)
	b.Enqueue(backend.LinearBackWeights{DW: dw, DB: db, DY: da, X: x, Transposed: transposed})
	b.check("by w, not accumulating", b.Get(dw), w, loss)
	b.check("by b, not accumulating", b.Get(db), bias, loss)
}

func TestDropoutBack(t *testing.T) {
	b := newBench(t)
	x, y, dx, c := b.normals(5, 7), b.zeros(5, 7), b.zeros(5, 7), b.normals(5, 7)
	b.Enqueue(backend.Dropout{Y: dx, X: c, Noise: b.noise(), P: 0.4})
	b.check("by x", b.Get(dx), x, func() float64 {
		b.Enqueue(backend.Dropout{Y: y, X: x, Noise: b.noise(), P: 0.4})
		return b.dot(y, c)
	})
}

func TestLoss(t *testing.T) {
	for _, kind := range []backend.LossKind{backend.SquaredError, backend.Bernoulli, backend.GaussianNLL, backend.Categorical} {
		for _, samples := range []int{1, 3} {
			t.Run(fmt.Sprintf("%v K=%d", kind, samples), func(t *testing.T) {
				b := newBench(t)
				const batch, scale = 2, 0.25
				width, wide := 5, 5
				target := b.uniform(batch, width, 0, 1)
				switch kind {
				case backend.GaussianNLL:
					wide = 10
				case backend.Categorical:
					target = b.zeros(batch, 1)
					b.Set(target, []float64{3, 0})
				}
				out, rows := b.normals(batch*samples, wide), b.zeros(batch*samples, 1)
				dout, ones := b.zeros(batch*samples, wide), b.uniform(batch*samples, 1, 1, 1)
				b.Enqueue(backend.Loss{DOut: dout, Rows: rows, Out: out, Target: target, Kind: kind, Scale: scale})
				b.check("by out", b.Get(dout), out, func() float64 {
					b.Enqueue(backend.Loss{Rows: rows, Out: out, Target: target, Kind: kind, Scale: scale})
					return scale * b.dot(rows, ones)
				})
			})
		}
	}
}
