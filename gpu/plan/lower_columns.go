package plan

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
)

// columnLoss is each row's loss and the scaled gradients: first that by the spreads,
// since the other may be written over the output.
func (p *planner) columnLoss(_ *node, o backend.ColumnLoss) error {
	var words []Word
	for _, c := range o.Columns {
		words = append(words, Word{Number: int64(c.Kind)}, Word{Number: int64(c.From)}, Word{Number: int64(c.To)})
	}
	runs, samples := kernels.Int64s{Base: p.table(words)}, o.Out.Rows/o.Target.Rows
	if t := o.DSpread; !t.None() {
		grid, chunks := p.columns(o.Out.Rows, t.Len())
		p.launch(grid, kernels.ColumnSpreadBwdF32{Dspread: at(t), Out: at(o.Out), Target: at(o.Target), Spread: at(o.Spread), Size: at(o.Size),
			Runs: runs, RunCount: len(o.Columns), Spreads: t.Rows, N: o.Out.Rows, Cols: t.Cols, K: samples, Scale: o.Scale,
			Accumulate: flag(o.Accumulate), Chunks: chunks, Part: part, Count: count})
	}
	to := p.sinkOf(o.DOut)
	p.launch(p.perRow(o.Out.Rows), kernels.ColumnLossBwdF32{Dout: to.float, Half: to.half, Ld: to.ld, Rows: at(o.Rows), Each: at(o.Each),
		Out: at(o.Out), Target: at(o.Target), Spread: at(o.Spread), Size: at(o.Size), Runs: runs, RunCount: len(o.Columns),
		N: o.Out.Rows, Cols: o.Out.Cols, K: samples, Scale: o.Scale})
	return nil
}
