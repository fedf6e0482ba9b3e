package ref64_test

import (
	"math"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/backendtest"
)

func exp(x float64) float64 { return math.Exp(x) }

func (b *bench) near(what string, got, want float64) {
	b.Helper()
	if err := backendtest.Close([]float64{got}, []float64{want}, tolerance); err != nil {
		b.Errorf("%s: %v", what, err)
	}
}

// weight of a penalty, over a batch.
const batch, weight = 4, 0.5

func TestSparseKL(t *testing.T) {
	b := newBench(t)
	h, m, dh := b.uniform(batch, 3, 0.01, 0.99), b.zeros(1, 3), b.normals(batch, 3)
	before := b.Get(dh)
	run := func(dh backend.Tensor) float64 {
		return weight * b.sum(func(s backend.Sums) {
			b.Enqueue(backend.ColumnMeans{M: m, H: h})
			b.Enqueue(backend.SparseKL{DH: dh, Sums: s, M: m, Rho: 0.05, Scale: weight / batch})
		})
	}
	run(dh)
	b.check("by h", minus(b.Get(dh), before), h, func() float64 { return run(b.zeros(batch, 3)) })
}

func TestL1(t *testing.T) {
	b := newBench(t)
	h, dh := b.normals(batch, 3), b.normals(batch, 3)
	before := b.Get(dh)
	run := func(dh backend.Tensor) float64 {
		return weight * b.sum(func(s backend.Sums) {
			b.Enqueue(backend.L1{DH: dh, Sums: s, H: h, Share: 1.0 / batch, Scale: weight / batch})
		})
	}
	run(dh)
	b.check("by h", minus(b.Get(dh), before), h, func() float64 { return run(b.zeros(batch, 3)) })
}

// TestContractShallow takes the closed form for one layer to the derivative by its
// weights, which come in through the pre-activations and through their squares.
func TestContractShallow(t *testing.T) {
	for _, act := range backend.Activations() {
		t.Run(act.String(), func(t *testing.T) { contractShallow(newBench(t), act) })
	}
}

func contractShallow(b *bench, act backend.Activation) {
	const in, out = 3, 5
	x, w, bias := b.normals(batch, in), b.normals(out, in), b.normals(1, out)
	y, a, r := b.zeros(batch, out), b.zeros(batch, out), b.zeros(1, out)
	run := func(da, dr backend.Tensor) float64 {
		b.Enqueue(backend.Linear{Y: y, Pre: a, X: x, W: w, B: bias, Act: act})
		b.Enqueue(backend.RowSquares{R: r, W: w})
		return weight * b.sum(func(s backend.Sums) {
			b.Enqueue(backend.ContractShallow{DA: da, DR: dr, Sums: s, Saved: b.saved(a, act), R: r, Act: act, Share: 1.0 / batch, Scale: weight / batch})
		})
	}
	loss := func() float64 { return run(b.zeros(batch, out), b.zeros(1, out)) }
	da, dr, dw, db := b.zeros(batch, out), b.normals(1, out), b.zeros(out, in), b.zeros(1, out)
	b.near("the penalty", run(da, dr), weight*b.jacobianNorm(x, func() backend.Tensor {
		b.Enqueue(backend.Linear{Y: y, Pre: a, X: x, W: w, B: bias, Act: act})
		return y
	}))
	b.Enqueue(backend.LinearBackWeights{DW: dw, DB: db, DY: da, X: x})
	b.Enqueue(backend.AddScaledRows{DW: dw, W: w, C: dr})
	b.check("by w", b.Get(dw), w, loss)
	b.check("by b", b.Get(db), bias, loss)
}

// jacobianNorm is the squared Frobenius norm of the Jacobian of f by x, mean over
// the batch, from central differences.
func (b *bench) jacobianNorm(x backend.Tensor, f func() backend.Tensor) float64 {
	y := f()
	sum := 0.0
	for r := range y.Rows {
		for j := range y.Cols {
			pick := b.zeros(y.Rows, y.Cols)
			one := make([]float64, pick.Len())
			one[r*y.Cols+j] = 1
			b.Set(pick, one)
			for _, g := range b.differences(x, func() float64 { return b.dot(f(), pick) }) {
				sum += g * g
			}
		}
	}
	return sum / float64(y.Rows)
}
