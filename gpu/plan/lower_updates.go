package plan

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
)

const (
	spanSize = 4096 // elements of the gradient that one block of check adds up, or a multiple in large ones
	maxSpans = 2048 // of a gradient and its tensors about: more make no block wait less, and one block adds up their sums
)

// spans is how the gradient is cut for the blocks of check, none reaching over the
// end of a tensor: a table of the spans' begins and ends, then each tensor's first
// span and the number of spans, then the tensors' ends.
type spans struct {
	at    *Buffer
	ends  int
	items int
}

func (s spans) begins() kernels.Int64s { return kernels.Int64s{Base: s.at} }
func (s spans) first() kernels.Int64s  { return kernels.Int64s{Base: s.at, Offset: 16 * s.items} }
func (s spans) tensors() kernels.Int64s {
	return kernels.Int64s{Base: s.at, Offset: 16*s.items + 8*s.ends + 8}
}

func (p *planner) spansOf(ends []int) spans {
	var words, first []Word
	begin, size := 0, spanSize
	if n := len(ends); n > 0 {
		size *= max(1, ceil(ends[n-1], spanSize*maxSpans))
	}
	for _, end := range ends {
		first = append(first, Word{Number: int64(len(words) / 2)})
		for ; begin < end; begin += size {
			words = append(words, Word{Number: int64(begin)}, Word{Number: int64(min(begin+size, end))})
		}
		begin = end
	}
	items := len(words) / 2
	words = append(append(words, first...), Word{Number: int64(items)})
	for _, end := range ends {
		words = append(words, Word{Number: int64(end)})
	}
	return spans{p.table(words), len(ends), items}
}

// check writes the step's loss and gradient norms to the guard.
func (p *planner) check(n *node, o backend.Check) error {
	s := p.spansOf(o.Ends)
	grid := s.items + ceil(o.Rows.Rows, kernels.RowSpan)
	if grid > NumPartials {
		return fmt.Errorf("%d parameters are too many", o.Grads.Len())
	}
	k := kernels.CheckFwdF32{Guard: sum(o.Guard, 0), Grads: at(o.Grads), Spans: s.begins(), First: s.first(), Items: s.items, Tensors: len(o.Ends),
		Rows: at(o.Rows), N: o.Rows.Rows, Clock: clockAt(o.Clock), Part: part, Count: count}
	if n.adds.sums.Mem != nil {
		k.Sum, k.Scale = sum(n.adds.sums, n.adds.slot), n.adds.scale
	}
	p.launch(grid, k)
	return nil
}

// ended is the rows of the step that the node ends, as kernels take it.
func (p *planner) ended(n *node, c backend.Clock) int {
	if n.ticks >= 0 {
		p.plan.Ticks[c] += n.ticks
	}
	return n.ticks
}

// update moves the parameters one step.
func (p *planner) update(n *node, o backend.Update) error {
	r := o.Optimiser
	if r.Kind.Moments() < 1 {
		o.M = backend.Tensor{}
	}
	if r.Kind.Moments() < 2 {
		o.V = backend.Tensor{}
	}
	copies, number := p.copiesIn(o.Params)
	p.launch(p.resident(ceil(o.Params.Len(), 4)), kernels.UpdateFwdF32{Params: at(o.Params), Grads: at(o.Grads), M: at(o.M), V: at(o.V), Guard: sum(o.Guard, 0),
		Clock: clockAt(o.Clock), N: o.Params.Len(), Tensors: o.Guard.N - backend.GuardNorm, Kind: int(r.Kind), Decayed: r.Decayed, Decay: r.WeightDecay,
		Clip: r.Clip, Beta1: r.Beta1, Beta2: r.Beta2, Eps: r.Eps, Copies: copies, CopyCount: number, Rows: p.ended(n, o.Clock), Finished: count})
	return nil
}

// updateLAMB moves the parameters one step of LAMB in two launches: moments, directions
// and ratios, for which every gradient must have been seen, then the step.
func (p *planner) updateLAMB(n *node, o backend.UpdateLAMB) error {
	s, r := p.spansOf(o.Ends), o.Optimiser
	if 2*s.items > NumPartials {
		return fmt.Errorf("%d parameters are too many", o.Params.Len())
	}
	copies, number := p.copiesIn(o.Params)
	p.launch(s.items, kernels.LambFwdF32{Params: at(o.Params), R: at(o.Grads), M: at(o.M), V: at(o.V), Trust: sum(o.Trust, 0), Guard: sum(o.Guard, 0),
		Clock: clockAt(o.Clock), Spans: s.begins(), Items: s.items, Tensors: len(o.Ends), Decayed: r.Decayed, Decay: r.WeightDecay, Clip: r.Clip,
		Beta1: r.Beta1, Beta2: r.Beta2, Eps: r.Eps, Part: part, Finished: count})
	p.launch(p.resident(ceil(o.Params.Len(), 4)), kernels.TrustFwdF32{Params: at(o.Params), R: at(o.Grads), Trust: sum(o.Trust, 0), Guard: sum(o.Guard, 0),
		Clock: clockAt(o.Clock), Ends: s.tensors(), N: o.Params.Len(), Tensors: len(o.Ends), Copies: copies, CopyCount: number, Rows: p.ended(n, o.Clock), Finished: count})
	return nil
}
