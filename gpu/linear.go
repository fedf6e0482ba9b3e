//go:build cuda

package gpu

import (
	"errors"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
	"github.com/aegpu/aegpu/kernels"
)

// Linear is y = s(x W^T + b). The bias, and with it ReLU, is the product's
// epilogue where cuBLASLt has one; every other activation is a kernel after it.
func (d *Device) Linear(y, pre, x, w, b backend.Tensor, act backend.Activation, transposed bool) {
	if !d.readyTo("Linear", backend.CheckLinear(y, pre, x, w, b, act, transposed),
		access{writes: tensors{y, pre}, reads: tensors{b}, factors: tensors{x, w}}) {
		return
	}
	d.run("Linear", func() error {
		p := product{c: y, a: x, b: w, transB: !transposed, epilogue: cublaslt.Plain}
		if pre.None() && (act == backend.Identity || act == backend.ReLU) {
			if err := d.fusedLayer(p, b, act); !errors.Is(err, cublaslt.ErrUnsupported) {
				return err
			}
		}
		if err := d.multiplyThin(p, d.demandFor(y)); err != nil {
			return err
		}
		before, err := d.sinkOf(pre)
		if err != nil {
			return err
		}
		x, half := d.sourceOf(y)
		return d.launchTo(y, kernels.BiasActFwdF32, d.spread(ceil(y.Len(), 4)), before.float, before.half, x, half, at(b),
			integer(y.Rows), integer(y.Cols), integer(int(act)))
	})
}

// fusedLayer enqueues p with bias and activation as its epilogue. In a recording,
// which is a training step, ReLU also leaves its mask where the backward pass
// wants it.
func (d *Device) fusedLayer(p product, b backend.Tensor, act backend.Activation) error {
	p.epilogue = layerEnd(act, b)
	want := d.demandFor(p.c)
	if want.gate && act == backend.ReLU {
		m, err := d.newMask(p.c)
		if err != nil {
			return err
		}
		masked := p
		masked.epilogue, masked.mask = p.epilogue|cublaslt.Aux, m
		if err := d.multiplyLayer(masked, b, want); err == nil {
			m.epoch = d.epoch
			return nil
		} else if !errors.Is(err, cublaslt.ErrUnsupported) {
			return err
		}
	}
	return d.multiplyLayer(p, b, want)
}

// multiplyLayer is multiplyThin with bias b, which is of the type of the result.
func (d *Device) multiplyLayer(p product, b backend.Tensor, want demand) error {
	if want.thin() && !b.None() && d.options.Precision == BF16 {
		bias, err := d.operand(b)
		if err != nil {
			return err
		}
		thin := p
		thin.bias = bias.at
		if thin.half, err = d.half(p.c); err != nil {
			return err
		}
		if err := d.multiply(thin); !errors.Is(err, cublaslt.ErrUnsupported) {
			return err
		}
		want.float = true
	}
	if !b.None() {
		p.bias = address(tensorExtent(b))
	}
	return d.multiplyThin(p, want)
}

// layerEnd is the epilogue of a layer with identity or ReLU.
func layerEnd(act backend.Activation, b backend.Tensor) cublaslt.Epilogue {
	switch {
	case act == backend.ReLU && b.None():
		return cublaslt.ReLU
	case act == backend.ReLU:
		return cublaslt.ReLUBias
	case b.None():
		return cublaslt.Plain
	}
	return cublaslt.Bias
}

// LinearBackInput is dx = (dy W) . s'(saved). The derivative of ReLU is the
// product's epilogue where the forward pass left its mask (mask.go).
func (d *Device) LinearBackInput(dx, dy, w, saved backend.Tensor, act backend.Activation, transposed bool) {
	a := access{writes: tensors{dx}, factors: tensors{dy, w}}
	if act == backend.ReLU {
		a.gates = tensors{saved}
	}
	if !d.readyTo("LinearBackInput", backend.CheckLinearBackInput(dx, dy, w, saved, act, transposed), a) {
		return
	}
	if act != backend.Identity && act != backend.ReLU {
		d.LinearBackInput(dx, dy, w, backend.Tensor{}, backend.Identity, transposed)
		d.ActivateBack(dx, dx, saved, act)
		return
	}
	d.run("LinearBackInput", func() error {
		p := product{c: dx, a: dy, b: w, transB: transposed, epilogue: cublaslt.Plain}
		if act == backend.Identity {
			return d.multiplyThin(p, d.demandFor(dx))
		}
		want := d.demandFor(dx)
		if m := d.maskOf(saved); act == backend.ReLU && m != nil {
			fused := p
			fused.epilogue, fused.mask = cublaslt.DReLU, m
			if err := d.multiplyThin(fused, want); !errors.Is(err, cublaslt.ErrUnsupported) {
				return err
			}
		}
		if err := d.multiplyThin(p, want); err != nil {
			return err
		}
		return d.activateBack(dx, dx, slope{saved, act})
	})
}

// LinearBackWeights is dw = dy^T x and db = column sums of dy, which are the
// product's epilogue unless they are added to what is there; a Zero before is not.
// In a recording the product runs aside, if what follows can go on meanwhile.
func (d *Device) LinearBackWeights(dw, db, dy, x backend.Tensor, transposed, accumulate bool) {
	a := access{writes: tensors{dw, db}, factors: tensors{dy, x}}
	if accumulate {
		a.reads = append(a.reads, dw)
	}
	add := accumulate && !db.None() && !d.takeZero(db)
	if add {
		a.reads = append(a.reads, db)
	}
	if !d.readyTo("LinearBackWeights", backend.CheckLinearBackWeights(dw, db, dy, x, transposed), a) {
		return
	}
	p := product{c: dw, a: dy, b: x, transA: true, accumulate: accumulate, epilogue: cublaslt.Plain}
	sums := cublaslt.BGradB // dy is cuBLASLt's second operand
	if transposed {
		p.a, p.b, sums = x, dy, cublaslt.BGradA
	}
	d.run("LinearBackWeights", func() error {
		if p.aside = d.worthForking(a); p.aside {
			d.aside.underWay = append(d.aside.underWay, a)
		}
		if db.None() {
			return d.multiply(p)
		}
		if !add {
			fused := p
			fused.epilogue, fused.bias = sums, address(tensorExtent(db))
			if err := d.multiply(fused); !errors.Is(err, cublaslt.ErrUnsupported) {
				return err
			}
		}
		if err := d.multiply(p); err != nil {
			return err
		}
		return d.columnSums(db, dy, 1, add)
	})
}

// columnSums enqueues out = scale * column sums of x.
func (d *Device) columnSums(out, x backend.Tensor, scale float64, accumulate bool) error {
	grid, chunks := d.columns(x.Rows, x.Cols)
	v, half := d.sourceOf(x)
	return d.launch(kernels.ColumnSumsFwdF32, grid, at(out), v, half, integer(halvedLD(x)), integer(x.Rows), integer(x.Cols), integer(chunks),
		double(scale), flag(accumulate), d.part(), d.count())
}
