package plan

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
)

// lower adds the items of a node.
func (p *planner) lower(n *node) error {
	switch o := n.op.(type) {
	case backend.Gather:
		p.gather(o)
	case backend.Tick:
		p.tick(o)
	case backend.ZeroSums:
		p.add(Item{Move: &Move{To: kernels.Pointer(sum(o.Sums, 0)), Bytes: 8 * o.Sums.N}})
	case backend.Linear:
		p.linear(o)
	case backend.LinearBackInput:
		p.linearBackInput(o)
	case backend.LinearBackWeights:
		p.linearBackWeights(n, o)
	case backend.Activate:
		p.launch(p.spread(ceil(o.Y.Len(), 4)), kernels.ActFwdF32{Y: at(o.Y), X: at(o.X), N: o.Y.Len(), Act: int(o.Act)})
	case backend.ActivateBack:
		p.activateBack(o.DX, o.DY, slope{o.Saved, o.Act})
	case backend.Dropout:
		p.dropout(n, o)
	case backend.Add:
		s := p.sinkOf(o.Dst)
		p.launch(p.spread(ceil(o.Dst.Len(), 4)), kernels.AddFwdF32{Out: s.float, Half: s.half, Ld: s.ld, Dst: at(o.Dst), Src: at(o.Src), Rows: o.Dst.Rows, Cols: o.Dst.Cols})
	case backend.Copy:
		p.add(Item{Move: &Move{To: kernels.Pointer(at(o.Dst)), From: kernels.Pointer(at(o.Src)), Bytes: 4 * o.Dst.Len()}})
	case backend.CopyColumns:
		p.launch(p.spread(o.Dst.Len()), kernels.CopyColumnsFwdF32{Dst: at(o.Dst), Src: at(o.Src), Rows: o.Dst.Rows, Cols: o.Dst.Cols, SrcCols: o.Src.Cols, From: o.From})
	case backend.Zero:
		p.add(Item{Move: &Move{To: kernels.Pointer(at(o.Dst)), Bytes: 4 * o.Dst.Len()}})
	case backend.ScaleRows:
		s := p.sinkOf(o.T)
		p.launch(p.spread(o.T.Len()), kernels.ScaleRowsFwdF32{Out: s.float, Half: s.half, Ld: s.ld, T: at(o.T), W: at(o.W), Rows: o.T.Rows, Cols: o.T.Cols})
	case backend.Loss:
		p.loss(n, o)
	case backend.Correct:
		p.launch(p.perRow(ceil(o.Logits.Rows, 8)), kernels.CorrectFwdF32{Sum: sum(o.Sums, o.Slot), Logits: at(o.Logits), Target: at(o.Target),
			N: o.Logits.Rows, Cols: o.Logits.Cols, Part: part, Count: count})
	case backend.Accumulate:
		p.launch(p.summing(o.V.Len()), kernels.AccumulateFwdF32{Sum: sum(o.Sums, o.Slot), V: at(o.V), N: o.V.Len(), Scale: o.Scale, Part: part, Count: count})
	case backend.Check:
		return p.check(n, o)
	case backend.Update:
		p.update(n, o)
	case backend.UpdateLAMB:
		return p.updateLAMB(n, o)
	default:
		return p.lowerCode(n)
	}
	return nil
}

// lowerCode is lower of the operations on codes and their penalties.
func (p *planner) lowerCode(n *node) error {
	switch o := n.op.(type) {
	case backend.Reparam:
		p.reparam(o)
	case backend.GaussianKL:
		p.gaussianKL(n, o)
	case backend.ReparamBack:
		p.reparamBack(o)
	case backend.ImportanceWeights:
		p.importanceWeights(o)
	case backend.ImportanceBack:
		p.importanceBack(o)
	case backend.TopK:
		s := p.sinkOf(o.Y)
		p.launch(p.perRow(o.X.Rows), kernels.TopkFwdF32{Y: s.float, Half: s.half, Ld: s.ld, X: at(o.X), Rows: o.X.Rows, Cols: o.X.Cols, K: o.K})
	case backend.TopKBack:
		p.topKBack(n, o)
	case backend.ColumnMeans:
		p.columnSums(o.M, o.H, 1/float64(o.H.Rows), false)
	case backend.SparseKL:
		p.sparseKL(n, o)
	case backend.L1:
		p.l1(n, o)
	case backend.RowSquares:
		p.launch(p.perRow(o.W.Rows), kernels.RowSquaresFwdF32{R: at(o.R), W: at(o.W), Rows: o.W.Rows, Cols: o.W.Cols})
	case backend.ContractShallow:
		return p.contractShallow(n, o)
	case backend.AddScaledRows:
		p.launch(p.spread(o.W.Len()), kernels.ScaledRowsBwdF32{Dw: at(o.DW), W: at(o.W), C: at(o.C), Rows: o.W.Rows, Cols: o.W.Cols})
	case backend.Probes:
		p.probes(o)
	case backend.ScaleByDerivative:
		p.scaleByDerivative(o)
	case backend.ScaleByDerivativeBack:
		p.scaleByDerivativeBack(o)
	case backend.SquareSum:
		p.squareSum(o)
	default:
		return fmt.Errorf("there is no plan for it")
	}
	return nil
}

// columnSums is out = scale * column sums of x, added to what is there or not.
func (p *planner) columnSums(out, x backend.Tensor, scale float64, accumulate bool) {
	grid, chunks := p.columns(x.Rows, x.Cols)
	v, half := p.sourceOf(x)
	p.launch(grid, kernels.ColumnSumsFwdF32{Out: at(out), X: v, Half: half, Ld: HalfLD(x), Rows: x.Rows, Cols: x.Cols, Chunks: chunks,
		Scale: scale, Accumulate: flag(accumulate), Part: part, Count: count})
}

// factor is the slope that a node multiplies by, as kernels take it.
func (p *planner) factor(n *node) (saved kernels.Float32s, half kernels.Bfloat16s, act int) {
	if n.slope == nil {
		return saved, half, int(backend.Identity)
	}
	saved, half = p.sourceOf(n.slope.saved)
	return saved, half, int(n.slope.act)
}
