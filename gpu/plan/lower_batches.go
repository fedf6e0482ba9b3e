package plan

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
)

// gather fetches a batch and corrupts a copy of it. In a step, rows of data on the
// host are there already, and those of the next batch are fetched meanwhile.
func (p *planner) gather(_ *node, o backend.Gather) error {
	out := o.Clean
	if out.None() {
		out = o.Noisy
	}
	flags := 0
	if o.Batch.Shuffle {
		flags |= kernels.GatherShuffle
	}
	if o.Batch.Binarise {
		flags |= kernels.GatherBinarise
	}
	size := 4
	if o.Data.Bytes {
		size = 1
	}
	from, ahead := kernels.Pointer{Base: o.Data.Mem, Offset: size * o.Data.Off}, (*Fetch)(nil)
	if p.Step && p.onHost(o.Data) {
		ahead = p.fetch(o, out.Rows)
		from, flags = kernels.Pointer{Base: ahead.At}, flags|kernels.GatherFetched
	}
	c, noisy := p.sinkOf(o.Clean), p.sinkOf(o.Noisy)
	k := kernels.GatherFwdU8{Clean: c.float, CleanHalf: c.half, Noisy: noisy.float, NoisyHalf: noisy.half, Ld: HalfLD(out),
		Data: kernels.Uint8s(from), Clock: clockAt(o.Batch.Clock), Rows: o.Data.Rows, Batch: out.Rows, Cols: out.Cols, Flags: flags,
		Kind: int(o.Batch.Corrupt), Level: o.Batch.Level, Low: o.Batch.Low, High: o.Batch.High, First: blockOf(o.Batch.First)}
	grid := p.spread(ceil(out.Len(), 4))
	if o.Data.Bytes {
		p.launch(grid, k)
	} else {
		p.launch(grid, kernels.GatherFwdF32{Clean: k.Clean, CleanHalf: k.CleanHalf, Noisy: k.Noisy, NoisyHalf: k.NoisyHalf, Ld: k.Ld,
			Data: kernels.Float32s(from), Clock: k.Clock, Rows: k.Rows, Batch: k.Batch, Cols: k.Cols, Flags: k.Flags,
			Kind: k.Kind, Level: k.Level, Low: k.Low, High: k.High, First: k.First})
	}
	if ahead != nil {
		fill, grid := ahead.Fill(ahead.Rows, p.SMs)
		p.put(Item{Kernel: fill, Grid: grid, Stream: Fetching})
		p.fetched = true
	}
	return nil
}

// tick ends a step of rows examples, once the rows that are fetched are there, which
// go by the time that ends.
func (p *planner) tick(_ *node, o backend.Tick) error {
	p.plan.Ticks[o.Clock] += o.Rows
	k := Item{Kernel: kernels.TickU64{Clock: clockAt(o.Clock), Rows: o.Rows}, Grid: 1}
	if p.fetched {
		k.Joins, p.fetched = []Stream{Fetching}, false
	}
	p.put(k)
	return nil
}
