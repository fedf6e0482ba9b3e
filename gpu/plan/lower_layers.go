package plan

import (
	"slices"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
)

// linear is y = s(x W^T + b). The bias, and with it ReLU, is the product's epilogue
// where the library has one; every other activation is a kernel after it.
func (p *planner) linear(_ *node, o backend.Linear) error {
	q := p.product(o.Y, o.X, o.W)
	q.TransB = !o.Transposed
	if o.Pre.None() && (o.Act == backend.Identity || o.Act == backend.ReLU) && p.fusedLayer(q, o) {
		return nil
	}
	p.multiplyHalf(q, o.Y, p.demandFor(o.Y))
	before := p.sinkOf(o.Pre)
	x, half := p.sourceOf(o.Y)
	y := p.sinkOf(o.Y)
	p.launch(p.spread(ceil(o.Y.Len(), 4)), kernels.BiasActFwdF32{Y: y.float, Half: y.half, Ld: y.ld, Pre: before.float, PreHalf: before.half,
		X: x, XHalf: half, B: at(o.B), Rows: o.Y.Rows, Cols: o.Y.Cols, Act: int(o.Act)})
	return nil
}

// fusedLayer is the product with bias and activation as its epilogue, if the library
// has it. In a step ReLU also leaves its mask where the backward pass wants it.
func (p *planner) fusedLayer(q Product, o backend.Linear) bool {
	if !o.B.None() {
		q.Epilogue |= Bias
	}
	if o.Act == backend.ReLU {
		q.Epilogue |= ReLU
	}
	want := p.demandFor(o.Y)
	if want.sign && o.Act == backend.ReLU && !slices.Contains(p.maskless, o.Y) {
		m := p.newMask(o.Y)
		masked := q
		masked.Epilogue |= WriteMask
		masked.Mask, masked.MaskLD = kernels.Pointer{Base: m.at}, maskLD(o.Y)
		if m.fresh = p.multiplyLayer(masked, o, want); m.fresh {
			m.written = true
			return true
		}
	}
	return p.multiplyLayer(q, o, want)
}

// multiplyLayer is multiplyHalf with the layer's bias, which is of the type of the
// result.
func (p *planner) multiplyLayer(q Product, o backend.Linear, want demand) bool {
	if want.halfOnly() && !o.B.None() && p.Precision == BF16 {
		rounded, h := p.inHalf(q, o.Y)
		rounded.Bias = kernels.Pointer{Base: p.halfOf(o.B).at} // like the copy, which is made only if it is read
		if !p.refuses(rounded) {
			rounded.Bias = p.matrix(o.B).At
			h.written(true)
			return p.multiply(rounded)
		}
		want.float = true
	}
	if !o.B.None() {
		q.Bias = kernels.Pointer(at(o.B))
	}
	return p.multiplyHalf(q, o.Y, want)
}

// linearBackInput is dx = (dy W) . s'(saved). The derivative of ReLU is the product's
// epilogue where the forward pass left its mask.
func (p *planner) linearBackInput(_ *node, o backend.LinearBackInput) error {
	q := p.product(o.DX, o.DY, o.W)
	q.TransB = o.Transposed
	want := p.demandFor(o.DX)
	if o.Act == backend.Identity {
		p.multiplyHalf(q, o.DX, want)
		return nil
	}
	if m := p.masks[o.Saved]; m != nil && m.fresh {
		fused := q
		fused.Epilogue, fused.Mask, fused.MaskLD = ApplyMask, kernels.Pointer{Base: m.at}, maskLD(o.Saved)
		if p.multiplyHalf(fused, o.DX, want) {
			m.applied = true
			return nil
		}
	}
	p.multiplyHalf(q, o.DX, want)
	p.derive(o.DX, o.DX, slope{o.Saved, o.Act})
	return nil
}

// linearBackWeights is dw = dy^T x and db = column sums of dy, which are the product's
// epilogue unless they are added to what is there.
func (p *planner) linearBackWeights(n *node, o backend.LinearBackWeights) error {
	dy, x, sums := o.DY, o.X, SumA
	if o.Transposed {
		dy, x, sums = x, dy, SumB
	}
	q := p.product(o.DW, dy, x)
	q.TransA, q.Accumulate = true, o.Accumulate
	if o.DB.None() {
		p.multiply(q)
		return nil
	}
	add := o.Accumulate && !n.sets
	if !add {
		fused := q
		fused.Epilogue, fused.Bias = sums, kernels.Pointer(at(o.DB))
		if p.multiply(fused) {
			return nil
		}
	}
	p.multiply(q)
	p.columnSums(o.DB, o.DY, 1, add)
	return nil
}

// derive is dx = dy . s'(saved).
func (p *planner) derive(dx, dy backend.Tensor, s slope) {
	g, gHalf := p.sourceOf(dy)
	v, vHalf := p.sourceOf(s.saved)
	to := p.sinkOf(dx)
	p.launch(p.spread(ceil(dx.Len(), 4)), kernels.ActBwdF32{Dx: to.float, Half: to.half, Ld: to.ld, Dy: g, DyHalf: gHalf,
		Rows: dx.Rows, Cols: dx.Cols, Saved: v, SavedHalf: vHalf, Act: int(s.act)})
}

func (p *planner) dropout(n *node, o backend.Dropout) error {
	x, half := p.sourceOf(o.X)
	saved, savedHalf, act := p.factor(n)
	y := p.sinkOf(o.Y)
	p.launch(p.spread(ceil(o.Y.Len(), 4)), kernels.DropoutFwdF32{Y: y.float, Half: y.half, Ld: y.ld, X: x, XHalf: half,
		Clock: clockAt(o.Noise.Clock), Rows: o.Y.Rows, Cols: o.Y.Cols, Stream: int(o.Noise.Stream), First: blockOf(o.Noise.First), P: o.P,
		Saved: saved, SavedHalf: savedHalf, Act: act})
	return nil
}

// activate is y = s(x).
func (p *planner) activate(_ *node, o backend.Activate) error {
	p.launch(p.spread(ceil(o.Y.Len(), 4)), kernels.ActFwdF32{Y: at(o.Y), X: at(o.X), N: o.Y.Len(), Act: int(o.Act)})
	return nil
}

// activateBack is dx = dy . s'(saved).
func (p *planner) activateBack(_ *node, o backend.ActivateBack) error {
	p.derive(o.DX, o.DY, slope{o.Saved, o.Act})
	return nil
}
