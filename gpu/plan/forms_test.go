package plan_test

import (
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/plan"
)

var half = plan.Options{Precision: plan.BF16}

// layer is y = s(x w' + b) with what a backward pass reads.
type layer struct{ x, w, b, y, dx, dy, dw, db backend.Tensor }

func newLayer() layer {
	return layer{x: tensor("x", 6, 5), w: tensor("w", 4, 5), b: tensor("b", 1, 4), y: tensor("y", 6, 4),
		dx: tensor("dx", 6, 5), dy: tensor("dy", 6, 4), dw: tensor("dw", 4, 5), db: tensor("db", 1, 4)}
}

func (l layer) forward(act backend.Activation) backend.Operation {
	return backend.Linear{Y: l.y, X: l.x, W: l.w, B: l.b, Act: act}
}

// through is the gradient by the layer's own output, from a layer above of 3 outputs.
func (l layer) through(act backend.Activation) backend.Operation {
	return backend.LinearBackInput{DX: l.dy, DY: tensor("above", 6, 3), W: tensor("v", 3, 4), Saved: l.y, Act: act}
}

func (l layer) weights() backend.Operation {
	return backend.LinearBackWeights{DW: l.dw, DB: l.db, DY: l.dy, X: l.x}
}

// TestMasks holds when a ReLU leaves its mask, and when the backward pass may use it.
func TestMasks(t *testing.T) {
	const relu = backend.ReLU
	l := newLayer()
	noise := backend.Noise{Clock: clock("clock"), Stream: backend.StreamDropout}
	bare := backend.Linear{Y: l.y, X: l.x, W: l.w, Act: relu}
	refuse := func(parts plan.Epilogue) plan.Options {
		return plan.Options{Refused: func(q plan.Product) bool { return q.Epilogue&parts != 0 }}
	}
	above := backend.ActivateBack{DX: l.dy, DY: l.dy, Saved: l.y, Act: relu}
	check(t, "masks", []golden{
		{name: "a ReLU that is read for its sign leaves its mask", list: backend.List{l.forward(relu), l.through(relu)}},
		{name: "without a bias too", list: backend.List{bare, l.through(relu)}},
		{name: "none that nobody reads", list: backend.List{l.forward(relu), l.weights()}},
		{name: "nor of another function", list: backend.List{l.forward(backend.Tanh), l.through(backend.Tanh)}},
		{name: "nor for a derivative by itself", list: backend.List{l.forward(relu), above}},
		{name: "nor apart", apart: true, list: backend.List{l.forward(relu), l.through(relu)}},
		{name: "nor where pre-activations are kept", list: backend.List{
			backend.Linear{Y: l.y, Pre: tensor("pre", 6, 4), X: l.x, W: l.w, B: l.b, Act: relu}, l.through(relu)}},
		{name: "a mask of what was overwritten is none", list: backend.List{
			l.forward(relu), l.through(relu), backend.Dropout{Y: l.y, X: l.y, Noise: noise, P: .5}, l.through(relu)}},
		{name: "nor of what was overwritten in part", list: backend.List{
			l.forward(relu), l.through(relu), backend.Zero{Dst: l.y.Slice(3, 1, 2)}, l.through(relu)}},
		{name: "nor of part of a tensor", list: backend.List{l.forward(relu),
			backend.LinearBackInput{DX: l.dy.Top(3), DY: tensor("above", 3, 3), W: tensor("v", 3, 4), Saved: l.y.Top(3), Act: relu}}},
		{name: "one that was written again is one again", list: backend.List{
			l.forward(relu), l.through(relu), backend.Zero{Dst: l.y}, l.forward(relu), l.through(relu)}},
		{name: "a refused mask", Options: refuse(plan.WriteMask), list: backend.List{l.forward(relu), l.through(relu)}},
		{name: "a mask that the backward pass cannot use", Options: refuse(plan.ApplyMask), list: backend.List{l.forward(relu), l.through(relu)}},
		{name: "a refused layer", Options: refuse(plan.ReLU), list: backend.List{l.forward(relu), l.through(relu)}},
	})
}

// TestForms holds in which form tensors are left in bf16, and that every operand is
// copied once.
func TestForms(t *testing.T) {
	const tanh, relu = backend.Tanh, backend.ReLU
	l := newLayer()
	made := backend.Dropout{Y: l.dy, X: tensor("q", 6, 4), Noise: backend.Noise{Clock: clock("clock")}, P: .5}
	loss := backend.Loss{DOut: tensor("d", 6, 4), Rows: tensor("rows", 6, 1), Out: tensor("o", 6, 4), Target: tensor("t", 6, 4), Scale: 1}
	cases := []golden{
		{name: "what products alone read is bfloat16 alone", list: backend.List{made, l.weights()}},
		{name: "and what derivatives read", list: backend.List{l.forward(tanh), backend.ActivateBack{DX: l.dy, DY: l.dy, Saved: l.y, Act: tanh}}},
		{name: "and what is read for its sign", list: backend.List{l.forward(relu), l.through(relu)}},
		{name: "both where it is read as float32", list: backend.List{made, l.weights(), backend.Copy{Dst: l.y, Src: l.dy}}},
		{name: "float32 where nobody reads it as an operand", list: backend.List{made, backend.Copy{Dst: l.y, Src: l.dy}}},
		{name: "float32 where nobody reads it", list: backend.List{made}},
		{name: "not what was read before it is overwritten", list: backend.List{made, backend.Zero{Dst: l.dy}, l.weights()}},
		{name: "float32 too where part of it is read", list: backend.List{made, l.weights(), backend.ColumnMeans{M: l.db, H: l.dy.Top(3)}}},
		{name: "or overwritten", list: backend.List{made, backend.Zero{Dst: l.dy.Top(1)}, l.weights()}},
		{name: "or read at the start of the next step", list: backend.List{l.weights(), made}},
		{name: "in any form", list: backend.List{backend.ColumnMeans{M: l.db, H: l.dy}, made, l.weights()}},
		{name: "by a derivative done on the way", list: backend.List{loss, backend.ActivateBack{DX: loss.DOut, DY: loss.DOut, Saved: l.dy, Act: tanh}, made, l.weights()}},
		{name: "not where it was overwritten first", list: backend.List{backend.Zero{Dst: l.dy}, backend.ColumnMeans{M: l.db, H: l.dy}, made, l.weights()}},
		{name: "a product leaves bfloat16", list: backend.List{l.forward(backend.Identity), backend.LinearBackWeights{DW: tensor("du", 3, 4), DY: tensor("up", 6, 3), X: l.y}}},
		{name: "but not both", list: backend.List{l.forward(backend.Identity), backend.LinearBackWeights{DW: tensor("du", 3, 4), DY: tensor("up", 6, 3), X: l.y}, backend.Copy{Dst: l.dy, Src: l.y}}},
		{name: "in place", list: backend.List{made, backend.SparseKL{DH: l.dy, Sums: sums("sums", 3), M: tensor("m", 1, 4), Rho: .1}, l.weights()}},
		{name: "a copy is made once", list: backend.List{backend.Copy{Dst: l.dy, Src: l.y}, l.weights(), l.through(tanh), l.weights()}},
		{name: "and once more where it was overwritten", list: backend.List{backend.Copy{Dst: l.dy, Src: l.y}, l.weights(), backend.Zero{Dst: l.dy.Top(1)}, l.weights()}},
		{name: "apart, copies alone", apart: true, list: backend.List{l.weights()}},
		{name: "apart, everything is float32", apart: true, list: backend.List{made, l.weights()}},
		{name: "a derivative done on the way", list: backend.List{loss, backend.ActivateBack{DX: loss.DOut, DY: loss.DOut, Saved: l.y, Act: tanh},
			backend.LinearBackWeights{DW: l.dw, DY: loss.DOut, X: l.x}}},
	}
	for i := range cases {
		cases[i].Options = half
	}
	check(t, "forms", cases)
}

// TestRefusals holds what becomes of products that the library does not have.
func TestRefusals(t *testing.T) {
	l := newLayer()
	list := backend.List{l.forward(backend.ReLU), l.through(backend.ReLU), l.weights(),
		backend.Update{Params: l.w, Grads: l.dw, Optimiser: backend.Optimiser{Kind: backend.SGD}, Guard: sums("guard", 4), Clock: clock("clock")},
		backend.Update{Params: l.b, Grads: l.db, Optimiser: backend.Optimiser{Kind: backend.SGD}, Guard: sums("guard", 4), Clock: clock("clock")}}
	cases := []golden{{name: "nothing refused"}}
	copied := func(base any) bool { _, ok := base.(*plan.Buffer); return ok }
	for _, c := range []struct {
		name    string
		refused func(plan.Product) bool
	}{
		{"no mask", func(q plan.Product) bool { return q.Epilogue&plan.WriteMask != 0 }},
		{"no ReLU", func(q plan.Product) bool { return q.Epilogue&plan.ReLU != 0 }},
		{"no bias", func(q plan.Product) bool { return q.Epilogue&plan.Bias != 0 }},
		{"no derivative of ReLU", func(q plan.Product) bool { return q.Epilogue&plan.ApplyMask != 0 }},
		{"no bias gradient", func(q plan.Product) bool { return q.Epilogue&(plan.SumA|plan.SumB) != 0 }},
		{"no result in bfloat16", func(q plan.Product) bool { return q.C.Half }},
		{"no result in bfloat16 beside a bias", func(q plan.Product) bool { return q.C.Half && copied(q.Bias.Base) }},
		{"no mask beside bfloat16", func(q plan.Product) bool { return q.C.Half && q.Epilogue&plan.WriteMask != 0 }},
		{"nothing but plain products", func(plan.Product) bool { return true }},
	} {
		cases = append(cases, golden{name: c.name, Options: plan.Options{Refused: c.refused}})
		cases = append(cases, golden{name: c.name, Options: plan.Options{Precision: plan.BF16, Refused: c.refused}})
	}
	for i := range cases {
		cases[i].list = list
	}
	check(t, "refusals", cases)
	plain := 0
	_, err := plan.Make(list, plan.Options{Step: true, SMs: 1, Refused: func(q plan.Product) bool {
		if q.Plain() {
			plain++
		}
		return true
	}})
	if err != nil || plain > 0 {
		t.Errorf("%d plain products were asked about, %v", plain, err)
	}
}
