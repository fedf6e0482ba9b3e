package plan

import (
	"fmt"
	"slices"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
)

// Plan is what a list of operations comes to.
type Plan struct {
	Items    []Item
	Joins    []Stream      // that the first stream waits for at the end
	Buffers  []*Buffer     // memory that it needs beside the operands
	HalfOnly []HalfOnly    // tensors that it leaves in bfloat16 alone
	Copies   []*WeightCopy // of weights, that it must find up to date
	Fetches  []*Fetch      // batches of data on the host
	Ticks    map[backend.Clock]int
	Touches  []backend.Tensor // all that it reads or writes
	Writes   []backend.Tensor
}

// Stream is where an item runs: the first stream, or one that is forked from it.
type Stream uint8

// The streams.
const (
	First    Stream = iota
	Aside           // weight gradients
	Fetching        // batches of data on the host
	Reducing        // sums over the ranks
)

// String is the stream's name in listings.
func (s Stream) String() string { return []string{"first", "aside", "fetching", "reducing"}[s] }

// Item is a launch: a kernel, a product, a sum over the ranks, a fill or a copy.
type Item struct {
	Op      string         // the operation that it is of
	Kernel  kernels.Launch // with Grid blocks; nil for the others
	Grid    int
	Product *Product
	Reduce  *Reduce
	Move    *Move
	Stream  Stream
	Joins   []Stream // that the first stream waits for before it
	After   []Stream // that its own stream waits for before it, beside the first

	node int
}

// Move is a copy of bytes on the device or, where From is null, a fill with zeros.
type Move struct {
	To, From kernels.Pointer
	Bytes    int
}

// Reduce is the sum over the ranks of float32s, in place.
type Reduce struct {
	At    kernels.Pointer
	Count int
}

// Make plans a list of operations, which have passed their checks.
func Make(list backend.List, o Options) (*Plan, error) {
	p := &planner{Options: o}
	if err := p.make(list); err != nil {
		return nil, err
	}
	for y, m := range p.masks {
		if m.written && !m.applied { // the derivative was refused: without it the layer is faster
			p.maskless = append(p.maskless, y)
		}
	}
	if p.maskless != nil {
		p = &planner{Options: o, maskless: p.maskless}
		if err := p.make(list); err != nil {
			return nil, err
		}
	}
	return p.plan, nil
}

func (p *planner) make(list backend.List) error {
	p.plan = &Plan{Ticks: map[backend.Clock]int{}}
	p.nodes = p.fuse(nodesOf(p.withoutRanks(list)))
	for i := range p.nodes {
		p.at = i
		n := &p.nodes[i]
		p.prepare(n)
		if err := p.lower(n); err != nil {
			return fmt.Errorf("%s: %w", backend.Name(n.op), err)
		}
		p.wrote(n.Writes)
	}
	p.at = len(p.nodes)
	p.restore()
	p.streams()
	p.finish()
	return nil
}

// planner is a plan that is being made.
type planner struct {
	Options
	plan  *Plan
	nodes []node
	at    int // of the node that is lowered

	halves       map[backend.Tensor]*half
	masks        map[backend.Tensor]*mask
	maskless     []backend.Tensor // outputs of ReLUs whose mask nobody would apply
	sources      []*half          // that the node under way reads, the tensors themselves not being written
	weightCopies map[backend.Tensor]*WeightCopy
	written      []backend.Tensor // so far
	fetched      bool             // rows are on their way
}

// finish notes what is left behind.
func (p *planner) finish() {
	for i := range p.nodes {
		for _, t := range p.nodes[i].Tensors() {
			if !slices.Contains(p.plan.Touches, t) {
				p.plan.Touches = append(p.plan.Touches, t)
			}
		}
	}
	p.plan.Writes = p.written
	p.plan.Buffers = slices.DeleteFunc(p.plan.Buffers, func(b *Buffer) bool { return !p.plan.uses(b) })
	for _, h := range p.onlyHalves() {
		p.plan.HalfOnly = append(p.plan.HalfOnly, HalfOnly{h.of, h.at})
	}
	if p.fetched {
		p.plan.Joins = append(p.plan.Joins, Fetching)
	}
}

// uses reports whether a launch of the plan touches the buffer; one may be left over
// from a product that was refused.
func (p *Plan) uses(b *Buffer) bool {
	return slices.ContainsFunc(p.Items, func(i Item) bool {
		if q := i.Product; q != nil {
			return slices.ContainsFunc([]kernels.Pointer{q.A.At, q.B.At, q.C.At, q.Bias, q.Mask}, func(at kernels.Pointer) bool { return at.Base == b })
		}
		return i.Kernel != nil && slices.ContainsFunc(i.Kernel.Args(), func(a kernels.Arg) bool { return a.Pointer.Base == b })
	})
}

// put appends an item of the node under way.
func (p *planner) put(i Item) {
	i.node = p.at
	if p.at < len(p.nodes) {
		i.Op = backend.Name(p.nodes[p.at].op)
	}
	p.plan.Items = append(p.plan.Items, i)
}

// launch is put of a kernel. A grid of 0 has nothing to do.
func (p *planner) launch(grid int, k kernels.Launch) {
	if grid > 0 {
		p.put(Item{Kernel: k, Grid: grid})
	}
}

// Products are the products of the plan.
func (p *Plan) Products() (all []*Product) {
	for _, i := range p.Items {
		if i.Product != nil {
			all = append(all, i.Product)
		}
	}
	return all
}

// Reduces reports whether the plan adds up over the ranks.
func (p *Plan) Reduces() bool {
	return slices.ContainsFunc(p.Items, func(i Item) bool { return i.Reduce != nil })
}

// Bytes is the memory that the plan takes of its own, and that of the copies of weights,
// which plans share. A ring for rows of data on the host is counted too.
func (p *Plan) Bytes() (own, shared int) {
	for _, b := range p.Buffers {
		own += b.Bytes
	}
	for _, s := range p.Copies {
		shared += s.At.Bytes
	}
	return own, shared
}
