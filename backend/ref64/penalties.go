package ref64

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// ColumnMeans is m[j] = mean_b h[b,j].
func (d *Device) ColumnMeans(m, h backend.Tensor) {
	if d.stop(backend.CheckColumnMeans(m, h)) {
		return
	}
	clear(vec(m))
	for i, x := range vec(h) {
		vec(m)[i%h.Cols] += x / float64(h.Rows)
	}
}

// SparseKL is KL(rho || m_j) summed over the units.
func (d *Device) SparseKL(dh backend.Tensor, s backend.Sums, i int, m backend.Tensor, rho, scale float32) {
	if d.stop(backend.CheckSparseKL(dh, s, i, m, rho)) {
		return
	}
	p := float64(rho)
	for j, mean := range vec(m) {
		q := min(max(mean, backend.MinSparsity), 1-backend.MinSparsity)
		sums(s)[i] += p*math.Log(p/q) + (1-p)*math.Log((1-p)/(1-q))
		for b := range dh.Rows {
			row(dh, b)[j] += float64(scale) * (-p/q + (1-p)/(1-q))
		}
	}
}

// L1 is the sum of |h|.
func (d *Device) L1(dh backend.Tensor, s backend.Sums, i int, h backend.Tensor, share float64, scale float32) {
	if d.stop(backend.CheckL1(dh, s, i, h)) {
		return
	}
	for e, x := range vec(h) {
		sums(s)[i] += share * math.Abs(x)
		vec(dh)[e] += float64(scale) * pick(x > 0, 1, pick(x < 0, -1, 0))
	}
}

// RowSquares is r[j] = sum_i w[j,i]^2.
func (d *Device) RowSquares(r, w backend.Tensor) {
	if d.stop(backend.CheckRowSquares(r, w)) {
		return
	}
	clear(vec(r))
	for i, x := range vec(w) {
		vec(r)[i/w.Cols] += x * x
	}
}

// ContractShallow is the squared norm of a one-layer encoder's Jacobian.
func (d *Device) ContractShallow(da, dr backend.Tensor, s backend.Sums, i int, saved, r backend.Tensor, act backend.Activation, share float64, scale float32) {
	if d.stop(backend.CheckContractShallow(da, dr, s, i, saved, r, act)) {
		return
	}
	clear(vec(dr))
	for e, v := range vec(saved) {
		j := e % saved.Cols
		s1, s2 := first(act, v), second(act, v)
		sums(s)[i] += share * s1 * s1 * vec(r)[j]
		vec(da)[e] += float64(scale) * 2 * s1 * s2 * vec(r)[j]
		vec(dr)[j] += float64(scale) * s1 * s1
	}
}

// AddScaledRows is dw[j,i] += 2 c_j w[j,i].
func (d *Device) AddScaledRows(dw, w, c backend.Tensor) {
	if d.stop(backend.CheckAddScaledRows(dw, w, c)) {
		return
	}
	for i, x := range vec(w) {
		vec(dw)[i] += 2 * vec(c)[i/w.Cols] * x
	}
}

// Probes fills v with unit vectors or random signs.
func (d *Device) Probes(v backend.Tensor, batch int, noise backend.Noise, exact bool) {
	if d.stop(backend.CheckProbes(v, batch, exact)) {
		return
	}
	samples := v.Rows / batch
	for r := range v.Rows {
		for j := range v.Cols {
			if exact {
				row(v, r)[j] = pick(r%samples == j, 1, 0)
			} else {
				row(v, r)[j] = pick(word(noise, r*v.Cols+j)>>31 == 1, -1, 1)
			}
		}
	}
}

// ScaleByDerivative is u[b,k,:] = v[b,k,:] . s'(saved[b,:]).
func (d *Device) ScaleByDerivative(u, v, saved backend.Tensor, act backend.Activation) {
	if d.stop(backend.CheckScaleByDerivative(u, v, saved, act)) {
		return
	}
	samples := v.Rows / saved.Rows
	for r := range v.Rows {
		for j := range v.Cols {
			row(u, r)[j] = row(v, r)[j] * first(act, row(saved, r/samples)[j])
		}
	}
}

// ScaleByDerivativeBack is the gradient of ScaleByDerivative by v and by the
// pre-activations.
func (d *Device) ScaleByDerivativeBack(dv, da, du, v, saved backend.Tensor, act backend.Activation) {
	if d.stop(backend.CheckScaleByDerivativeBack(dv, da, du, v, saved, act)) {
		return
	}
	samples := v.Rows / saved.Rows
	clear(vec(da))
	for r := range v.Rows {
		for j := range v.Cols {
			g, a := row(du, r)[j], row(saved, r/samples)[j]
			row(da, r/samples)[j] += g * row(v, r)[j] * second(act, a)
			if !dv.None() {
				row(dv, r)[j] = g * first(act, a)
			}
		}
	}
}

// SquareSum is the sum of v^2, and dv = 2 scale v.
func (d *Device) SquareSum(dv backend.Tensor, s backend.Sums, i int, v backend.Tensor, share float64, scale float32) {
	if d.stop(backend.CheckSquareSum(dv, s, i, v)) {
		return
	}
	for e, x := range vec(v) {
		sums(s)[i] += share * x * x
		vec(dv)[e] = 2 * float64(scale) * x
	}
}
