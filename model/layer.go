package model

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// layer is one dense layer with its parameters and, planned for a batch of B,
// its activations.
type layer struct {
	dense
	transposed bool           // the weight is an encoder layer's, in x out
	w, b       backend.Tensor // out x in (transposed: in x out), 1 x out
	dw, db     backend.Tensor // their gradients; none in inference
	y, pre     backend.Tensor // B x out; pre only where the activation saves it
	delta      backend.Tensor // B x out: gradient by the pre-activation; none in inference
	extra      backend.Tensor // B x out: what the contractive penalty adds to delta; none elsewhere
	dropped    backend.Tensor // B x out: y after dropout; none without
	drop       float32
	noise      backend.Noise // of dropout
}

// saved is what the activation's derivatives are functions of.
func (l *layer) saved() backend.Tensor {
	if l.act.SavesPre() {
		return l.pre
	}
	return l.y
}

// output is what the next layer sees.
func (l *layer) output() backend.Tensor {
	if l.dropped.None() {
		return l.y
	}
	return l.dropped
}

// chain is dense layers one after the other.
type chain []layer

// newChain binds the parameters of one side ("encoder", "decoder") in flat
// buffers; tied takes a layer's weight from the mirrored encoder layer.
func newChain(side string, shapes []dense, l *layout, params, grads backend.Tensor, tied bool) chain {
	c := make(chain, len(shapes))
	for i, d := range shapes {
		weight := fmt.Sprintf("%s.%d.weight", side, i)
		if tied {
			weight = fmt.Sprintf("encoder.%d.weight", len(shapes)-1-i)
		}
		bias := fmt.Sprintf("%s.%d.bias", side, i)
		c[i] = layer{
			dense: d, transposed: tied,
			w: l.view(params, weight), b: l.view(params, bias),
			dw: l.view(grads, weight), db: l.view(grads, bias),
		}
	}
	return c
}

// plan reserves the activations of a batch, and the gradients by them when
// training.
func (c chain) plan(alloc backend.Alloc, batch int, training bool) {
	for i := range c {
		l := &c[i]
		l.y = alloc(batch, l.out)
		if l.act.SavesPre() {
			l.pre = alloc(batch, l.out)
		}
		if training {
			l.delta = alloc(batch, l.out)
		}
		if l.drop > 0 {
			l.dropped = alloc(batch, l.out)
		}
	}
}

// last is the chain's last layer.
func (c chain) last() *layer { return &c[len(c)-1] }

// forward enqueues y = the layers applied to x, n rows of it.
func (c chain) forward(to backend.Queue, x backend.Tensor, n int) backend.Tensor {
	for i := range c {
		l := &c[i]
		to.Enqueue(backend.Linear{Y: l.y.Top(n), Pre: l.pre.Top(n), X: x.Top(n), W: l.w, B: l.b, Act: l.act, Transposed: l.transposed})
		if l.drop > 0 {
			to.Enqueue(backend.Dropout{Y: l.dropped.Top(n), X: l.y.Top(n), Noise: l.noise, P: l.drop})
		}
		x = l.output()
	}
	return x.Top(n)
}

// backward enqueues the gradients of the layers' parameters, given that the
// last layer's delta is there; x is the chain's input. Gradients are added to what
// is there: all of them with more, those of weights that are also used elsewhere,
// which has left its part, with shared.
func (c chain) backward(to backend.Queue, x backend.Tensor, n int, shared, more bool) {
	for i := len(c) - 1; i >= 0; i-- {
		l := &c[i]
		in := x
		if i > 0 {
			in = c[i-1].output()
		}
		if shared && !more { // the bias has just this use
			to.Enqueue(backend.Zero{Dst: l.db})
		}
		to.Enqueue(backend.LinearBackWeights{DW: l.dw, DB: l.db, DY: l.delta.Top(n), X: in.Top(n), Transposed: l.transposed, Accumulate: shared || more})
		if i > 0 {
			c[i-1].pullBack(to, l, n)
		}
	}
}

// pullBack enqueues l's delta from that of the layer above it.
func (l *layer) pullBack(to backend.Queue, above *layer, n int) {
	delta, saved := l.delta.Top(n), l.saved().Top(n)
	if l.drop > 0 {
		to.Enqueue(backend.LinearBackInput{DX: delta, DY: above.delta.Top(n), W: above.w, Transposed: above.transposed})
		to.Enqueue(backend.Dropout{Y: delta, X: delta, Noise: l.noise, P: l.drop})
		to.Enqueue(backend.ActivateBack{DX: delta, DY: delta, Saved: saved, Act: l.act})
	} else {
		to.Enqueue(backend.LinearBackInput{DX: delta, DY: above.delta.Top(n), W: above.w, Saved: saved, Act: l.act, Transposed: above.transposed})
	}
	if !l.extra.None() {
		to.Enqueue(backend.Add{Dst: delta, Src: l.extra.Top(n)})
	}
}
