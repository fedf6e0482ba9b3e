package plan_test

import (
	"fmt"
	"slices"
	"sync"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/plan"
	"github.com/aegpu/aegpu/kernels"
)

// run does a plan's launches. Those on another stream than the first are done as late
// as they may be: when the first waits for them, or what it waits for does; in an early
// world sums over the ranks are done at once. It returns what is not waited for.
func (w *world) run(p *plan.Plan) (left int) {
	var under [plan.Reducing + 1][]func()
	join := func(streams []plan.Stream) {
		for _, s := range streams {
			for _, do := range under[s] {
				do()
			}
			under[s] = nil
		}
	}
	for i := range p.Items {
		it := &p.Items[i]
		join(it.Joins)
		if it.Stream == plan.First {
			w.launch(it)
			continue
		}
		var first []func()
		for _, s := range it.After {
			first = append(first, under[s]...)
		}
		under[it.Stream] = append(under[it.Stream], sync.OnceFunc(func() {
			for _, do := range first {
				do()
			}
			w.launch(it)
		}))
		if last := under[it.Stream]; w.early && it.Reduce != nil {
			last[len(last)-1]()
		}
	}
	for s, u := range under {
		if !slices.Contains(p.Joins, plan.Stream(s)) {
			left += len(u)
		}
	}
	join(p.Joins)
	return left
}

func (w *world) launch(it *plan.Item) {
	switch {
	case it.Product != nil:
		w.product(it.Product)
	case it.Reduce != nil:
		v := w.pointed(it.Reduce.At, 4, 1, it.Reduce.Count, it.Reduce.Count)
		views{v}.fill(func(r, c int) uint64 { return overRanks(v.get(r, c)) })
	case it.Move != nil:
		w.move(it.Move)
	default:
		w.kernel(it.Kernel)
	}
}

// move is a copy or a fill: of float32, but for accumulators, which are zeroed.
func (w *world) move(m *plan.Move) {
	size := 4
	if b, ok := m.To.Base.(*memory); ok && b.name == "sums" {
		size = 8
	}
	to := w.pointed(m.To, size, 1, m.Bytes/size, m.Bytes/size)
	if m.From == (kernels.Pointer{}) {
		views{to}.fill(func(_, _ int) uint64 { return 0 })
		return
	}
	views{to}.fill(w.pointed(m.From, size, 1, m.Bytes/size, m.Bytes/size).get)
}

func (w *world) matrix(m plan.Matrix) view {
	size := 4
	if m.Half {
		size = 2
	}
	return w.pointed(m.At, size, m.Rows, m.Cols, m.LD)
}

func (w *world) product(q *plan.Product) {
	if q.A.Half != q.B.Half || q.A.Half != (q.Precision == plan.BF16) {
		panic("operands of two precisions: " + q.String())
	}
	a, b, c := w.matrix(q.A), w.matrix(q.B), w.matrix(q.C)
	oa, ob := a.turned(q.TransA), b.turned(q.TransB)
	if oa.rows != c.rows || ob.cols != c.cols || oa.cols != ob.rows {
		panic("shapes: " + q.String())
	}
	var bias, mask view
	if q.Epilogue&plan.Bias != 0 {
		size := 4
		if q.C.Half {
			size = 2
		}
		bias = w.pointed(q.Bias, size, 1, c.cols, c.cols)
	}
	if q.Epilogue&(plan.WriteMask|plan.ApplyMask) != 0 {
		w.inMask(q.Mask, c, q.MaskLD)
		mask = view{at: w.of(q.Mask.Base, 0), ld: c.cols, rows: c.rows, cols: c.cols}
	}
	views{c}.fill(func(r, j int) uint64 {
		s := multiplied(oa, ob, r, j)
		if q.Accumulate {
			s += c.get(r, j)
		}
		if q.Epilogue&plan.Bias != 0 {
			s += bias.get(0, j)
		}
		if q.Epilogue&plan.ReLU != 0 {
			s = act(backend.ReLU, s)
		}
		if q.Epilogue&plan.ApplyMask != 0 {
			s = sloped(backend.ReLU, s, mask, r, j)
		}
		return s
	})
	if q.Epilogue&plan.WriteMask != 0 { // what its bits are the signs of
		views{mask}.fill(c.get)
	}
	for _, x := range []struct {
		part plan.Epilogue
		of   view
	}{{plan.SumA, a}, {plan.SumB, b}} {
		if q.Epilogue&x.part != 0 {
			columnSums(views{w.pointed(q.Bias, 4, 1, x.of.cols, x.of.cols)}, x.of, 1, false)
		}
	}
}

// inMask demands that a mask has a bit for every element.
func (w *world) inMask(p kernels.Pointer, c view, ld int) {
	if b := p.Base.(*plan.Buffer); b.Kind != plan.Mask || p.Offset != 0 || ld%128 != 0 || ld < c.cols || ld*c.rows > 8*b.Bytes {
		panic(fmt.Sprintf("%v of %d bytes for %d x %d bits, %d apart", b, b.Bytes, c.rows, c.cols, ld))
	}
}

// kernel does one of ours.
func (w *world) kernel(k kernels.Launch) {
	switch k := k.(type) {
	case kernels.CastFwdBf16:
		from := w.floats(k.X, k.Rows, k.Cols)
		w.both(kernels.Float32s{}, k.Out, k.Rows, k.Cols, k.Ld).fill(from.get)
	case kernels.BiasActFwdF32:
		biased(w.both(k.Y, k.Half, k.Rows, k.Cols, k.Ld), w.both(k.Pre, k.PreHalf, k.Rows, k.Cols, k.Ld),
			w.either(k.X, k.XHalf, k.Rows, k.Cols, k.Ld), w.floats(k.B, 1, k.Cols), backend.Activation(k.Act))
	case kernels.ActBwdF32:
		derived(w.both(k.Dx, k.Half, k.Rows, k.Cols, k.Ld), w.either(k.Dy, k.DyHalf, k.Rows, k.Cols, k.Ld), w.slope(k.Saved, k.SavedHalf, k.Rows, k.Cols, k.Ld, k.Act))
	case kernels.DropoutFwdF32:
		dropped(w.both(k.Y, k.Half, k.Rows, k.Cols, k.Ld), w.either(k.X, k.XHalf, k.Rows, k.Cols, k.Ld), kernelNoise(w.time(k.Clock.Base), k.Stream, k.First), k.P,
			w.slope(k.Saved, k.SavedHalf, k.Rows, k.Cols, k.Ld, k.Act))
	case kernels.LossSquaredBwdF32:
		rows := w.floats(k.Rows, k.N, 1)
		lost(w.both(k.Dout, k.Half, k.N, k.Cols, k.Ld), views{rows}, w.floats(k.Out, k.N, k.Cols), w.floats(k.Target, k.N/k.K, k.Cols),
			backend.SquaredError, k.Scale, w.unwritten(w.slope(k.Saved, k.SavedHalf, k.N, k.Cols, k.Ld, k.Act), rows))
	case kernels.ColumnLossBwdF32:
		columnsLost(w.both(k.Dout, k.Half, k.N, k.Cols, k.Ld), views{w.floats(k.Rows, k.N, 1)}, w.both(k.Each, kernels.Bfloat16s{}, k.N, k.Cols, 0),
			w.table(kernels.ColumnSpreadBwdF32{Out: k.Out, Target: k.Target, Spread: k.Spread, Size: k.Size, Runs: k.Runs, RunCount: k.RunCount,
				Spreads: 1, N: k.N, Cols: k.Cols, K: k.K, Scale: k.Scale}), k.Even == 1)
	case kernels.ColumnMeanFwdF32:
		columnsMeant(w.both(k.Y, k.Half, k.N, k.Cols, k.Ld), w.floats(k.Out, k.N, k.Cols), w.floats(k.Spread, 1, k.Cols), w.floats(k.Size, k.N/k.SizeK, 1),
			w.floats(k.Known, k.N/k.KnownK, k.Cols), w.runs(k.Runs, k.RunCount))
	case kernels.CountTotalsFwdF32:
		totals(views{w.floats(k.Y, k.N, 1)}, w.floats(k.X, k.N, k.Cols), w.runs(k.Runs, k.RunCount), k.Scale, k.Least)
	case kernels.ColumnSpreadBwdF32:
		bySpreads(views{w.floats(k.Dspread, k.Spreads, k.Cols)}, w.table(k), k.Accumulate == 1)
	case kernels.AccumulateFwdF32:
		*w.sum(k.Sum) += scaled(k.Scale, w.floats(k.V, 1, k.N).total(same))
	case kernels.ColumnSumsFwdF32:
		columnSums(views{w.floats(k.Out, 1, k.Cols)}, w.either(k.X, k.Half, k.Rows, k.Cols, k.Ld), k.Scale, k.Accumulate == 1)
	case kernels.GatherFwdU8:
		w.gatherRows(k, kernels.Pointer(k.Data), 1)
	case kernels.GatherFwdF32:
		w.gatherRows(kernels.GatherFwdU8{Clean: k.Clean, CleanHalf: k.CleanHalf, Noisy: k.Noisy, NoisyHalf: k.NoisyHalf, Ld: k.Ld, Clock: k.Clock,
			Batch: k.Batch, Cols: k.Cols, Flags: k.Flags, Kind: k.Kind, Level: k.Level, First: k.First}, kernels.Pointer(k.Data), 4)
	case kernels.PrefetchFwdU8:
		w.prefetch(k)
	case kernels.TickU64:
		w.tick(k.Clock.Base, k.Rows)
	default:
		w.codeKernel(k)
	}
}

// table is what a launch of a column loss is of.
func (w *world) table(k kernels.ColumnSpreadBwdF32) table {
	return table{w.floats(k.Out, k.N, k.Cols), w.floats(k.Target, k.N/k.K, k.Cols), w.floats(k.Spread, k.Spreads, k.Cols), w.floats(k.Size, k.N/k.K, 1),
		w.floats(k.Weights, k.N, 1), w.runs(k.Runs, k.RunCount), k.Scale}
}

// runs is a hash of the columns that a kernel reads.
func (w *world) runs(p kernels.Int64s, count int) uint64 {
	var runs []uint64
	for _, n := range numbers(kernels.Pointer(p), 3*count) {
		runs = append(runs, uint64(n.Number))
	}
	return hash("runs", runs...)
}

func (w *world) slope(p kernels.Float32s, h kernels.Bfloat16s, rows, cols, ld, act int) slope {
	return slope{backend.Activation(act), w.either(p, h, rows, cols, ld)}
}

// unwritten is a slope that is read while blocks write out, in any order: of what they
// share nothing is known.
func (w *world) unwritten(s slope, out view) slope {
	if !s.saved.no && &s.saved.at[0] == &out.at[0] && s.saved.off < out.off+out.rows*out.ld && out.off < s.saved.off+s.saved.rows*s.saved.ld {
		return slope{s.act, view{at: w.of(new(int), 0), ld: s.saved.ld, rows: s.saved.rows, cols: s.saved.cols}}
	}
	return s
}

func (w *world) codeKernel(k kernels.Launch) {
	switch k := k.(type) {
	case kernels.AddFwdF32:
		dst, src := w.floats(k.Dst, k.Rows, k.Cols), w.floats(k.Src, k.Rows, k.Cols)
		w.both(k.Out, k.Half, k.Rows, k.Cols, k.Ld).fill(func(r, c int) uint64 { return dst.get(r, c) + src.get(r, c) })
	case kernels.BesideFwdF32:
		besides(w.both(k.Dst, k.Half, k.Rows, k.Cols+k.Levels, k.Ld), w.floats(k.X, k.Rows, k.Cols), w.floats(k.Cls, k.Rows/k.K, 1), k.Cols, k.K)
	case kernels.ScaleRowsFwdF32:
		t, by := w.floats(k.T, k.Rows, k.Cols), w.floats(k.W, k.Rows, 1)
		w.both(k.Out, k.Half, k.Rows, k.Cols, k.Ld).fill(func(r, c int) uint64 { return hash("scaled", t.get(r, c), by.get(r, 0)) })
	case kernels.SparseKlBwdF32:
		sparse(w.both(k.Out, k.Half, k.Rows, k.Cols, k.Ld), w.either(k.Dh, k.DhHalf, k.Rows, k.Cols, k.Ld), w.sum(k.Sum), w.floats(k.M, 1, k.Cols),
			k.Rho, k.Scale, w.slope(k.Saved, k.SavedHalf, k.Rows, k.Cols, k.Ld, k.Act))
	case kernels.L1BwdF32:
		absolute(w.both(k.Out, k.Half, k.Rows, k.Cols, k.Ld), w.either(k.Dh, k.DhHalf, k.Rows, k.Cols, k.Ld), w.sum(k.Sum), w.either(k.H, k.HHalf, k.Rows, k.Cols, k.Ld),
			k.Share, k.Scale, w.slope(k.Saved, k.SavedHalf, k.Rows, k.Cols, k.Ld, k.Act))
	case kernels.ContractShallowBwdF32:
		saved := w.either(k.Saved, k.SavedHalf, k.Rows, k.Cols, k.Ld)
		before := slope{}
		if k.Sloped == 1 {
			before = slope{backend.Activation(k.Act), saved}
		}
		shallow(w.both(k.Out, k.Half, k.Rows, k.Cols, k.Ld), views{w.floats(k.Dr, 1, k.Cols)}, w.either(k.Da, k.DaHalf, k.Rows, k.Cols, k.Ld), w.sum(k.Sum),
			saved, w.floats(k.R, 1, k.Cols), before, backend.Activation(k.Act), k.Share, k.Scale)
	case kernels.TopkFwdF32:
		largest(w.both(k.Y, k.Half, k.Rows, k.Cols, k.Ld), w.floats(k.X, k.Rows, k.Cols), k.K)
	case kernels.TopkBwdF32:
		largestBack(w.both(k.Dx, k.Half, k.Rows, k.Cols, k.Ld), w.either(k.Dy, k.DyHalf, k.Rows, k.Cols, k.Ld), w.floats(k.Y, k.Rows, k.Cols),
			w.slope(k.Saved, k.SavedHalf, k.Rows, k.Cols, k.Ld, k.Act))
	case kernels.GaussianKlFwdF32:
		kl := w.floats(k.Kl, 1, k.Width)
		divergence(views{kl}, w.floats(k.Ml, k.Batch, 2*k.Width), k.Width, k.Of)
		*w.sum(k.Total) += scaled(k.Scale, kl.total(same))
	case kernels.ReparamFwdF32:
		drawn(w.both(k.Z, k.Half, k.Batch*k.K, k.Width, k.Ld), w.floats(k.Ml, k.Batch, 2*k.Width), k.K, k.Width, kernelNoise(w.time(k.Clock.Base), k.Stream, k.First))
	case kernels.CheckFwdF32:
		w.check(k)
	case kernels.UpdateFwdF32:
		w.updateKernel(k)
	case kernels.LambFwdF32:
		w.lamb(k)
	case kernels.TrustFwdF32:
		w.trust(k)
	default:
		panic(fmt.Sprintf("%s has no symbols", k.Kernel().Name))
	}
}

// The flags of gathers, as in kernels/gather.cu.
const shuffle, binarise, fetched = 1, 2, 4

func (w *world) gatherRows(k kernels.GatherFwdU8, data kernels.Pointer, size int) {
	t := w.time(k.Clock.Base)
	b := backend.Batch{Binarise: k.Flags&binarise != 0, Corrupt: backend.CorruptionKind(k.Kind), Level: k.Level, First: 4 * k.First}
	gathered(w.both(k.Clean, k.CleanHalf, k.Batch, k.Cols, k.Ld), w.both(k.Noisy, k.NoisyHalf, k.Batch, k.Cols, k.Ld), k.Cols, t[1], b, func(r, c int) uint64 {
		if k.Flags&fetched != 0 {
			return w.of(data.Base, 0)[size*(r*k.Cols+c)]
		}
		return stored(data.Base, data.Offset+size*c, t[0]+uint64(r), k.Flags&shuffle != 0)
	})
}

// prefetch fills a buffer byte by byte.
func (w *world) prefetch(k kernels.PrefetchFwdU8) {
	if b := k.Batch.Base.(*plan.Buffer); b.Kind != plan.Rows || k.N*k.Size > b.Bytes {
		panic("a fetch of more than its buffer holds")
	}
	at, t := w.of(k.Batch.Base, k.N*k.Size), w.time(k.Clock.Base)
	for r := range k.N {
		for b := range k.Size {
			at[r*k.Size+b] = stored(k.Data.Base, k.Data.Offset+b, t[0]+uint64(k.Ahead+r), k.Flags&shuffle != 0)
		}
	}
}

// numbers are n words of a table.
func numbers(p kernels.Pointer, n int) []plan.Word {
	return p.Base.(*plan.Buffer).Words[p.Offset/8:][:n]
}

func (w *world) check(k kernels.CheckFwdF32) {
	spans, first := numbers(kernels.Pointer(k.Spans), 2*k.Items), numbers(kernels.Pointer(k.First), k.Tensors+1)
	norms := make([]uint64, k.Tensors)
	for t := range norms {
		for s := first[t].Number; s < first[t+1].Number; s++ {
			for i := spans[2*s].Number; i < spans[2*s+1].Number; i++ {
				norms[t] += hash("square", w.floats(k.Grads, 1, int(i)+1).get(0, int(i)))
			}
		}
	}
	loss := w.floats(k.Rows, 1, k.N).total(same)
	checked(w.of(k.Guard.Base, 0)[k.Guard.Offset/8:], loss, norms, w.time(k.Clock.Base)[1])
	*w.sum(k.Sum) += scaled(k.Scale, loss)
}

func (w *world) updateKernel(k kernels.UpdateFwdF32) {
	p := w.floats(k.Params, 1, k.N)
	o := backend.Optimiser{Kind: backend.OptimiserKind(k.Kind), Beta1: k.Beta1, Beta2: k.Beta2, Eps: k.Eps, WeightDecay: k.Decay, Clip: k.Clip, Decayed: k.Decayed}
	stepped(p, w.floats(k.Grads, 1, k.N), w.floats(k.M, 1, k.N), w.floats(k.V, 1, k.N), o, guarded(w.of(k.Guard.Base, 0)[k.Guard.Offset/8:], k.Tensors), w.time(k.Clock.Base)[1])
	w.copyWeights(p, k.Copies, k.CopyCount)
	w.end(k.Clock, k.Rows)
}

func (w *world) end(c kernels.Clock, rows int) {
	if rows >= 0 {
		w.tick(c.Base, rows)
	}
}

// copyWeights writes the copies of parameters.
func (w *world) copyWeights(p view, table kernels.WeightCopies, n int) {
	for s := range n {
		f := numbers(kernels.Pointer(table), 5*n)[5*s:]
		begin, end, cols, ld := int(f[0].Number), int(f[1].Number), int(f[2].Number), int(f[3].Number)
		to := w.pointed(f[4].Address, 2, (end-begin)/cols, cols, ld)
		views{to}.fill(func(r, c int) uint64 { return p.get(0, begin+r*cols+c) })
	}
}

func (w *world) lamb(k kernels.LambFwdF32) {
	o := backend.Optimiser{Kind: backend.LAMB, Beta1: k.Beta1, Beta2: k.Beta2, Eps: k.Eps, WeightDecay: k.Decay, Clip: k.Clip, Decayed: k.Decayed}
	words := numbers(kernels.Pointer(k.Spans), 2*k.Items+k.Tensors+1)
	var spans [][2]int
	for s := range k.Items {
		spans = append(spans, [2]int{int(words[2*s].Number), int(words[2*s+1].Number)})
	}
	n := spans[k.Items-1][1]
	tensor := func(s int) (t int) {
		for first := words[2*k.Items:]; t+1 < k.Tensors && int(first[t+1].Number) <= s; {
			t++
		}
		return t
	}
	direct(w.floats(k.Params, 1, n), w.floats(k.R, 1, n), w.floats(k.M, 1, n), w.floats(k.V, 1, n), o,
		guarded(w.of(k.Guard.Base, 0)[k.Guard.Offset/8:], k.Tensors), spans, tensor, w.of(k.Trust.Base, 0)[k.Trust.Offset/8:])
}

func (w *world) trust(k kernels.TrustFwdF32) {
	var ends []int
	for _, e := range numbers(kernels.Pointer(k.Ends), k.Tensors) {
		ends = append(ends, int(e.Number))
	}
	p := w.floats(k.Params, 1, k.N)
	trusted(p, w.floats(k.R, 1, k.N), w.of(k.Trust.Base, 0)[k.Trust.Offset/8:], ends, guarded(w.of(k.Guard.Base, 0)[k.Guard.Offset/8:], k.Tensors), w.time(k.Clock.Base)[1])
	w.copyWeights(p, k.Copies, k.CopyCount)
	w.end(k.Clock, k.Rows)
}
