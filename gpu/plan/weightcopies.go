package plan

import (
	"slices"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
)

// WeightCopy is the copy in bfloat16 of weights, or of a bias of a product that makes
// bfloat16, that outlives a step: its update writes it together with the weights, so
// that no launch is spent on it. There is one for what a step's products read before
// the step writes it. It must be up to date when the step begins; what overwrites the
// weights otherwise, such as an upload or another program, leaves it stale.
type WeightCopy struct {
	Of   backend.Tensor
	At   *Buffer
	Kept bool // written by the step after it wrote the weights, and so up to date when it ends
}

// wrote notes that tensors were written.
func (p *planner) wrote(writes []backend.Tensor) {
	for _, t := range writes {
		if !t.None() && !slices.Contains(p.written, t) {
			p.written = append(p.written, t)
		}
	}
}

// wrotePart reports whether some of t was written before the node under way.
func (p *planner) wrotePart(t backend.Tensor) bool {
	return slices.ContainsFunc(p.written, func(w backend.Tensor) bool { return backend.Overlap(w, t) })
}

// weightCopyOf is the copy that a product reads in place of t, nil where t has none.
func (p *planner) weightCopyOf(t backend.Tensor) *WeightCopy {
	if !p.Step || p.wrotePart(t) {
		return nil
	}
	if s := p.weightCopies[t]; s != nil {
		return s
	}
	if p.weightCopies == nil {
		p.weightCopies = map[backend.Tensor]*WeightCopy{}
	}
	s := &WeightCopy{Of: t, At: &Buffer{Kind: Half, Of: t, Bytes: 2 * t.Rows * HalfLD(t)}}
	p.weightCopies[t] = s
	p.plan.Copies = append(p.plan.Copies, s)
	return s
}

// copiesIn has an update of params write the copies that lie in it, nothing else
// having written there: the table of them, and how many.
func (p *planner) copiesIn(params backend.Tensor) (kernels.WeightCopies, int) {
	var words []Word
	n := 0
	for _, s := range p.plan.Copies {
		if !backend.Contains(params, s.Of) || p.wrotePart(s.Of) {
			continue
		}
		begin := s.Of.Off - params.Off
		row := kernels.WeightCopy{Begin: begin, End: begin + s.Of.Len(), Cols: s.Of.Cols, Ld: HalfLD(s.Of), Copy: kernels.Bfloat16s{Base: s.At}}
		for _, a := range row.Args() {
			words = append(words, Word{Number: int64(a.Bits), Address: a.Pointer})
		}
		s.Kept = true
		n++
	}
	if n == 0 {
		return kernels.WeightCopies{}, 0
	}
	return kernels.WeightCopies{Base: p.table(words)}, n
}

// table is a buffer with contents.
func (p *planner) table(words []Word) *Buffer {
	return p.buffer(Buffer{Kind: Table, Bytes: 8 * len(words), Words: words})
}

// restore ends a step: copies that it needs and leaves stale are made anew by the
// step itself, since it may be launched several times over.
func (p *planner) restore() {
	for _, s := range p.plan.Copies {
		if s.Kept || !p.wrotePart(s.Of) {
			continue
		}
		p.launch(p.spread(s.Of.Rows*HalfLD(s.Of)/kernels.Pack), Cast(kernels.Bfloat16s{Base: s.At}, s.Of))
		s.Kept = true
	}
}
