package plan_test

import (
	"testing"

	"github.com/aegpu/aegpu/backend"
)

// TestFuse holds what is done together with what, and what is not.
func TestFuse(t *testing.T) {
	check(t, "slopes", slopes())
	check(t, "sums", sumsTaken())
	check(t, "updates", updates())
}

// slopes are the derivatives that the operation before or after them does.
func slopes() []golden {
	const tanh = backend.Tanh
	d, dy, h, x := tensor("d", 6, 5), tensor("dy", 6, 5), tensor("h", 6, 5), tensor("x", 6, 5)
	rows, means, s := tensor("rows", 6, 1), tensor("means", 1, 5), sums("sums", 4)
	r, dr, w := tensor("r", 1, 5), tensor("dr", 1, 5), tensor("w", 4, 5)
	narrow, d1 := tensor("d4", 6, 4), tensor("d1", 6, 1)
	noise := backend.Noise{Clock: clock("clock"), Stream: backend.StreamDropout}
	back := backend.ActivateBack{DX: d, DY: d, Saved: h, Act: tanh}
	loss := backend.Loss{DOut: d, Rows: rows, Out: x, Target: dy, Kind: backend.SquaredError, Scale: 2}
	drop := backend.Dropout{Y: d, X: d, Noise: noise, P: .5}
	shallow := backend.ContractShallow{DA: d, DR: dr, Sums: s, Slot: 3, Saved: h, R: r, Act: tanh, Share: 1, Scale: 1}
	topk := backend.TopKBack{DX: d, DY: dy, Y: x}
	return []golden{
		{name: "a loss multiplies by the derivative", list: backend.List{loss, back}},
		{name: "dropout does", list: backend.List{drop, back}},
		{name: "KL sparsity does", list: backend.List{backend.SparseKL{DH: d, Sums: s, Slot: 2, M: means, Rho: .1, Scale: 1}, back}},
		{name: "L1 does", list: backend.List{backend.L1{DH: d, Sums: s, Slot: 2, H: x, Share: 1, Scale: 1}, back}},
		{name: "top-k does", list: backend.List{topk, back}},
		{name: "the shallow penalty does the derivative before it", list: backend.List{back, shallow}},
		{name: "and that of a product", list: backend.List{
			backend.LinearBackInput{DX: d, DY: narrow, W: w, Saved: h, Act: tanh}, shallow}},
		{name: "one derivative an operation", list: backend.List{topk, back, back}},
		{name: "a derivative that was done is not done again", list: backend.List{loss, back, shallow}},
		{name: "not in a list that is no step", apart: true, list: backend.List{loss, back}},
		{name: "not where the derivative goes elsewhere", list: backend.List{loss, backend.ActivateBack{DX: dy, DY: d, Saved: h, Act: tanh}}},
		{name: "or comes from elsewhere", list: backend.List{loss, backend.ActivateBack{DX: d, DY: dy, Saved: h, Act: tanh}}},
		{name: "not of another tensor", list: backend.List{loss, backend.ActivateBack{DX: dy, DY: dy, Saved: h, Act: tanh}}},
		{name: "not with something between", list: backend.List{loss, backend.Zero{Dst: w}, back}},
		{name: "not by a sum", list: backend.List{backend.Add{Dst: d, Src: x}, back}},
		{name: "not where the loss writes what is saved", list: backend.List{
			backend.Loss{DOut: d1, Rows: rows, Out: tensor("o", 6, 1), Target: tensor("t", 6, 1)},
			backend.ActivateBack{DX: d1, DY: d1, Saved: rows, Act: tanh}}},
		{name: "the shallow penalty leaves the derivative of another", list: backend.List{
			backend.ActivateBack{DX: d, DY: d, Saved: x, Act: tanh}, shallow}},
		{name: "or another function", list: backend.List{
			backend.ActivateBack{DX: d, DY: d, Saved: h, Act: backend.Sigmoid}, shallow}},
		{name: "or one of another gradient", list: backend.List{
			backend.ActivateBack{DX: d, DY: dy, Saved: h, Act: tanh}, shallow}},
	}
}

// sumsTaken are the sums that another operation makes on its way.
func sumsTaken() []golden {
	kl, ml, other := tensor("kl", 1, 5), tensor("ml", 6, 10), tensor("other", 1, 5)
	rows, grads, guard, s := tensor("rows", 6, 1), tensor("grads", 1, 9), sums("guard", 4), sums("sums", 4)
	c := clock("clock")
	watch := backend.Check{Guard: guard, Grads: grads, Ends: []int{4, 9}, Rows: rows, Clock: c}
	add := func(v backend.Tensor, slot int) backend.Operation {
		return backend.Accumulate{Sums: s, Slot: slot, V: v, Scale: .5}
	}
	divergence := backend.GaussianKL{KL: kl, ML: ml}
	zero := backend.Zero{Dst: tensor("elsewhere", 1, 1)}
	wide := 32 * (1 << 16)
	return []golden{
		{name: "the divergence adds itself up", list: backend.List{divergence, add(kl, 1)}},
		{name: "once", list: backend.List{divergence, add(kl, 1), add(kl, 2)}},
		{name: "but not another tensor", list: backend.List{divergence, add(other, 1)}},
		{name: "nor with something between", list: backend.List{divergence, zero, add(kl, 1)}},
		{name: "nor where its tiles are too many", list: backend.List{
			backend.GaussianKL{KL: tensor("kl", 1, wide), ML: tensor("ml", 1, 2*wide)},
			backend.Accumulate{Sums: s, V: tensor("kl", 1, wide), Scale: 1}}},
		{name: "nor apart", apart: true, list: backend.List{divergence, add(kl, 1)}},
		{name: "the check makes the sum of the losses", list: backend.List{add(rows, 0), zero, watch}},
		{name: "the last one", list: backend.List{add(rows, 0), add(rows, 1), watch}},
		{name: "but not of others", list: backend.List{add(rows.Top(3), 0), watch}},
		{name: "not across a write", list: backend.List{add(rows, 0), backend.Zero{Dst: rows.Slice(2, 1, 1)}, watch}},
		{name: "not across zeroed sums", list: backend.List{add(rows, 0), backend.ZeroSums{Sums: s}, watch}},
	}
}

// updates are gradients that are not zeroed first, and steps that end with the update.
func updates() []golden {
	dw, db, dy, x := tensor("dw", 4, 5), tensor("db", 1, 4), tensor("dy", 6, 4), tensor("x", 6, 5)
	c, other := clock("clock"), clock("another clock")
	p, g, m, v := tensor("p", 1, 9), tensor("g", 1, 9), tensor("m", 1, 9), tensor("v", 1, 9)
	guard, trust := sums("guard", 4), sums("trust", 2)
	adam := backend.Update{Params: p, Grads: g, M: m, V: v, Optimiser: backend.Optimiser{Kind: backend.Adam}, Guard: guard, Clock: c}
	lamb := backend.UpdateLAMB{Params: p, Grads: g, M: m, V: v, Ends: []int{4, 9}, Trust: trust, Optimiser: backend.Optimiser{Kind: backend.LAMB}, Guard: guard, Clock: c}
	tick := backend.Tick{Clock: c, Rows: 6}
	added := backend.LinearBackWeights{DW: dw, DB: db, DY: dy, X: x, Accumulate: true}
	data := backend.Data{Mem: &memory{"data"}, Rows: 60, Cols: 5, Bytes: true}
	gather := backend.Gather{Clean: x, Data: data, Batch: backend.Batch{Clock: c}}
	host := hosted(data)
	return []golden{
		{name: "a bias gradient is not zeroed first", list: backend.List{backend.Zero{Dst: db}, added}},
		{name: "but one is that is added to twice", list: backend.List{backend.Zero{Dst: db}, added, added}},
		{name: "not another bias", list: backend.List{backend.Zero{Dst: tensor("another", 1, 4)}, added}},
		{name: "not where something else is between", list: backend.List{backend.Zero{Dst: db}, backend.Zero{Dst: dw}, added}},
		{name: "not where there is none", list: backend.List{backend.Zero{Dst: db}, backend.LinearBackWeights{DW: dw, DY: dy, X: x, Accumulate: true}}},
		{name: "not where nothing is added to", list: backend.List{backend.Zero{Dst: db}, backend.LinearBackWeights{DW: dw, DB: db, DY: dy, X: x}}},
		{name: "not apart", apart: true, list: backend.List{backend.Zero{Dst: db}, added}},
		{name: "an update ends the step", list: backend.List{adam, tick}},
		{name: "LAMB does", list: backend.List{lamb, tick}},
		{name: "once", list: backend.List{adam, tick, tick}},
		{name: "not that of another clock", list: backend.List{adam, backend.Tick{Clock: other, Rows: 6}}},
		{name: "not a step that something else ends", list: backend.List{adam, backend.Zero{Dst: dw}, tick}},
		{name: "not an apart one", apart: true, list: backend.List{adam, tick}},
		{name: "not while rows are fetched", Options: host, list: backend.List{gather, adam, tick}},
		{name: "but once they are there", Options: host, list: backend.List{gather, tick, adam, tick}},
	}
}
