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
	e.Linear(e.y[0], e.a[0], e.x, e.w[0], e.b[0], e.act[0], false)
	e.Linear(e.y[1], e.a[1], e.y[0], e.w[1], e.b[1], e.act[1], false)
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
	e.Probes(v, batch, e.noise(), e.exact)
	e.ScaleByDerivative(u2, v, s1, e.act[1])
	e.LinearBackInput(t, u2, e.w[1], none, backend.Identity, false)
	e.ScaleByDerivative(u1, t, s0, e.act[0])
	e.LinearBackInput(g, u1, e.w[0], none, backend.Identity, false)
	share := 1.0 / batch
	if !e.exact {
		share /= float64(e.samples)
	}
	loss := weight * e.sum(func(s backend.Sums) { e.SquareSum(g, s, 0, g, share, float32(weight*share)) })

	// Back up the chain, with each layer's weights met for the first time.
	du1, dt, du2 := e.zeros(n, mid), e.zeros(n, mid), e.zeros(n, out)
	da1, da2 := e.zeros(batch, mid), e.zeros(batch, out)
	e.LinearBackWeights(e.dw[0], none, u1, g, false, false)
	e.Linear(du1, none, g, e.w[0], none, backend.Identity, false)
	e.ScaleByDerivativeBack(dt, da1, du1, t, s0, e.act[0])
	e.LinearBackWeights(e.dw[1], none, u2, dt, false, false)
	e.Linear(du2, none, dt, e.w[1], none, backend.Identity, false)
	e.ScaleByDerivativeBack(none, da2, du2, v, s1, e.act[1])

	// Down the network, where they are met again.
	e.LinearBackWeights(e.dw[1], e.db[1], da2, e.y[0], false, true)
	through := e.zeros(batch, mid)
	e.LinearBackInput(through, da2, e.w[1], s0, e.act[0], false)
	e.Add(da1, through)
	e.LinearBackWeights(e.dw[0], e.db[0], da1, e.x, false, true)
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
	e.Zero(e.db[0])
	e.Zero(e.db[1])
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
