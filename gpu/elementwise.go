//go:build cuda

package gpu

import (
	"slices"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
	"gorgonia.org/cu"
)

// Activate is y = s(x).
func (d *Device) Activate(y, x backend.Tensor, act backend.Activation) {
	if d.ready("Activate", backend.CheckActivate(y, x, act), tensors{y}, x) {
		d.run("Activate", func() error {
			return d.launch(kernels.ActFwdF32, d.spread(ceil(y.Len(), 4)), at(y), at(x), integer(y.Len()), integer(int(act)))
		})
	}
}

// ActivateBack is dx = dy . s'(saved). In a recording the operation that made dy
// does it, if it was the last one, can, and dy is dx.
func (d *Device) ActivateBack(dx, dy, saved backend.Tensor, act backend.Activation) {
	a := access{writes: tensors{dx}, either: tensors{dy, saved}}
	if !d.readyTo("ActivateBack", backend.CheckActivateBack(dx, dy, saved, act), a) {
		return
	}
	s := slope{saved, act}
	if dx != dy {
		d.run("ActivateBack", func() error { return d.activateBack(dx, dy, s) })
		return
	}
	if o := d.takeWriter(dx, func(o *operation) bool { return o.sloped != nil }); o != nil {
		d.next = o.access
		d.next.either = append(slices.Clone(o.either), saved)
		d.run(o.name, func() error { return o.sloped(s) })
		return
	}
	d.run("ActivateBack", func() error { return d.activateBack(dx, dy, s) })
	if o := d.recorded.last(); o != nil {
		o.slopes = &s
	}
}

func (d *Device) activateBack(dx, dy backend.Tensor, s slope) error {
	g, gHalf := d.sourceOf(dy)
	v, vHalf := d.sourceOf(s.saved)
	return d.launchTo(dx, kernels.ActBwdF32, d.spread(ceil(dx.Len(), 4)), g, gHalf, integer(dx.Rows), integer(dx.Cols),
		v, vHalf, integer(int(s.act)))
}

// Dropout is y = x . m / (1-p).
func (d *Device) Dropout(y, x backend.Tensor, noise backend.Noise, p float32) {
	a := access{writes: tensors{y}, either: tensors{x}}
	if d.readyTo("Dropout", backend.CheckDropout(y, x, p), a) && d.clock("Dropout", noise.Clock) {
		d.runSloped("Dropout", func(s slope) error {
			v, half := d.sourceOf(x)
			g, gHalf := d.sourceOf(s.saved)
			return d.launchTo(y, kernels.DropoutFwdF32, d.spread(ceil(y.Len(), 4)), v, half, clockAt(noise.Clock),
				integer(y.Rows), integer(y.Cols), integer(int(noise.Stream)), float(p), g, gHalf, integer(int(s.act)))
		})
	}
}

// Add is dst += src.
func (d *Device) Add(dst, src backend.Tensor) {
	if d.ready("Add", backend.CheckAdd(dst, src), tensors{dst}, dst, src) {
		d.run("Add", func() error {
			return d.launchTo(dst, kernels.AddFwdF32, d.spread(ceil(dst.Len(), 4)), at(dst), at(src),
				integer(dst.Rows), integer(dst.Cols))
		})
	}
}

// Copy is dst = src.
func (d *Device) Copy(dst, src backend.Tensor) {
	if d.ready("Copy", backend.CheckCopy(dst, src), tensors{dst}, src) {
		d.run("Copy", func() error {
			return d.enqueue(func() error {
				return cu.MemcpyDtoDAsync(address(tensorExtent(dst)), address(tensorExtent(src)), int64(4*dst.Len()), d.stream)
			})
		})
	}
}

// CopyColumns is dst[r,j] = src[r,from+j].
func (d *Device) CopyColumns(dst, src backend.Tensor, from int) {
	if d.ready("CopyColumns", backend.CheckCopyColumns(dst, src, from), tensors{dst}, src) {
		d.run("CopyColumns", func() error {
			return d.launch(kernels.CopyColumnsFwdF32, d.spread(dst.Len()), at(dst), at(src), integer(dst.Rows),
				integer(dst.Cols), integer(src.Cols), integer(from))
		})
	}
}

// Zero is dst = 0.
func (d *Device) Zero(dst backend.Tensor) {
	if d.ready("Zero", backend.CheckZero(dst), tensors{dst}) {
		d.run("Zero", func() error { return d.clear(address(tensorExtent(dst)), 4*dst.Len()) })
	}
}

// ScaleRows is t[r,:] *= w[r].
func (d *Device) ScaleRows(t, w backend.Tensor) {
	if d.ready("ScaleRows", backend.CheckScaleRows(t, w), tensors{t}, t, w) {
		d.run("ScaleRows", func() error {
			return d.launchTo(t, kernels.ScaleRowsFwdF32, d.spread(t.Len()), at(t), at(w),
				integer(t.Rows), integer(t.Cols))
		})
	}
}
