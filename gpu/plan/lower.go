package plan

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
)

// A method of the planner's for every operation adds its items; dispatch.go finds it.

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

// blockOf is the block of noise that element first begins, a multiple of its 4 words.
func blockOf(first int) int { return first / 4 }
