package model

import "github.com/aegpu/aegpu/backend"

// jacobian computes J^T v for probes v in code space, J being the encoder's
// Jacobian, and the gradient of |J^T v|^2. With a_l a layer's pre-activation:
//
//	v_L = probe,  u_l = v_l . s'(a_l),  v_{l-1} = u_l W_l,  J^T v_L = v_0
//
// The K unit vectors as probes give the exact squared Frobenius norm, random
// signs an unbiased estimate of it (Hutchinson 1990).
type jacobian struct {
	probes int
	exact  bool
	v      []backend.Tensor // L+1 of B*K x width: v[0] is J^T v, v[L] the probes
	u      []backend.Tensor // L of B*K x width
	d      [2]backend.Tensor
}

// planJacobian reserves a jacobian for batches of up to batch examples, with
// buffers for its gradient where training.
func planJacobian(g *graph, alloc backend.Alloc, batch, probes int, exact, training bool) *jacobian {
	j := &jacobian{probes: probes, exact: exact}
	rows, widest := batch*probes, 0
	j.v = append(j.v, alloc(rows, g.enc[0].in))
	for i := range g.enc {
		l := &g.enc[i]
		j.u = append(j.u, alloc(rows, l.out))
		j.v = append(j.v, alloc(rows, l.out))
		widest = max(widest, l.out)
		if training {
			l.extra = alloc(batch, l.out)
		}
	}
	if training {
		j.d = [2]backend.Tensor{alloc(rows, widest), alloc(rows, widest)}
	}
	return j
}

// forward enqueues v_0 = J^T v for n examples whose encoding is in the layers.
func (j *jacobian) forward(to backend.Queue, enc chain, noise backend.Noise, n int) {
	rows := n * j.probes
	to.Enqueue(backend.Probes{V: j.v[len(enc)].Top(rows), Batch: n, Noise: noise, Exact: j.exact})
	for i := len(enc) - 1; i >= 0; i-- {
		l := &enc[i]
		to.Enqueue(backend.ScaleByDerivative{U: j.u[i].Top(rows), V: j.v[i+1].Top(rows), Saved: l.saved().Top(n), Act: l.act})
		to.Enqueue(backend.LinearBackInput{DX: j.v[i].Top(rows), DY: j.u[i].Top(rows), W: l.w})
	}
}

// backward enqueues, given dv_0 in v[0], the gradient by every weight (added to
// dw where accumulate, else written) and by every pre-activation (into extra).
func (j *jacobian) backward(to backend.Queue, enc chain, n int, accumulate bool) {
	rows := n * j.probes
	dv := j.v[0].Top(rows)
	for i := range enc {
		l := &enc[i]
		to.Enqueue(backend.LinearBackWeights{DW: l.dw, DY: j.u[i].Top(rows), X: dv, Accumulate: accumulate})
		du := j.d[i%2].Slice(0, rows, l.out)
		to.Enqueue(backend.Linear{Y: du, X: dv, W: l.w})
		below := backend.Tensor{}
		if i+1 < len(enc) {
			below = du
		}
		to.Enqueue(backend.ScaleByDerivativeBack{DV: below, DA: l.extra.Top(n), DU: du, V: j.v[i+1].Top(rows), Saved: l.saved().Top(n), Act: l.act})
		dv = du
	}
}
