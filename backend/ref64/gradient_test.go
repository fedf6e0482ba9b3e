package ref64_test

import (
	"math/rand/v2"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/backendtest"
	"github.com/aegpu/aegpu/backend/ref64"
)

// bench is a device, and the random numbers for its operands.
type bench struct {
	*testing.T
	*ref64.Device
	rng   *rand.Rand
	clock backend.Clock
}

func newBench(t *testing.T) *bench {
	b := &bench{T: t, Device: ref64.New(), rng: rand.New(rand.NewPCG(5, 6))}
	b.clock, _ = b.AllocClock(1)
	b.SetClock(b.clock, backend.Time{Seed: 9, Step: 4}, []backend.Hyper{{KL: 0.75}})
	t.Cleanup(func() {
		if err := b.Sync(); err != nil {
			t.Errorf("Sync: %v", err)
		}
	})
	return b
}

func (b *bench) noise() backend.Noise {
	return backend.Noise{Clock: b.clock, Stream: backend.StreamCode}
}

// zeros is a tensor to write to, normals one filled with them. No element is near
// 0, where relu has no derivative.
func (b *bench) zeros(rows, cols int) backend.Tensor {
	b.Helper()
	t, err := b.Alloc(rows, cols)
	if err != nil {
		b.Fatal(err)
	}
	return t
}

func (b *bench) normals(rows, cols int) backend.Tensor {
	t := b.zeros(rows, cols)
	v := make([]float64, t.Len())
	for i := range v {
		for v[i] > -0.05 && v[i] < 0.05 {
			v[i] = b.rng.NormFloat64()
		}
	}
	b.Set(t, v)
	return t
}

func (b *bench) uniform(rows, cols int, lo, hi float64) backend.Tensor {
	t := b.zeros(rows, cols)
	v := make([]float64, t.Len())
	for i := range v {
		v[i] = lo + (hi-lo)*b.rng.Float64()
	}
	b.Set(t, v)
	return t
}

// dot is the sum of the elements of u . v: the loss whose gradient by u is v.
func (b *bench) dot(u, v backend.Tensor) float64 {
	sum, c := 0.0, b.Get(v)
	for i, x := range b.Get(u) {
		sum += x * c[i]
	}
	return sum
}

// sum is what f adds to an accumulator.
func (b *bench) sum(f func(s backend.Sums)) float64 {
	s, err := b.AllocSums(1)
	if err != nil {
		b.Fatal(err)
	}
	f(s)
	v := make([]float64, 1)
	b.ReadSums(v, s)
	return v[0]
}

// differences is the gradient of loss by x from central differences. With steps
// of 1e-5 their error is about 1e-5^2 times a third derivative plus 1e-16/1e-5
// times the loss, both below 1e-9 for losses of the order of ten.
func (b *bench) differences(x backend.Tensor, loss func() float64) []float64 {
	const h = 1e-5
	v := b.Get(x)
	g := make([]float64, len(v))
	for i, at := range v {
		v[i] = at + h
		b.Set(x, v)
		up := loss()
		v[i] = at - h
		b.Set(x, v)
		g[i] = (up - loss()) / (2 * h)
		v[i] = at
	}
	b.Set(x, v)
	return g
}

// tolerance is above that error by a factor of ten, and far below any mistake.
var tolerance = backendtest.Tol{Abs: 1e-8, Rel: 1e-6}

// check compares a gradient that was computed with that of loss by x.
func (b *bench) check(what string, got []float64, x backend.Tensor, loss func() float64) {
	b.Helper()
	if err := b.Sync(); err != nil {
		b.Fatal(err)
	}
	if err := backendtest.Close(got, b.differences(x, loss), tolerance); err != nil {
		b.Errorf("%s: %v", what, err)
	}
}

// saved is what a layer with pre-activations a keeps.
func (b *bench) saved(a backend.Tensor, act backend.Activation) backend.Tensor {
	if act.SavesPre() {
		return a
	}
	y := b.zeros(a.Rows, a.Cols)
	b.Enqueue(backend.Activate{Y: y, X: a, Act: act})
	return y
}

// minus is the elementwise difference: what an operation added.
func minus(after, before []float64) []float64 {
	d := make([]float64, len(after))
	for i := range d {
		d[i] = after[i] - before[i]
	}
	return d
}
