//go:build cuda

package gpu

import (
	"errors"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
	"github.com/aegpu/aegpu/kernels"
	"gorgonia.org/cu"
)

// Linear is y = s(x W^T + b). The bias, and with it ReLU, is the product's
// epilogue where cuBLASLt has one; every other activation is a kernel after it.
func (d *Device) Linear(y, pre, x, w, b backend.Tensor, act backend.Activation, transposed bool) {
	if !d.ready("Linear", backend.CheckLinear(y, pre, x, w, b, act, transposed), tensors{y, pre}, x, w, b) {
		return
	}
	d.run("Linear", func() error {
		p := product{c: y, a: x, b: w, transB: !transposed, epilogue: cublaslt.Plain}
		if pre.None() && (act == backend.Identity || act == backend.ReLU) {
			if err := d.fusedLayer(p, b, act); !errors.Is(err, cublaslt.ErrUnsupported) {
				return err
			}
		}
		if err := d.multiply(p); err != nil {
			return err
		}
		return d.launch(kernels.BiasActFwdF32, d.spread(ceil(y.Len(), 4)), at(y), at(pre), at(b), integer(y.Rows), integer(y.Cols),
			integer(int(act)))
	})
}

// fusedLayer enqueues p with bias and activation as its epilogue. In a recording,
// which is a training step, ReLU also leaves its mask for the backward pass.
func (d *Device) fusedLayer(p product, b backend.Tensor, act backend.Activation) error {
	p.epilogue, p.bias = layerEnd(act, b)
	if act == backend.ReLU && d.recording {
		m, err := d.newMask(p.c)
		if err != nil {
			return err
		}
		masked := p
		masked.epilogue, masked.mask = p.epilogue|cublaslt.Aux, m
		if err := d.multiply(masked); err == nil {
			m.epoch = d.epoch
			return nil
		} else if !errors.Is(err, cublaslt.ErrUnsupported) {
			return err
		}
	}
	return d.multiply(p)
}

// layerEnd is the epilogue of a layer with identity or ReLU.
func layerEnd(act backend.Activation, b backend.Tensor) (cublaslt.Epilogue, cu.DevicePtr) {
	if b.None() {
		if act == backend.ReLU {
			return cublaslt.ReLU, 0
		}
		return cublaslt.Plain, 0
	}
	if act == backend.ReLU {
		return cublaslt.ReLUBias, address(tensorExtent(b))
	}
	return cublaslt.Bias, address(tensorExtent(b))
}

// LinearBackInput is dx = (dy W) . s'(saved). The derivative of ReLU is the
// product's epilogue where the forward pass left its mask (mask.go).
func (d *Device) LinearBackInput(dx, dy, w, saved backend.Tensor, act backend.Activation, transposed bool) {
	if !d.ready("LinearBackInput", backend.CheckLinearBackInput(dx, dy, w, saved, act, transposed), tensors{dx}, dy, w, saved) {
		return
	}
	d.run("LinearBackInput", func() error {
		p := product{c: dx, a: dy, b: w, transB: transposed, epilogue: cublaslt.Plain}
		if m := d.maskOf(saved); act == backend.ReLU && m != nil {
			fused := p
			fused.epilogue, fused.mask = cublaslt.DReLU, m
			if err := d.multiply(fused); !errors.Is(err, cublaslt.ErrUnsupported) {
				return err
			}
		}
		if err := d.multiply(p); err != nil || act == backend.Identity {
			return err
		}
		return d.launch(kernels.ActBwdF32, d.spread(ceil(dx.Len(), 4)), at(dx), at(dx), at(saved), integer(dx.Len()), integer(int(act)))
	})
}

// LinearBackWeights is dw = dy^T x and db = column sums of dy, which are the
// product's epilogue unless they are added to what is there.
func (d *Device) LinearBackWeights(dw, db, dy, x backend.Tensor, transposed, accumulate bool) {
	if !d.ready("LinearBackWeights", backend.CheckLinearBackWeights(dw, db, dy, x, transposed), tensors{dw, db}, dy, x) {
		return
	}
	p := product{c: dw, a: dy, b: x, transA: true, accumulate: accumulate, epilogue: cublaslt.Plain}
	sums := cublaslt.BGradB // dy is cuBLASLt's second operand
	if transposed {
		p.a, p.b, sums = x, dy, cublaslt.BGradA
	}
	d.run("LinearBackWeights", func() error {
		if db.None() {
			return d.multiply(p)
		}
		if !accumulate {
			fused := p
			fused.epilogue, fused.bias = sums, address(tensorExtent(db))
			if err := d.multiply(fused); !errors.Is(err, cublaslt.ErrUnsupported) {
				return err
			}
		}
		if err := d.multiply(p); err != nil {
			return err
		}
		return d.columnSums(db, dy, 1, accumulate)
	})
}

// columnSums enqueues out = scale * column sums of x.
func (d *Device) columnSums(out, x backend.Tensor, scale float64, accumulate bool) error {
	grid, chunks := d.columns(x.Rows, x.Cols)
	return d.launch(kernels.ColumnSumsFwdF32, grid, at(out), at(x), integer(x.Rows), integer(x.Cols), integer(chunks),
		double(scale), flag(accumulate), d.part(), d.count())
}
