package ref64_test

import (
	"math"
	"testing"

	"github.com/aegpu/aegpu/backend"
)

// encoder has two layers; its Jacobian is D2 W2 D1 W1, D being the diagonals of
// the derivatives. The penalty takes vectors through its transpose.
type encoder struct {
	*bench
	act                [2]backend.Activation
	x                  backend.Tensor
	w, b, y, a, dw, db [2]backend.Tensor
	exact              bool
	samples            int
}

var encoderWidths = [3]int{3, 4, 2}

func newEncoder(b *bench, first, second backend.Activation) *encoder {
	e := &encoder{bench: b, act: [2]backend.Activation{first, second}, exact: true, samples: encoderWidths[2]}
	e.x = b.normals(batch, encoderWidths[0])
	for i := range 2 {
		in, out := encoderWidths[i], encoderWidths[i+1]
		e.w[i], e.b[i] = b.normals(out, in), b.normals(1, out)
		e.dw[i], e.db[i] = b.zeros(out, in), b.zeros(1, out)
		e.y[i], e.a[i] = b.zeros(batch, out), b.zeros(batch, out)
	}
	return e
}

func (e *encoder) forward() backend.Tensor {
	e.Enqueue(backend.Linear{Y: e.y[0], Pre: e.a[0], X: e.x, W: e.w[0], B: e.b[0], Act: e.act[0]})
	e.Enqueue(backend.Linear{Y: e.y[1], Pre: e.a[1], X: e.y[0], W: e.w[1], B: e.b[1], Act: e.act[1]})
	return e.y[1]
}

// penalty is weight times the mean squared norm of J^T v, and the gradients of it.
func (e *encoder) penalty() float64 {
	e.forward()
	none := backend.Tensor{}
	n, in, mid, out := batch*e.samples, encoderWidths[0], encoderWidths[1], encoderWidths[2]
	s0, s1 := e.saved(e.a[0], e.act[0]), e.saved(e.a[1], e.act[1])
	v, u2, t := e.zeros(n, out), e.zeros(n, out), e.zeros(n, mid)
	u1, g := e.zeros(n, mid), e.zeros(n, in)

	// Down: v . s2' -> times W2 -> . s1' -> times W1.
	e.Enqueue(backend.Probes{V: v, Batch: batch, Noise: e.noise(), Exact: e.exact})
	e.Enqueue(backend.ScaleByDerivative{U: u2, V: v, Saved: s1, Act: e.act[1]})
	e.Enqueue(backend.LinearBackInput{DX: t, DY: u2, W: e.w[1], Saved: none})
	e.Enqueue(backend.ScaleByDerivative{U: u1, V: t, Saved: s0, Act: e.act[0]})
	e.Enqueue(backend.LinearBackInput{DX: g, DY: u1, W: e.w[0], Saved: none})
	share := 1.0 / batch
	if !e.exact {
		share /= float64(e.samples)
	}
	loss := weight * e.sum(func(s backend.Sums) {
		e.Enqueue(backend.SquareSum{DV: g, Sums: s, V: g, Share: share, Scale: float32(weight * share)})
	})

	// Back up the chain, with each layer's weights met for the first time.
	du1, dt, du2 := e.zeros(n, mid), e.zeros(n, mid), e.zeros(n, out)
	da1, da2 := e.zeros(batch, mid), e.zeros(batch, out)
	e.Enqueue(backend.LinearBackWeights{DW: e.dw[0], DB: none, DY: u1, X: g})
	e.Enqueue(backend.Linear{Y: du1, Pre: none, X: g, W: e.w[0], B: none})
	e.Enqueue(backend.ScaleByDerivativeBack{DV: dt, DA: da1, DU: du1, V: t, Saved: s0, Act: e.act[0]})
	e.Enqueue(backend.LinearBackWeights{DW: e.dw[1], DB: none, DY: u2, X: dt})
	e.Enqueue(backend.Linear{Y: du2, Pre: none, X: dt, W: e.w[1], B: none})
	e.Enqueue(backend.ScaleByDerivativeBack{DV: none, DA: da2, DU: du2, V: v, Saved: s1, Act: e.act[1]})

	// Down the network, where they are met again.
	e.Enqueue(backend.LinearBackWeights{DW: e.dw[1], DB: e.db[1], DY: da2, X: e.y[0], Accumulate: true})
	through := e.zeros(batch, mid)
	e.Enqueue(backend.LinearBackInput{DX: through, DY: da2, W: e.w[1], Saved: s0, Act: e.act[0]})
	e.Enqueue(backend.Add{Dst: da1, Src: through})
	e.Enqueue(backend.LinearBackWeights{DW: e.dw[0], DB: e.db[0], DY: da1, X: e.x, Accumulate: true})
	return loss
}

// TestJacobianChain holds the penalty to the Jacobian, and its gradients by all
// weights to differences.
func TestJacobianChain(t *testing.T) {
	for _, acts := range [][2]backend.Activation{
		{backend.Tanh, backend.Sigmoid}, {backend.Softplus, backend.GELU},
		{backend.SiLU, backend.ELU}, {backend.LeakyReLU, backend.Tanh}, {backend.ReLU, backend.Identity},
	} {
		t.Run(acts[0].String()+" "+acts[1].String(), func(t *testing.T) {
			e := newEncoder(newBench(t), acts[0], acts[1])
			got := e.penalty()
			dw, db := [][]float64{e.Get(e.dw[0]), e.Get(e.dw[1])}, [][]float64{e.Get(e.db[0]), e.Get(e.db[1])}
			e.near("the penalty", got, weight*e.jacobianNorm(e.x, e.forward))
			loss := func() float64 {
				e.resetBias()
				return e.penalty()
			}
			for i := range 2 {
				e.check("by w", dw[i], e.w[i], loss)
				e.check("by b", db[i], e.b[i], loss)
			}
		})
	}
}

// resetBias clears what penalty adds to.
func (e *encoder) resetBias() {
	e.Enqueue(backend.Zero{Dst: e.db[0]})
	e.Enqueue(backend.Zero{Dst: e.db[1]})
}

// TestSignsEstimateTheJacobian: the mean over random signs is the exact norm. The
// variance of one estimate is at most 2 |J J^T|^2 <= 2 |J|^4, so that 2000 of
// them, in each of 4 examples, are within 5 standard errors of 8 percent.
func TestSignsEstimateTheJacobian(t *testing.T) {
	e := newEncoder(newBench(t), backend.Tanh, backend.Sigmoid)
	exact := e.penalty()
	e.exact, e.samples = false, 2000
	e.resetBias()
	if got := e.penalty(); math.Abs(got-exact) > 5*math.Sqrt(2.0/2000)*exact {
		t.Errorf("the estimate is %v, the norm %v", got, exact)
	}
}
