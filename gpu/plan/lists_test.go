package plan_test

import (
	"math/rand/v2"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/plan"
)

// lists draws lists of operations on a few tensors, many of which overlap.
type lists struct {
	*rand.Rand
	blocks              []*memory // that tensors lie in
	params, grads, m, v backend.Tensor
	sums, guard, trust  backend.Sums
	clocks              []backend.Clock
	bytes, numbers      backend.Data
	recent              []backend.Tensor
	list                backend.List
	ends                []int
	early               bool // sums over the ranks are done early
}

func newLists(seed uint64) *lists {
	g := &lists{Rand: rand.New(rand.NewPCG(seed, 1)), ends: []int{18, 40}}
	for _, name := range []string{"a", "b", "c"}[:1+g.IntN(3)] {
		g.blocks = append(g.blocks, &memory{name})
	}
	g.params, g.grads, g.m, g.v = tensor("params", 1, 40), tensor("grads", 1, 40), tensor("m", 1, 40), tensor("v", 1, 40)
	g.sums, g.guard, g.trust = sums("sums", 3), sums("guard", 4), sums("trust", 2)
	g.clocks = []backend.Clock{clock("clock"), clock("clock"), clock("clock"), clock("second")}
	g.clocks[1], g.clocks[2] = g.clocks[0], g.clocks[0]
	g.bytes = backend.Data{Mem: &memory{"bytes"}, Off: 4, Rows: 100, Cols: 3, Bytes: true}
	g.numbers = backend.Data{Mem: &memory{"numbers"}, Off: 4, Rows: 100, Cols: 2}
	return g
}

// memories is all that a list may write.
func (g *lists) memories() []backend.Memory {
	all := []backend.Memory{g.params.Mem, g.grads.Mem, g.m.Mem, g.v.Mem, g.sums.Mem, g.guard.Mem, g.trust.Mem}
	for _, b := range g.blocks {
		all = append(all, b)
	}
	return all
}

// draw is a list of about n operations.
func (g *lists) draw(n int) backend.List {
	for len(g.list) < n {
		if g.IntN(3) > 0 {
			g.add(g.operation())
		} else {
			g.pair()
		}
	}
	return g.list
}

// add adds an operation, unless its operands do not fit.
func (g *lists) add(op backend.Operation) bool {
	if op.Check() != nil {
		return false
	}
	g.list = append(g.list, op)
	return true
}

// tensor is one of that shape: often one that was used before.
func (g *lists) tensor(rows, cols int) backend.Tensor {
	var fits []backend.Tensor
	for _, t := range g.recent {
		if t.Rows == rows && t.Cols == cols {
			fits = append(fits, t)
		}
	}
	if len(fits) > 0 && g.IntN(4) > 0 {
		return fits[g.IntN(len(fits))]
	}
	t := backend.Tensor{Mem: g.blocks[g.IntN(len(g.blocks))], Off: []int{0, 0, 6, 12, 24, 36}[g.IntN(6)], Rows: rows, Cols: cols}
	g.recent = append(g.recent, t)
	if len(g.recent) > 12 {
		g.recent = g.recent[1:]
	}
	return t
}

// weight is one of the parameters, of their gradients or of any tensors.
func (g *lists) weight(of backend.Tensor, rows, cols int) backend.Tensor {
	switch g.IntN(6) {
	case 0:
		return g.tensor(rows, cols)
	case 1:
		return of.Slice(3, rows, cols)
	}
	return of.Slice(9*g.IntN(2), rows, cols)
}

func (g *lists) bias(of backend.Tensor, cols int) backend.Tensor {
	if g.IntN(4) == 0 {
		return backend.Tensor{}
	}
	return of.Slice(30, 1, cols)
}

func (g *lists) side() int { return 1 + g.IntN(3) }

func (g *lists) act() backend.Activation {
	return []backend.Activation{backend.ReLU, backend.ReLU, backend.Identity, backend.Tanh}[g.IntN(4)]
}

func (g *lists) half() bool { return g.IntN(2) == 0 }

func (g *lists) noise() backend.Noise {
	return backend.Noise{Clock: g.clocks[g.IntN(4)], Stream: uint32(g.IntN(2)), First: g.first()}
}

// operation is any one.
func (g *lists) operation() backend.Operation {
	n, in, out := 1+g.side(), g.side(), g.side()
	wr, wc, turned := out, in, g.half()
	if turned {
		wr, wc = in, out
	}
	switch g.IntN(22) {
	case 0, 1, 2:
		o := backend.Linear{Y: g.tensor(n, out), X: g.tensor(n, in), W: g.weight(g.params, wr, wc), B: g.bias(g.params, out), Act: g.act(), Transposed: turned}
		if g.IntN(6) == 0 {
			o.Pre = g.tensor(n, out)
		}
		return o
	case 3, 4:
		return backend.LinearBackInput{DX: g.tensor(n, in), DY: g.tensor(n, out), W: g.weight(g.params, wr, wc), Saved: g.tensor(n, in), Act: g.act(), Transposed: turned}
	case 5, 6, 7:
		return backend.LinearBackWeights{DW: g.weight(g.grads, wr, wc), DB: g.bias(g.grads, out), DY: g.tensor(n, out), X: g.tensor(n, in), Transposed: turned, Accumulate: g.half()}
	case 8:
		return backend.Dropout{Y: g.tensor(n, in), X: g.tensor(n, in), Noise: g.noise(), P: .5}
	case 9:
		return backend.Loss{DOut: g.tensor(n, in), Rows: g.tensor(n, 1), Out: g.tensor(n, in), Target: g.tensor(n, in), Scale: 1}
	case 10:
		return backend.Accumulate{Sums: g.sums, Slot: g.IntN(3), V: g.tensor(n, 1), Scale: .5}
	case 11:
		return backend.ColumnMeans{M: g.tensor(1, in), H: g.tensor(n, in), Of: g.whole(n)}
	case 12:
		return backend.Copy{Dst: g.tensor(n, in), Src: g.tensor(n, in)}
	case 13:
		return backend.Zero{Dst: g.tensor(n, in)}
	case 14:
		return backend.Add{Dst: g.tensor(n, in), Src: g.tensor(n, in)}
	case 15:
		return backend.Reparam{Z: g.tensor(2*n, 1), ML: g.tensor(n, 2), Noise: g.noise()}
	}
	return g.more(n, in)
}

func (g *lists) more(n, in int) backend.Operation {
	switch g.IntN(12) {
	case 11:
		return g.sumOverRanks()
	case 10:
		return backend.Beside{Dst: g.tensor(2*n, in+1), X: g.tensor(2*n, in), Class: g.tensor(n, 1)}
	case 0:
		return backend.ZeroSums{Sums: g.sums}
	case 1:
		return backend.TopK{Y: g.tensor(n, in), X: g.tensor(n, in), K: 1}
	case 2:
		return backend.ScaleRows{T: g.tensor(n, in), W: g.tensor(n, 1)}
	case 3:
		return backend.Tick{Clock: g.clocks[g.IntN(4)], Rows: 2 + g.IntN(2)}
	case 4:
		return g.update()
	case 5:
		return backend.ActivateBack{DX: g.tensor(n, in), DY: g.tensor(n, in), Saved: g.tensor(n, in), Act: g.act()}
	case 6:
		return backend.Zero{Dst: g.params.Slice(g.IntN(30), 1, 3)}
	case 7:
		return g.columns(n, in)
	}
	return g.gather()
}

// sumOverRanks is that of a bucket of gradients, or of any tensor.
func (g *lists) sumOverRanks() backend.Operation {
	switch g.IntN(4) {
	case 0:
		return backend.AllReduce{V: g.tensor(1+g.side(), g.side())}
	case 1:
		return backend.AllReduce{V: g.grads}
	}
	from := 9 * g.IntN(4)
	return backend.AllReduce{V: g.grads.Slice(from, 1, 9)}
}

func (g *lists) columns(n, in int) backend.Operation {
	o := backend.ColumnLoss{DOut: g.tensor(n, in), Rows: g.tensor(n, 1), Out: g.tensor(n, in), Target: g.tensor(n, in), Spread: g.bias(g.params, in),
		DSpread: g.bias(g.grads, in), Scale: 1, Accumulate: g.half(), Even: g.half()}
	kind := backend.GaussianColumn
	if o.Spread.None() {
		kind = backend.PoissonColumn
	}
	if g.half() {
		o.Each = g.tensor(n, in)
	}
	if g.half() {
		o.DOut = o.Out
	}
	for j := range in {
		o.Columns = append(o.Columns, backend.LossColumns{Kind: kind, From: j, To: j + 1})
	}
	switch g.IntN(5) {
	case 0:
		o.Weights = g.tensor(n, 1)
	case 3:
		return backend.CountTotals{Y: o.Rows, X: o.Out, Columns: o.Columns, Scale: 1, Least: 0.5}
	case 1:
		return backend.ColumnMean{Y: o.DOut, Out: o.Out, Spread: o.Spread, Columns: o.Columns}
	case 2:
		return backend.ColumnMean{Y: o.DOut, Out: o.Out, Known: g.tensor(n, in), Columns: o.Columns}
	}
	return o
}

// first is how many elements of other ranks there are before a tensor's.
func (g *lists) first() int { return []int{0, 4, 1<<33 + 8}[g.IntN(3)] }

// whole is how many rows a batch has of which n are the rank's, 0 where they are all.
func (g *lists) whole(n int) int { return []int{0, n, n + 5}[g.IntN(3)] }

func (g *lists) gather() backend.Operation {
	data := g.bytes
	if g.IntN(3) == 0 {
		data = g.numbers
	}
	o := backend.Gather{Clean: g.tensor(2+g.IntN(2), data.Cols), Data: data, Batch: backend.Batch{Clock: g.clocks[g.IntN(4)], Shuffle: g.IntN(4) > 0}}
	if g.IntN(3) == 0 {
		o.Noisy, o.Batch.Corrupt, o.Batch.First = g.tensor(o.Clean.Rows, data.Cols), backend.Masking, g.first()
	}
	return o
}

func (g *lists) update() backend.Operation {
	c := g.clocks[g.IntN(4)]
	if g.IntN(3) == 0 {
		return backend.UpdateLAMB{Params: g.params, Grads: g.grads, M: g.m, V: g.v, Ends: g.ends, Trust: g.trust, Optimiser: backend.Optimiser{Kind: backend.LAMB}, Guard: g.guard, Clock: c}
	}
	o := backend.Update{Params: g.params, Grads: g.grads, M: g.m, V: g.v, Optimiser: backend.Optimiser{Kind: backend.OptimiserKind(g.IntN(5)), Decayed: 7}, Guard: g.guard, Clock: c}
	if g.IntN(3) == 0 {
		o.Params, o.Grads, o.M, o.V = o.Params.Slice(9, 1, 31), o.Grads.Slice(9, 1, 31), o.M.Slice(9, 1, 31), o.V.Slice(9, 1, 31)
	}
	return o
}

// pair is two operations that a plan may do as one, often with nothing between.
func (g *lists) pair() {
	n, in, s := 1+g.side(), g.side(), g.IntN(3)
	d, c := g.tensor(n, in), g.clocks[g.IntN(4)]
	back := backend.ActivateBack{DX: d, DY: d, Saved: g.tensor(n, in), Act: g.act()}
	between := func() {
		if g.IntN(4) == 0 {
			g.add(g.operation())
		}
	}
	both := func(a, b backend.Operation) {
		if g.add(a) {
			between()
			g.add(b)
		}
	}
	switch g.IntN(14) {
	case 13:
		both(backend.LinearBackWeights{DW: g.weight(g.grads, in, 2), DB: g.bias(g.grads, in), DY: g.tensor(n, in), X: g.tensor(n, 2)}, g.sumOverRanks())
	case 0:
		both(backend.Loss{DOut: d, Rows: g.tensor(n, 1), Out: g.tensor(n, in), Target: g.tensor(n, in), Scale: 1}, back)
	case 1:
		both(backend.Dropout{Y: d, X: d, Noise: g.noise(), P: .5}, back)
	case 2:
		both(backend.SparseKL{DH: d, Sums: g.sums, Slot: s, M: g.tensor(1, in), Rho: .1, Scale: 1}, back)
	case 3:
		both(backend.L1{DH: d, Sums: g.sums, Slot: s, H: g.tensor(n, in), Share: .5, Scale: 1}, back)
	case 4:
		both(backend.TopKBack{DX: d, DY: g.tensor(n, in), Y: g.tensor(n, in)}, back)
	case 5:
		both(back, backend.ContractShallow{DA: d, DR: g.tensor(1, in), Sums: g.sums, Slot: s, Saved: back.Saved, R: g.tensor(1, in), Act: back.Act, Share: .5, Scale: 1})
	case 6:
		kl := g.tensor(1, 1+g.IntN(2))
		both(backend.GaussianKL{KL: kl, ML: g.tensor(n, 2*kl.Cols), Of: g.whole(n)}, backend.Accumulate{Sums: g.sums, Slot: s, V: kl, Scale: .5})
	case 7:
		rows := g.tensor(n, 1)
		both(backend.Accumulate{Sums: g.sums, Slot: s, V: rows, Scale: .5}, backend.Check{Guard: g.guard, Grads: g.grads, Ends: g.ends, Rows: rows, Clock: c})
	case 8:
		db := g.grads.Slice(30, 1, in)
		both(backend.Zero{Dst: db}, backend.LinearBackWeights{DW: g.weight(g.grads, in, 2), DB: db, DY: g.tensor(n, in), X: g.tensor(n, 2), Accumulate: true})
	case 9:
		both(g.update(), backend.Tick{Clock: c, Rows: 2})
	case 10, 11:
		g.layer(between, backend.ReLU)
	case 12:
		g.batches(between, c)
	}
}

// layer is one, and the gradient by its pre-activations.
func (g *lists) layer(between func(), act backend.Activation) {
	n, in, out := 1+g.side(), g.side(), g.side()
	o := backend.Linear{Y: g.tensor(n, out), X: g.tensor(n, in), W: g.weight(g.params, out, in), B: g.bias(g.params, out), Act: act}
	if g.add(o) {
		between()
		g.add(backend.LinearBackInput{DX: g.tensor(n, out), DY: g.tensor(n, in), W: g.weight(g.params, in, out), Saved: o.Y, Act: act})
	}
}

// batches are those of a step of two.
func (g *lists) batches(between func(), c backend.Clock) {
	b := backend.Batch{Clock: c, Shuffle: true}
	rows := 2 + g.IntN(2)
	for range 2 {
		if g.add(backend.Gather{Clean: g.tensor(rows, g.bytes.Cols), Data: g.bytes, Batch: b}) {
			between()
			g.add(backend.Tick{Clock: c, Rows: rows})
		}
	}
}

// options are drawn with the list.
func (g *lists) options() plan.Options {
	g.early = g.half()
	refused := plan.Epilogue(g.IntN(256) & g.IntN(256) & g.IntN(256))
	refusesHalf, bias, host := g.IntN(6) == 0, g.IntN(6) == 0, g.half()
	return plan.Options{
		Precision: []plan.Precision{plan.FP32, plan.BF16, plan.BF16}[g.IntN(3)], Step: true, OneStream: g.IntN(5) == 0, Ranks: g.IntN(4) > 0, SMs: 4,
		Refused: func(q plan.Product) bool {
			_, half := q.Bias.Base.(*plan.Buffer)
			return q.Epilogue&refused != 0 || q.C.Half && (refusesHalf || bias && half)
		},
		OnHost: func(m backend.Memory) bool { return host && m == g.bytes.Mem },
	}
}
