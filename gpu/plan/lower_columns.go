package plan

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
)

// columnLoss is each row's loss and the scaled gradients: first that by the spreads,
// since the other may be written over the output.
func (p *planner) columnLoss(_ *node, o backend.ColumnLoss) error {
	runs, samples := p.runs(o.Columns), o.Out.Rows/o.Target.Rows
	if t := o.DSpread; !t.None() {
		grid, chunks := p.columns(o.Out.Rows, t.Len())
		p.launch(grid, kernels.ColumnSpreadBwdF32{Dspread: at(t), Out: at(o.Out), Target: at(o.Target), Spread: at(o.Spread), Size: at(o.Size),
			Weights: at(o.Weights), Runs: runs, RunCount: len(o.Columns), Spreads: t.Rows, N: o.Out.Rows, Cols: t.Cols, K: samples, Scale: o.Scale,
			Accumulate: flag(o.Accumulate), Chunks: chunks, Part: part, Count: count})
	}
	to := p.sinkOf(o.DOut)
	p.launch(p.perRow(o.Out.Rows), kernels.ColumnLossBwdF32{Dout: to.float, Half: to.half, Ld: to.ld, Rows: at(o.Rows), Each: at(o.Each),
		Out: at(o.Out), Target: at(o.Target), Spread: at(o.Spread), Size: at(o.Size), Runs: runs, RunCount: len(o.Columns),
		N: o.Out.Rows, Cols: o.Out.Cols, K: samples, Scale: o.Scale, Even: flag(o.Even)})
	return nil
}

// runs is the table of columns that kernels read.
func (p *planner) runs(columns []backend.LossColumns) kernels.Int64s {
	var words []Word
	for _, c := range columns {
		words = append(words, Word{Number: int64(c.Kind)}, Word{Number: int64(c.From)}, Word{Number: int64(c.To)})
	}
	return kernels.Int64s{Base: p.table(words)}
}

// columnMean is the mean of each output.
func (p *planner) columnMean(_ *node, o backend.ColumnMean) error {
	to, perSize, perKnown := p.sinkOf(o.Y), 1, 1
	if !o.Size.None() {
		perSize = o.Out.Rows / o.Size.Rows
	}
	if !o.Known.None() {
		perKnown = o.Out.Rows / o.Known.Rows
	}
	p.launch(p.perRow(o.Out.Rows), kernels.ColumnMeanFwdF32{Y: to.float, Half: to.half, Ld: to.ld, Out: at(o.Out), Spread: at(o.Spread),
		Size: at(o.Size), SizeK: perSize, Known: at(o.Known), KnownK: perKnown, Runs: p.runs(o.Columns), RunCount: len(o.Columns),
		N: o.Out.Rows, Cols: o.Out.Cols})
	return nil
}

// countTotals is the scaled total of each row's counts.
func (p *planner) countTotals(_ *node, o backend.CountTotals) error {
	p.launch(p.perRow(o.X.Rows), kernels.CountTotalsFwdF32{Y: at(o.Y), X: at(o.X), Runs: p.runs(o.Columns), RunCount: len(o.Columns),
		N: o.X.Rows, Cols: o.X.Cols, Scale: o.Scale, Least: o.Least})
	return nil
}
