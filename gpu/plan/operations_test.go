package plan_test

import (
	"cmp"
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// compute does an operation by itself, as its doc comment says.
func (w *world) compute(op backend.Operation) {
	switch o := op.(type) {
	case backend.Gather:
		w.gather(o)
	case backend.AllReduce:
		if v := w.tensor(o.V); w.ranks {
			w.into(o.V).fill(func(r, c int) uint64 { return overRanks(v.get(r, c)) })
		}
	case backend.Tick:
		w.tick(o.Clock.Mem, o.Rows)
	case backend.ZeroSums:
		clear(w.of(o.Sums.Mem, o.Sums.Off+o.Sums.N)[o.Sums.Off:][:o.Sums.N])
	case backend.Linear:
		x, by := w.tensor(o.X), w.tensor(o.W).turned(!o.Transposed)
		w.into(o.Y).fill(func(r, c int) uint64 { return multiplied(x, by, r, c) })
		biased(w.into(o.Y), w.into(o.Pre), w.tensor(o.Y), w.tensor(o.B), o.Act)
	case backend.LinearBackInput:
		dy, by := w.tensor(o.DY), w.tensor(o.W).turned(o.Transposed)
		w.into(o.DX).fill(func(r, c int) uint64 { return multiplied(dy, by, r, c) })
		derived(w.into(o.DX), w.tensor(o.DX), slope{o.Act, w.tensor(o.Saved)})
	case backend.LinearBackWeights:
		w.weights(o)
	case backend.ActivateBack:
		derived(w.into(o.DX), w.tensor(o.DY), slope{o.Act, w.tensor(o.Saved)})
	case backend.Dropout:
		dropped(w.into(o.Y), w.tensor(o.X), noiseOf(w.time(o.Noise.Clock.Mem), o.Noise), o.P, slope{})
	case backend.Loss:
		lost(w.into(o.DOut), w.into(o.Rows), w.tensor(o.Out), w.tensor(o.Target), o.Kind, o.Scale, slope{})
	case backend.ColumnLoss:
		w.columnLoss(o)
	case backend.ColumnMean:
		columnsMeant(w.into(o.Y), w.tensor(o.Out), w.tensor(o.Spread), w.tensor(o.Size), w.tensor(o.Known), runsOf(o.Columns))
	case backend.CountTotals:
		totals(w.into(o.Y), w.tensor(o.X), runsOf(o.Columns), o.Scale, o.Least)
	case backend.Accumulate:
		*w.slot(o.Sums, o.Slot) += scaled(o.Scale, w.tensor(o.V).total(same))
	case backend.ColumnMeans:
		columnSums(w.into(o.M), w.tensor(o.H), 1/float64(cmp.Or(o.Of, o.H.Rows)), false)
	default:
		w.computeCode(op)
	}
}

func (w *world) computeCode(op backend.Operation) {
	switch o := op.(type) {
	case backend.Copy:
		src := w.tensor(o.Src)
		w.into(o.Dst).fill(src.get)
	case backend.Zero:
		w.into(o.Dst).fill(func(_, _ int) uint64 { return 0 })
	case backend.Add:
		dst, src := w.tensor(o.Dst), w.tensor(o.Src)
		w.into(o.Dst).fill(func(r, c int) uint64 { return dst.get(r, c) + src.get(r, c) })
	case backend.Beside:
		besides(w.into(o.Dst), w.tensor(o.X), w.tensor(o.Class), o.X.Cols, o.X.Rows/o.Class.Rows)
	case backend.ScaleRows:
		t, by := w.tensor(o.T), w.tensor(o.W)
		w.into(o.T).fill(func(r, c int) uint64 { return hash("scaled", t.get(r, c), by.get(r, 0)) })
	case backend.SparseKL:
		sparse(w.into(o.DH), w.tensor(o.DH), w.slot(o.Sums, o.Slot), w.tensor(o.M), o.Rho, o.Scale, slope{})
	case backend.L1:
		absolute(w.into(o.DH), w.tensor(o.DH), w.slot(o.Sums, o.Slot), w.tensor(o.H), o.Share, o.Scale, slope{})
	case backend.ContractShallow:
		shallow(w.into(o.DA), w.into(o.DR), w.tensor(o.DA), w.slot(o.Sums, o.Slot), w.tensor(o.Saved), w.tensor(o.R), slope{}, o.Act, o.Share, o.Scale)
	case backend.TopK:
		largest(w.into(o.Y), w.tensor(o.X), o.K)
	case backend.TopKBack:
		largestBack(w.into(o.DX), w.tensor(o.DY), w.tensor(o.Y), slope{})
	case backend.GaussianKL:
		divergence(w.into(o.KL), w.tensor(o.ML), o.KL.Cols, cmp.Or(o.Of, o.ML.Rows))
	case backend.Reparam:
		drawn(w.into(o.Z), w.tensor(o.ML), o.Z.Rows/o.ML.Rows, o.Z.Cols, noiseOf(w.time(o.Noise.Clock.Mem), o.Noise))
	case backend.Check:
		norms := make([]uint64, len(o.Ends))
		grads, begin := w.tensor(o.Grads).flat(), 0
		for i, end := range o.Ends {
			for ; begin < end; begin++ {
				norms[i] += hash("square", grads.get(0, begin))
			}
		}
		checked(w.of(o.Guard.Mem, o.Guard.Off+o.Guard.N)[o.Guard.Off:], w.tensor(o.Rows).total(same), norms, w.time(o.Clock.Mem)[1])
	case backend.Update:
		w.update(o)
	case backend.UpdateLAMB:
		w.updateLAMB(o)
	default:
		panic(fmt.Sprintf("%s has no symbols", backend.Name(op)))
	}
}

// overRanks is a sum over the ranks.
func overRanks(x uint64) uint64 { return hash("ranks", x) }

// runsOf is a hash of columns.
func runsOf(columns []backend.LossColumns) uint64 {
	var runs []uint64
	for _, c := range columns {
		runs = append(runs, uint64(c.Kind), uint64(c.From), uint64(c.To))
	}
	return hash("runs", runs...)
}

func (w *world) columnLoss(o backend.ColumnLoss) {
	t := table{w.tensor(o.Out), w.tensor(o.Target), w.tensor(o.Spread), w.tensor(o.Size), w.tensor(o.Weights), runsOf(o.Columns), o.Scale}
	bySpreads(w.into(o.DSpread), t, o.Accumulate)
	columnsLost(w.into(o.DOut), w.into(o.Rows), w.into(o.Each), t, o.Even)
}

func (w *world) gather(o backend.Gather) {
	t, size := w.time(o.Batch.Clock.Mem), 4
	if o.Data.Bytes {
		size = 1
	}
	gathered(w.into(o.Clean), w.into(o.Noisy), o.Data.Cols, t[1], o.Batch, func(r, c int) uint64 {
		return stored(o.Data.Mem, size*(o.Data.Off+c), t[0]+uint64(r), o.Batch.Shuffle)
	})
}

func (w *world) weights(o backend.LinearBackWeights) {
	a, b := w.tensor(o.DY), w.tensor(o.X)
	if o.Transposed {
		a, b = b, a
	}
	dw := w.tensor(o.DW)
	w.into(o.DW).fill(func(r, c int) uint64 {
		s := multiplied(a.turned(true), b, r, c)
		if o.Accumulate {
			s += dw.get(r, c)
		}
		return s
	})
	columnSums(w.into(o.DB), w.tensor(o.DY), 1, o.Accumulate)
}

// guarded is a hash of all that an update looks at in a guard.
func guarded(guard []uint64, tensors int) uint64 {
	return view{at: guard, ld: 1, rows: 1, cols: backend.GuardNorm + tensors}.row(0)
}

func (w *world) update(o backend.Update) {
	p, g := w.tensor(o.Params).flat(), w.tensor(o.Grads).flat()
	m, v := w.moment(o.M, o.Optimiser.Kind.Moments() > 0), w.moment(o.V, o.Optimiser.Kind.Moments() > 1)
	guard := w.of(o.Guard.Mem, o.Guard.Off+o.Guard.N)[o.Guard.Off:]
	stepped(p, g, m, v, o.Optimiser, guarded(guard, o.Guard.N-backend.GuardNorm), w.time(o.Clock.Mem)[1])
}

// moment is a flat buffer, none where the rule does not keep it.
func (w *world) moment(t backend.Tensor, kept bool) view {
	if !kept {
		return view{no: true}
	}
	return w.tensor(t).flat()
}

// stepped moves all parameters.
func stepped(p, g, m, v view, o backend.Optimiser, norm, step uint64) {
	for i := range p.cols {
		var om, ov uint64
		if !m.no {
			om = m.get(0, i)
		}
		if !v.no {
			ov = v.get(0, i)
		}
		np, nm, nv := moved(&o, i, p.get(0, i), g.get(0, i), om, ov, norm, step)
		views{p}.put(i, np)
		if !m.no {
			views{m}.put(i, nm)
		}
		if !v.no {
			views{v}.put(i, nv)
		}
	}
}

func (vs views) put(i int, x uint64) {
	for _, v := range vs {
		v.at[v.index(0, i)] = x
	}
}

func (w *world) updateLAMB(o backend.UpdateLAMB) {
	p, g, m, v := w.tensor(o.Params).flat(), w.tensor(o.Grads).flat(), w.tensor(o.M).flat(), w.tensor(o.V).flat()
	guard := w.of(o.Guard.Mem, o.Guard.Off+o.Guard.N)[o.Guard.Off:]
	trust := w.of(o.Trust.Mem, o.Trust.Off+o.Trust.N)[o.Trust.Off:]
	norm := guarded(guard, len(o.Ends))
	var spans [][2]int
	begin := 0
	for _, end := range o.Ends {
		spans = append(spans, [2]int{begin, end})
		begin = end
	}
	direct(p, g, m, v, o.Optimiser, norm, spans, func(t int) int { return t }, trust)
	trusted(p, g, trust, o.Ends, norm, w.time(o.Clock.Mem)[1])
}

// direct turns gradients into LAMB's directions, span by span, and makes the ratios of
// the tensors that they are of.
func direct(p, g, m, v view, o backend.Optimiser, norm uint64, spans [][2]int, tensor func(span int) int, trust []uint64) {
	clear(trust[:tensor(len(spans)-1)+1])
	for s, span := range spans {
		for i := span[0]; i < span[1]; i++ {
			r, nm, nv := moved(&o, i, p.get(0, i), g.get(0, i), m.get(0, i), v.get(0, i), norm, 0)
			views{g}.put(i, r)
			views{m}.put(i, nm)
			views{v}.put(i, nv)
			trust[tensor(s)] += hash("trust", p.get(0, i), r)
		}
	}
}

// trusted moves the parameters along the directions.
func trusted(p, r view, trust []uint64, ends []int, norm, step uint64) {
	t := 0
	for i := range p.cols {
		for i >= ends[t] {
			t++
		}
		views{p}.put(i, hash("trusted", p.get(0, i), r.get(0, i), trust[t], norm, step))
	}
}
