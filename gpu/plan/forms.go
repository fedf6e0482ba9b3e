package plan

import (
	"slices"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
)

// In bf16 products read copies in bfloat16, one of every tensor since it was
// written: a layer's input serves its output and its weight gradient, a gradient
// serves both products of the backward pass.
//
//   - The weights of a step have theirs from its update (weightcopies.go).
//   - What the step makes for products and for derivatives of activations alone is
//     written in bfloat16 and in no other form, by the kernel or the product that
//     makes it. Such a tensor is in half only: its float32 is what it was before. Whatever
//     reads that after the step has it written first (gpu/forms.go).
//   - What is read in both forms is written in both, by kernels that can; what is
//     left is copied by a launch of its own.
//
// The parameters themselves, their gradients and all that is not an operand stay
// float32.

// HalfOnly is a tensor of which only the copy was written.
type HalfOnly struct {
	Of   backend.Tensor
	Half *Buffer
}

// half is the copy of a tensor.
type half struct {
	of    backend.Tensor
	at    *Buffer
	fresh bool // it is the tensor, rounded
	only  bool // and the tensor itself was not written
}

// mask is a bit an element of a ReLU's output.
type mask struct {
	of               backend.Tensor
	at               *Buffer
	fresh            bool
	written, applied bool // ever
}

// HalfLD is the leading dimension of t's copy: its columns, rounded up so that
// products can use tensor cores whatever the shape.
func HalfLD(t backend.Tensor) int { return ceil(t.Cols, kernels.Pack) * kernels.Pack }

// maskLD is the leading dimension of the bits of y, rounded up as cuBLASLt wants.
func maskLD(y backend.Tensor) int { return ceil(y.Cols, 128) * 128 }

// demand is how a tensor is read before it is overwritten.
type demand struct {
	float  bool // as float32
	factor bool // as an operand of products
	sign   bool // as the output of a ReLU, for its sign
	either bool // in any form
}

// halfOnly reports whether the tensor is read, and its bfloat16 is enough.
func (r demand) halfOnly() bool { return !r.float && (r.factor || r.sign || r.either) }

// demandFor is how t, which the node under way makes, is read until it is
// overwritten: in the rest of the step, and at the start of the next one, which
// finds float32. What reads it after the step has it written first.
func (p *planner) demandFor(t backend.Tensor) (r demand) {
	if !p.Step {
		return demand{float: true}
	}
	for i := p.at + 1; i < len(p.nodes); i++ {
		if r.add(p.nodes[i].Access, t) {
			return r
		}
	}
	for i := range p.nodes[:p.at+1] {
		var again demand
		over := again.add(p.nodes[i].Access, t)
		r.float = r.float || again != (demand{})
		if over {
			break
		}
	}
	return r
}

// add notes what an operation reads of t and reports whether it overwrites it all.
func (r *demand) add(a backend.Access, t backend.Tensor) (over bool) {
	touches := func(list []backend.Tensor, alike bool) bool {
		return slices.ContainsFunc(list, func(v backend.Tensor) bool {
			return backend.Overlap(v, t) && (v == t) == alike
		})
	}
	r.factor = r.factor || touches(a.Factors, true)
	r.sign = r.sign || touches(a.Signs, true)
	r.either = r.either || touches(a.Either, true)
	r.float = r.float || touches(a.Reads, true)
	for _, list := range [][]backend.Tensor{a.Reads, a.Factors, a.Signs, a.Either} {
		r.float = r.float || touches(list, false) // a part of it
	}
	for _, w := range a.Writes {
		if !backend.Overlap(w, t) {
			continue
		}
		if backend.Contains(w, t) {
			return true
		}
		r.float = true
	}
	return false
}

// prepare notes which tensors the node finds in bfloat16, before those that it
// overwrites are forgotten.
func (p *planner) prepare(n *node) {
	p.sources = p.sources[:0]
	for _, t := range slices.Concat(n.Factors, n.Signs, n.Either) {
		if h := p.halves[t]; h != nil && h.only {
			p.sources = append(p.sources, h)
		}
	}
	p.forget(n.Writes)
}

// forget makes stale what is derived from tensors that are overwritten.
func (p *planner) forget(writes []backend.Tensor) {
	for _, t := range writes {
		for _, s := range p.plan.Copies {
			s.Kept = s.Kept && !backend.Overlap(s.Of, t)
		}
		for _, m := range p.masks {
			m.fresh = m.fresh && !backend.Overlap(m.of, t)
		}
		for _, h := range p.halves {
			if backend.Overlap(h.of, t) {
				h.fresh, h.only = false, false
			}
		}
	}
}

// onlyHalves are the copies without their tensors, in the order in which they were first made.
func (p *planner) onlyHalves() (list []*half) {
	for _, b := range p.plan.Buffers {
		if h := p.halves[b.Of]; b.Kind == Half && h != nil && h.at == b && h.only {
			list = append(list, h)
		}
	}
	return list
}

// Expand is the launch that writes the float32 of t from its copy.
func Expand(t backend.Tensor, half *Buffer) kernels.ExpandFwdF32 {
	return kernels.ExpandFwdF32{Out: at(t), X: kernels.Bfloat16s{Base: half}, Rows: t.Rows, Cols: t.Cols, Ld: HalfLD(t)}
}

// Cast is the launch that writes the copy of t.
func Cast(to kernels.Bfloat16s, t backend.Tensor) kernels.CastFwdBf16 {
	return kernels.CastFwdBf16{Out: to, X: at(t), Rows: t.Rows, Cols: t.Cols, Ld: HalfLD(t)}
}

// halfOf is room for the copy of t.
func (p *planner) halfOf(t backend.Tensor) *half {
	if h := p.halves[t]; h != nil {
		return h
	}
	if p.halves == nil {
		p.halves = map[backend.Tensor]*half{}
	}
	h := &half{of: t, at: p.buffer(Buffer{Kind: Half, Of: t, Bytes: 2 * t.Rows * HalfLD(t)})}
	p.halves[t] = h
	return h
}

// newMask is room for the bits of y.
func (p *planner) newMask(y backend.Tensor) *mask {
	if m := p.masks[y]; m != nil {
		return m
	}
	if p.masks == nil {
		p.masks = map[backend.Tensor]*mask{}
	}
	m := &mask{of: y, at: p.buffer(Buffer{Kind: Mask, Of: y, Bytes: y.Rows * maskLD(y) / 8})}
	p.masks[y] = m
	return m
}

// written notes that the node under way writes the copy, and whether that alone.
func (h *half) written(alone bool) { h.fresh, h.only = true, alone }

// matrix is t in the precision of products.
func (p *planner) matrix(t backend.Tensor) Matrix {
	m := Matrix{At: kernels.Pointer(at(t)), Rows: t.Rows, Cols: t.Cols, LD: t.Cols}
	if p.Precision != BF16 {
		return m
	}
	m.Half, m.LD = true, HalfLD(t)
	if s := p.weightCopyOf(t); s != nil {
		m.At = kernels.Pointer{Base: s.At}
		return m
	}
	h := p.halfOf(t)
	if !h.fresh {
		p.launch(p.spread(t.Rows*HalfLD(t)/kernels.Pack), Cast(kernels.Bfloat16s{Base: h.at}, t))
		h.fresh = true
	}
	m.At = kernels.Pointer{Base: h.at}
	return m
}

// sink is where a kernel leaves a tensor: in float32, as an operand of products
// whose rows are LD apart, or both (kernels/bfloat16.cuh).
type sink struct {
	float kernels.Float32s
	half  kernels.Bfloat16s
	ld    int
}

// sinkOf is the sink of what the node under way makes: t in the forms in which it is
// read.
func (p *planner) sinkOf(t backend.Tensor) sink {
	s := sink{float: at(t), ld: HalfLD(t)}
	if t.None() || p.Precision != BF16 {
		return s
	}
	want := p.demandFor(t)
	if !want.factor && !want.halfOnly() {
		return s
	}
	h := p.halfOf(t)
	s.half = kernels.Bfloat16s{Base: h.at}
	if want.halfOnly() {
		s.float = kernels.Float32s{}
	}
	h.written(want.halfOnly())
	return s
}

// sourceOf is where the node under way, which may overwrite it, finds t: its float32
// or, where that is not written, its copy. One of the two is null.
func (p *planner) sourceOf(t backend.Tensor) (kernels.Float32s, kernels.Bfloat16s) {
	if h := p.halves[t]; h != nil && (h.only || slices.Contains(p.sources, h)) {
		return kernels.Float32s{}, kernels.Bfloat16s{Base: h.at}
	}
	return at(t), kernels.Bfloat16s{}
}
