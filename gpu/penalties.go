//go:build cuda

package gpu

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
)

// ColumnMeans is m[j] = mean_b h[b,j].
func (d *Device) ColumnMeans(m, h backend.Tensor) {
	if d.readyTo("ColumnMeans", backend.CheckColumnMeans(m, h), access{writes: tensors{m}, either: tensors{h}}) {
		d.run("ColumnMeans", func() error { return d.columnSums(m, h, 1/float64(h.Rows), false) })
	}
}

// SparseKL is KL(rho || m_j) summed over the units.
func (d *Device) SparseKL(dh backend.Tensor, s backend.Sums, i int, m backend.Tensor, rho, scale float32) {
	a := access{writes: tensors{dh}, reads: tensors{m}, either: tensors{dh}}
	if !d.readyTo("SparseKL", backend.CheckSparseKL(dh, s, i, m, rho), a) || !d.holds("SparseKL", s, i) {
		return
	}
	d.runSloped("SparseKL", func(g slope) error {
		v, half := d.sourceOf(dh)
		saved, savedHalf := d.sourceOf(g.saved)
		return d.launchTo(dh, kernels.SparseKlBwdF32, d.spread(dh.Len()), v, half, sum(s, i), at(m), integer(dh.Rows),
			integer(dh.Cols), float(rho), float(scale), float(backend.MinSparsity), saved, savedHalf, integer(int(g.act)))
	})
}

// L1 is the sum of |h|.
func (d *Device) L1(dh backend.Tensor, s backend.Sums, i int, h backend.Tensor, share float64, scale float32) {
	a := access{writes: tensors{dh}, either: tensors{dh, h}}
	if !d.readyTo("L1", backend.CheckL1(dh, s, i, h), a) || !d.holds("L1", s, i) {
		return
	}
	d.runSloped("L1", func(g slope) error {
		before, beforeHalf := d.sourceOf(dh)
		v, half := d.sourceOf(h)
		saved, savedHalf := d.sourceOf(g.saved)
		return d.launchTo(dh, kernels.L1BwdF32, d.summing(h.Len()), before, beforeHalf, sum(s, i), v, half, integer(h.Rows),
			integer(h.Cols), double(share), float(scale), saved, savedHalf, integer(int(g.act)), d.part(), d.count())
	})
}

// RowSquares is r[j] = sum_i w[j,i]^2.
func (d *Device) RowSquares(r, w backend.Tensor) {
	if d.ready("RowSquares", backend.CheckRowSquares(r, w), tensors{r}, w) {
		d.run("RowSquares", func() error {
			return d.launch(kernels.RowSquaresFwdF32, d.perRow(w.Rows), at(r), at(w), integer(w.Rows), integer(w.Cols))
		})
	}
}

// ContractShallow is the squared norm of a one-layer encoder's Jacobian. In a
// recording it also does the ActivateBack of da before it.
func (d *Device) ContractShallow(da, dr backend.Tensor, s backend.Sums, i int, saved, r backend.Tensor,
	act backend.Activation, share float64, scale float32) {
	a := access{writes: tensors{da, dr}, reads: tensors{r}, either: tensors{da, saved}}
	if !d.readyTo("ContractShallow", backend.CheckContractShallow(da, dr, s, i, saved, r, act), a) || !d.holds("ContractShallow", s, i) {
		return
	}
	if !tilesFit(saved.Cols) {
		d.fail("ContractShallow", fmt.Errorf("%d columns are too many", saved.Cols))
		return
	}
	grid, chunks := d.columns(saved.Rows, saved.Cols)
	sloped := d.takeWriter(da, func(o *operation) bool { return o.slopes != nil && *o.slopes == slope{saved, act} }) != nil
	d.run("ContractShallow", func() error {
		before, beforeHalf := d.sourceOf(da)
		v, half := d.sourceOf(saved)
		return d.launchTo(da, kernels.ContractShallowBwdF32, grid, before, beforeHalf, at(dr), sum(s, i), v, half, at(r),
			integer(saved.Rows), integer(saved.Cols), integer(int(act)), flag(sloped), double(share), float(scale), integer(chunks),
			d.part(), d.tiles(), d.count())
	})
}

// AddScaledRows is dw[j,i] += 2 c_j w[j,i].
func (d *Device) AddScaledRows(dw, w, c backend.Tensor) {
	if d.ready("AddScaledRows", backend.CheckAddScaledRows(dw, w, c), tensors{dw}, dw, w, c) {
		d.run("AddScaledRows", func() error {
			return d.launch(kernels.ScaledRowsBwdF32, d.spread(w.Len()), at(dw), at(w), at(c), integer(w.Rows), integer(w.Cols))
		})
	}
}

// Probes fills v with unit vectors or random signs.
func (d *Device) Probes(v backend.Tensor, batch int, noise backend.Noise, exact bool) {
	if !d.ready("Probes", backend.CheckProbes(v, batch, exact), tensors{v}) || !d.clock("Probes", noise.Clock) {
		return
	}
	k := v.Rows / batch
	d.run("Probes", func() error {
		return d.launch(kernels.ProbesFwdF32, d.spread(ceil(v.Len(), 4)), at(v), clockAt(noise.Clock),
			integer(int(noise.Stream)), integer(v.Rows), integer(v.Cols), integer(k), flag(exact))
	})
}

// ScaleByDerivative is u[b,k,:] = v[b,k,:] . s'(saved[b,:]).
func (d *Device) ScaleByDerivative(u, v, saved backend.Tensor, act backend.Activation) {
	if !d.ready("ScaleByDerivative", backend.CheckScaleByDerivative(u, v, saved, act), tensors{u}, v, saved) {
		return
	}
	k := v.Rows / saved.Rows
	d.run("ScaleByDerivative", func() error {
		return d.launchTo(u, kernels.DerivativeFwdF32, d.spread(v.Len()), at(v), at(saved), integer(v.Rows),
			integer(v.Cols), integer(k), integer(int(act)))
	})
}

// ScaleByDerivativeBack is the gradient of ScaleByDerivative by v and by the
// pre-activations.
func (d *Device) ScaleByDerivativeBack(dv, da, du, v, saved backend.Tensor, act backend.Activation) {
	if !d.ready("ScaleByDerivativeBack", backend.CheckScaleByDerivativeBack(dv, da, du, v, saved, act), tensors{dv, da}, du, v, saved) {
		return
	}
	k := v.Rows / saved.Rows
	d.run("ScaleByDerivativeBack", func() error {
		return d.launchTo(dv, kernels.DerivativeBwdF32, d.spread(saved.Len()), at(da), at(du), at(v), at(saved),
			integer(saved.Rows), integer(saved.Cols), integer(k), integer(int(act)))
	})
}

// SquareSum is the sum of v^2, and dv = 2 scale v.
func (d *Device) SquareSum(dv backend.Tensor, s backend.Sums, i int, v backend.Tensor, share float64, scale float32) {
	if !d.ready("SquareSum", backend.CheckSquareSum(dv, s, i, v), tensors{dv}, v) || !d.holds("SquareSum", s, i) {
		return
	}
	d.run("SquareSum", func() error {
		return d.launchTo(dv, kernels.SquareSumBwdF32, d.summing(v.Len()), sum(s, i), at(v),
			integer(v.Rows), integer(v.Cols), double(share), float(scale), d.part(), d.count())
	})
}
