package ref64

import (
	"cmp"
	"math"

	"github.com/aegpu/aegpu/backend"
)

// ColumnMeans is m[j] = mean_b h[b,j].
func (d *Device) columnMeans(o backend.ColumnMeans) {
	if d.stop(o.Check()) {
		return
	}
	clear(vec(o.M))
	for i, x := range vec(o.H) {
		vec(o.M)[i%o.H.Cols] += x / float64(cmp.Or(o.Of, o.H.Rows))
	}
}

// SparseKL is KL(rho || m_j) summed over the units.
func (d *Device) sparseKL(o backend.SparseKL) {
	if d.stop(o.Check()) {
		return
	}
	p := float64(o.Rho)
	for j, mean := range vec(o.M) {
		q := min(max(mean, backend.MinSparsity), 1-backend.MinSparsity)
		sums(o.Sums)[o.Slot] += p*math.Log(p/q) + (1-p)*math.Log((1-p)/(1-q))
		for b := range o.DH.Rows {
			row(o.DH, b)[j] += float64(o.Scale) * (-p/q + (1-p)/(1-q))
		}
	}
}

// L1 is the sum of |h|.
func (d *Device) l1(o backend.L1) {
	if d.stop(o.Check()) {
		return
	}
	for e, x := range vec(o.H) {
		sums(o.Sums)[o.Slot] += o.Share * math.Abs(x)
		vec(o.DH)[e] += float64(o.Scale) * pick(x > 0, 1, pick(x < 0, -1, 0))
	}
}

// RowSquares is r[j] = sum_i w[j,i]^2.
func (d *Device) rowSquares(o backend.RowSquares) {
	if d.stop(o.Check()) {
		return
	}
	clear(vec(o.R))
	for i, x := range vec(o.W) {
		vec(o.R)[i/o.W.Cols] += x * x
	}
}

// ContractShallow is the squared norm of a one-layer encoder's Jacobian.
func (d *Device) contractShallow(o backend.ContractShallow) {
	if d.stop(o.Check()) {
		return
	}
	clear(vec(o.DR))
	for e, v := range vec(o.Saved) {
		j := e % o.Saved.Cols
		s1, s2 := first(o.Act, v), second(o.Act, v)
		sums(o.Sums)[o.Slot] += o.Share * s1 * s1 * vec(o.R)[j]
		vec(o.DA)[e] += float64(o.Scale) * 2 * s1 * s2 * vec(o.R)[j]
		vec(o.DR)[j] += float64(o.Scale) * s1 * s1
	}
}

// AddScaledRows is dw[j,i] += 2 c_j w[j,i].
func (d *Device) addScaledRows(o backend.AddScaledRows) {
	if d.stop(o.Check()) {
		return
	}
	for i, x := range vec(o.W) {
		vec(o.DW)[i] += 2 * vec(o.C)[i/o.W.Cols] * x
	}
}

// Probes fills v with unit vectors or random signs.
func (d *Device) probes(o backend.Probes) {
	if d.stop(o.Check()) {
		return
	}
	samples := o.V.Rows / o.Batch
	for r := range o.V.Rows {
		for j := range o.V.Cols {
			if o.Exact {
				row(o.V, r)[j] = pick(r%samples == j, 1, 0)
			} else {
				row(o.V, r)[j] = pick(word(o.Noise, r*o.V.Cols+j)>>31 == 1, -1, 1)
			}
		}
	}
}

// ScaleByDerivative is u[b,k,:] = v[b,k,:] . s'(saved[b,:]).
func (d *Device) scaleByDerivative(o backend.ScaleByDerivative) {
	if d.stop(o.Check()) {
		return
	}
	samples := o.V.Rows / o.Saved.Rows
	for r := range o.V.Rows {
		for j := range o.V.Cols {
			row(o.U, r)[j] = row(o.V, r)[j] * first(o.Act, row(o.Saved, r/samples)[j])
		}
	}
}

// ScaleByDerivativeBack is the gradient of ScaleByDerivative by v and by the
// pre-activations.
func (d *Device) scaleByDerivativeBack(o backend.ScaleByDerivativeBack) {
	if d.stop(o.Check()) {
		return
	}
	samples := o.V.Rows / o.Saved.Rows
	clear(vec(o.DA))
	for r := range o.V.Rows {
		for j := range o.V.Cols {
			g, a := row(o.DU, r)[j], row(o.Saved, r/samples)[j]
			row(o.DA, r/samples)[j] += g * row(o.V, r)[j] * second(o.Act, a)
			if !o.DV.None() {
				row(o.DV, r)[j] = g * first(o.Act, a)
			}
		}
	}
}

// SquareSum is the sum of v^2, and dv = 2 scale v.
func (d *Device) squareSum(o backend.SquareSum) {
	if d.stop(o.Check()) {
		return
	}
	for e, x := range vec(o.V) {
		sums(o.Sums)[o.Slot] += o.Share * x * x
		vec(o.DV)[e] = 2 * float64(o.Scale) * x
	}
}
