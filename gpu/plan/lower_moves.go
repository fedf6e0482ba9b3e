package plan

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
)

// add is dst += src.
func (p *planner) add(_ *node, o backend.Add) error {
	s := p.sinkOf(o.Dst)
	p.launch(p.spread(ceil(o.Dst.Len(), 4)), kernels.AddFwdF32{Out: s.float, Half: s.half, Ld: s.ld, Dst: at(o.Dst), Src: at(o.Src), Rows: o.Dst.Rows, Cols: o.Dst.Cols})
	return nil
}

// copy is dst = src.
func (p *planner) copy(_ *node, o backend.Copy) error {
	p.put(Item{Move: &Move{To: kernels.Pointer(at(o.Dst)), From: kernels.Pointer(at(o.Src)), Bytes: 4 * o.Dst.Len()}})
	return nil
}

// copyColumns is dst[r,j] = src[r,from+j].
func (p *planner) copyColumns(_ *node, o backend.CopyColumns) error {
	p.launch(p.spread(o.Dst.Len()), kernels.CopyColumnsFwdF32{Dst: at(o.Dst), Src: at(o.Src), Rows: o.Dst.Rows, Cols: o.Dst.Cols, SrcCols: o.Src.Cols, From: o.From})
	return nil
}

// beside is dst[r] = x[r] | the one-hot code of class[r/k].
func (p *planner) beside(_ *node, o backend.Beside) error {
	s := p.sinkOf(o.Dst)
	p.launch(p.spread(o.Dst.Len()), kernels.BesideFwdF32{Dst: s.float, Half: s.half, Ld: s.ld, X: at(o.X), Cls: at(o.Class),
		Rows: o.X.Rows, Cols: o.X.Cols, Levels: o.Dst.Cols - o.X.Cols, K: o.X.Rows / o.Class.Rows})
	return nil
}

// zero is dst = 0.
func (p *planner) zero(_ *node, o backend.Zero) error {
	p.put(Item{Move: &Move{To: kernels.Pointer(at(o.Dst)), Bytes: 4 * o.Dst.Len()}})
	return nil
}

// scaleRows is t[r,:] *= w[r].
func (p *planner) scaleRows(_ *node, o backend.ScaleRows) error {
	s := p.sinkOf(o.T)
	p.launch(p.spread(o.T.Len()), kernels.ScaleRowsFwdF32{Out: s.float, Half: s.half, Ld: s.ld, T: at(o.T), W: at(o.W), Rows: o.T.Rows, Cols: o.T.Cols})
	return nil
}
