//go:build cuda

package gpu

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
)

// Reparam draws z = mu + exp(l/2) eps.
func (d *Device) Reparam(z, ml backend.Tensor, noise backend.Noise) {
	if !d.ready("Reparam", backend.CheckReparam(z, ml), tensors{z}, ml) || !d.clock("Reparam", noise.Clock) {
		return
	}
	k := z.Rows / ml.Rows
	d.run("Reparam", func() error {
		return d.launchTo(z, kernels.ReparamFwdF32, d.spread(ceil(z.Len(), 4)), at(ml), clockAt(noise.Clock),
			integer(int(noise.Stream)), integer(ml.Rows), integer(k), integer(z.Cols))
	})
}

// GaussianKL is each unit's divergence from N(0, 1), mean over the batch.
func (d *Device) GaussianKL(kl, ml backend.Tensor) {
	if !d.ready("GaussianKL", backend.CheckGaussianKL(kl, ml), tensors{kl}, ml) {
		return
	}
	grid, chunks := d.columns(ml.Rows, kl.Cols)
	enqueue := func(a addition) error {
		return d.launch(kernels.GaussianKlFwdF32, grid, at(kl), a.to, at(ml), integer(ml.Rows), integer(kl.Cols), double(a.scale),
			integer(chunks), d.part(), d.tiles(), d.count())
	}
	if tilesFit(kl.Cols) {
		d.runAdded("GaussianKL", enqueue)
	} else {
		d.run("GaussianKL", func() error { return enqueue(noAddition) })
	}
}

// ReparamBack is the gradient by ml of the decoder's loss and of the KL term.
func (d *Device) ReparamBack(dml, dz, ml, kl backend.Tensor, noise backend.Noise, freeBits, scale float32) {
	if !d.ready("ReparamBack", backend.CheckReparamBack(dml, dz, ml, kl), tensors{dml}, dz, ml, kl) || !d.clock("ReparamBack", noise.Clock) {
		return
	}
	k := dz.Rows / ml.Rows
	d.run("ReparamBack", func() error {
		return d.launchTo(dml, kernels.ReparamBwdF32, d.spread(ml.Rows*dz.Cols), at(dz), at(ml), at(kl),
			clockAt(noise.Clock), integer(int(noise.Stream)), integer(ml.Rows), integer(k), integer(dz.Cols),
			float(freeBits), float(scale))
	})
}

// ImportanceWeights is the normalised weights and the importance-weighted bound.
func (d *Device) ImportanceWeights(w, bound, rows, z, ml backend.Tensor, noise backend.Noise) {
	if !d.ready("ImportanceWeights", backend.CheckImportanceWeights(w, bound, rows, z, ml), tensors{w, bound}, rows, z, ml) || !d.clock("ImportanceWeights", noise.Clock) {
		return
	}
	k := z.Rows / ml.Rows
	d.run("ImportanceWeights", func() error {
		return d.launch(kernels.ImportanceWeightsFwdF32, d.perRow(ml.Rows), at(w), at(bound), at(rows), at(z), at(ml),
			clockAt(noise.Clock), integer(int(noise.Stream)), integer(ml.Rows), integer(k), integer(z.Cols))
	})
}

// ImportanceBack is the gradient by ml of -scale times the sum of the bounds.
func (d *Device) ImportanceBack(dml, dz, z, ml, w backend.Tensor, noise backend.Noise, scale float32) {
	if !d.ready("ImportanceBack", backend.CheckImportanceBack(dml, dz, z, ml, w), tensors{dml}, dz, z, ml, w) || !d.clock("ImportanceBack", noise.Clock) {
		return
	}
	k := z.Rows / ml.Rows
	d.run("ImportanceBack", func() error {
		return d.launchTo(dml, kernels.ImportanceBwdF32, d.spread(ml.Rows*z.Cols), at(dz), at(z), at(ml), at(w),
			clockAt(noise.Clock), integer(int(noise.Stream)), integer(ml.Rows), integer(k), integer(z.Cols), float(scale))
	})
}

// TopK keeps the k largest elements of every row.
func (d *Device) TopK(y, x backend.Tensor, k int) {
	if !d.ready("TopK", backend.CheckTopK(y, x, k), tensors{y}, x) {
		return
	}
	d.run("TopK", func() error {
		return d.launchTo(y, kernels.TopkFwdF32, d.perRow(x.Rows), at(x), integer(x.Rows), integer(x.Cols), integer(k))
	})
}

// TopKBack is dx = [y != 0] . dy.
func (d *Device) TopKBack(dx, dy, y backend.Tensor) {
	a := access{writes: tensors{dx}, reads: tensors{y}, either: tensors{dy}}
	if d.readyTo("TopKBack", backend.CheckTopKBack(dx, dy, y), a) {
		d.runSloped("TopKBack", func(s slope) error {
			v, half := d.sourceOf(dy)
			saved, savedHalf := d.sourceOf(s.saved)
			return d.launchTo(dx, kernels.TopkBwdF32, d.spread(dx.Len()), v, half, at(y), integer(dx.Rows), integer(dx.Cols),
				saved, savedHalf, integer(int(s.act)))
		})
	}
}
