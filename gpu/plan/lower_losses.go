package plan

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
)

// loss is each row's loss and the scaled gradient.
func (p *planner) loss(n *node, o backend.Loss) error {
	width := o.Out.Cols
	if o.Kind == backend.GaussianNLL {
		width = o.Target.Cols
	}
	saved, half, act := p.factor(n)
	to := p.sinkOf(o.DOut)
	k := kernels.LossSquaredBwdF32{Dout: to.float, Half: to.half, Ld: to.ld, Rows: at(o.Rows), Out: at(o.Out), Target: at(o.Target),
		N: o.Out.Rows, Cols: width, K: o.Out.Rows / o.Target.Rows, Scale: o.Scale, Saved: saved, SavedHalf: half, Act: act}
	grid := p.perRow(o.Out.Rows)
	switch o.Kind {
	case backend.SquaredError:
		p.launch(grid, k)
	case backend.Bernoulli:
		p.launch(grid, kernels.LossBernoulliBwdF32(k))
	case backend.GaussianNLL:
		p.launch(grid, kernels.LossGaussianBwdF32(k))
	case backend.Categorical:
		p.launch(grid, kernels.LossCategoricalBwdF32(k))
	}
	return nil
}

// zeroSums clears accumulators.
func (p *planner) zeroSums(_ *node, o backend.ZeroSums) error {
	p.put(Item{Move: &Move{To: kernels.Pointer(sum(o.Sums, 0)), Bytes: 8 * o.Sums.N}})
	return nil
}

// correct counts the rows whose largest logit is the target class.
func (p *planner) correct(_ *node, o backend.Correct) error {
	p.launch(p.perRow(ceil(o.Logits.Rows, kernels.Warps)), kernels.CorrectFwdF32{Sum: sum(o.Sums, o.Slot), Logits: at(o.Logits), Target: at(o.Target),
		N: o.Logits.Rows, Cols: o.Logits.Cols, Part: part, Count: count})
	return nil
}

// accumulate is s[i] += scale * sum of v.
func (p *planner) accumulate(_ *node, o backend.Accumulate) error {
	p.launch(p.summing(o.V.Len()), kernels.AccumulateFwdF32{Sum: sum(o.Sums, o.Slot), V: at(o.V), N: o.V.Len(), Scale: o.Scale, Part: part, Count: count})
	return nil
}
