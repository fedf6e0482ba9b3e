package plan_test

import (
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/plan"
)

// TestWeightCopies holds which copies outlive a step, and who writes them.
func TestWeightCopies(t *testing.T) {
	l := newLayer()
	params, grads := tensor("params", 1, 40), tensor("grads", 1, 40)
	l.w, l.b = params.Slice(0, 4, 5), params.Slice(20, 1, 4)
	guard, c := sums("guard", 4), clock("clock")
	sgd := backend.Update{Params: params, Grads: grads, Optimiser: backend.Optimiser{Kind: backend.SGD}, Guard: guard, Clock: c}
	lamb := backend.UpdateLAMB{Params: params, Grads: grads, M: tensor("m", 1, 40), V: tensor("v", 1, 40), Ends: []int{20, 40},
		Trust: sums("trust", 2), Optimiser: backend.Optimiser{Kind: backend.LAMB}, Guard: guard, Clock: c}
	part := sgd
	part.Params, part.Grads = params.Slice(10, 1, 30), grads.Slice(10, 1, 30)
	forward := l.forward(backend.Identity)
	tied := backend.Linear{Y: l.dx, X: l.y, W: l.w, Transposed: true}
	cases := []golden{
		{name: "the update writes what products read", list: backend.List{forward, sgd}},
		{name: "LAMB does", list: backend.List{forward, lamb}},
		{name: "a copy for every shape", list: backend.List{forward, backend.Linear{Y: l.dx, X: l.y, W: l.w.Reshape(5, 4)}, sgd}},
		{name: "one for two uses", list: backend.List{forward, tied, sgd}},
		{name: "weights that nothing writes", list: backend.List{forward}},
		{name: "weights that something else writes are copied at the end", list: backend.List{forward, backend.Zero{Dst: l.w}}},
		{name: "and those that it writes before the update", list: backend.List{forward, backend.Zero{Dst: params.Slice(3, 1, 1)}, sgd}},
		{name: "or after it", list: backend.List{forward, sgd, backend.Zero{Dst: params.Slice(3, 1, 1)}}},
		{name: "those that are updated in part", list: backend.List{forward, part}},
		{name: "what was written before it is read has none", list: backend.List{backend.Zero{Dst: l.w}, forward, sgd}},
		{name: "what is read after its update is copied", list: backend.List{forward, sgd, forward}},
		{name: "moments are not parameters", list: backend.List{backend.Linear{Y: l.y, X: l.x, W: lamb.M.Slice(0, 4, 5)}, lamb}},
	}
	for i := range cases {
		cases[i].Options = half
	}
	check(t, "weightcopies", append(cases, golden{name: "none apart", Options: half, apart: true, list: backend.List{forward, sgd}},
		golden{name: "none in tf32", Options: plan.Options{Precision: plan.TF32}, list: backend.List{forward, sgd}}))
}

// TestStreams holds what runs aside, and who waits for it.
func TestStreams(t *testing.T) {
	l, up := newLayer(), newLayer()
	up.x, up.w, up.y, up.dy, up.dw, up.db = l.y, tensor("w2", 3, 4), tensor("y2", 6, 3), tensor("dy2", 6, 3), tensor("dw2", 3, 4), tensor("db2", 1, 3)
	weights := up.weights()
	back := backend.LinearBackInput{DX: l.dy, DY: up.dy, W: up.w}
	free := backend.Zero{Dst: tensor("z", 1, 1)}
	copyOf := func(t backend.Tensor) backend.Operation {
		return backend.Copy{Dst: tensor("copy", t.Rows, t.Cols), Src: t}
	}
	check(t, "streams", []golden{
		{name: "weight gradients run aside", list: backend.List{weights, back, l.weights()}},
		{name: "what the next operation needs does not", list: backend.List{weights, copyOf(up.dw), free}},
		{name: "nor what the step ends with", list: backend.List{free, weights}},
		{name: "who reads them waits", list: backend.List{weights, free, copyOf(up.dw)}},
		{name: "or their sums", list: backend.List{weights, free, copyOf(up.db)}},
		{name: "or overwrites what they read", list: backend.List{weights, free, backend.Zero{Dst: up.dy.Top(1)}}},
		{name: "but not who reads what they read", list: backend.List{weights, free, copyOf(up.dy), copyOf(up.x)}},
		{name: "who adds to them waits", list: backend.List{weights, free, backend.LinearBackWeights{DW: up.dw, DB: up.db, DY: up.dy, X: up.x, Accumulate: true}, free}},
		{name: "one wait for two", list: backend.List{weights, back, l.weights(), free, copyOf(l.dw), copyOf(up.dw)}},
		{name: "two waits", list: backend.List{weights, free, copyOf(up.dw), l.weights(), free, copyOf(l.dw)}},
		{name: "sums by a kernel stay on the first stream", Options: plan.Options{Refused: func(q plan.Product) bool { return true }}, list: backend.List{weights, back}},
		{name: "copies of operands too", Options: half, list: backend.List{copyOf(up.dy), backend.Copy{Dst: up.dy, Src: up.y}, weights, back}},
		{name: "what ends the step waits", Options: half, list: backend.List{back, backend.LinearBackWeights{DW: up.w, DY: up.dy, X: up.x}, free}},
		{name: "one stream", Options: plan.Options{OneStream: true}, list: backend.List{weights, back, l.weights()}},
		{name: "apart", apart: true, list: backend.List{weights, back}},
	})
}
