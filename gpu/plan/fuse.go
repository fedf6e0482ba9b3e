package plan

import (
	"slices"

	"github.com/aegpu/aegpu/backend"
)

// node is an operation, and what it does on its way for others that are not in the
// list any more.
type node struct {
	op backend.Operation
	backend.Access

	slope  *slope   // what it writes first is multiplied by it
	sloped bool     // a penalty also does the derivative before it
	adds   addition // a sum of what it makes, or of what it looks at
	sets   bool     // a bias gradient is written, not added to what is there
	ticks  int      // rows of a step that ends with it, -1 where none does
}

// slope is a factor s'(saved): of the identity, which saves nothing, 1.
type slope struct {
	saved backend.Tensor
	act   backend.Activation
}

// addition is sums[slot] += scale * the sum of something.
type addition struct {
	sums  backend.Sums
	slot  int
	scale float64
}

// nodesOf is a node an operation; a derivative that is no part of a product's is one
// of its own.
func nodesOf(list backend.List) (nodes []node) {
	for _, op := range list {
		if o, ok := op.(backend.LinearBackInput); ok && o.Act != backend.Identity && o.Act != backend.ReLU {
			back := backend.ActivateBack{DX: o.DX, DY: o.DX, Saved: o.Saved, Act: o.Act}
			o.Saved, o.Act = backend.Tensor{}, backend.Identity
			nodes = append(nodes, newNode(o), newNode(back))
			continue
		}
		nodes = append(nodes, newNode(op))
	}
	return nodes
}

func newNode(op backend.Operation) node { return node{op: op, Access: op.Access(), ticks: -1} }

// fuse has operations do what comes before or after them, where that spares a launch.
func (p *planner) fuse(nodes []node) (out []node) {
	if !p.Step {
		return nodes
	}
	away := false // rows of a batch on the host are being fetched, which go by the clock
	for _, n := range nodes {
		var last *node
		if len(out) > 0 {
			last = &out[len(out)-1]
		}
		switch o := n.op.(type) {
		case backend.Gather:
			away = away || p.onHost(o.Data)
		case backend.ActivateBack:
			if last != nil && last.takesSlope(o) {
				last.slope = &slope{o.Saved, o.Act}
				last.Either = append(slices.Clone(last.Either), o.Saved)
				continue
			}
		case backend.Accumulate:
			if last != nil && last.takesSum(o.V) {
				last.adds = addition{o.Sums, o.Slot, o.Scale}
				last.Sums = append(slices.Clone(last.Sums), o.Sums)
				continue
			}
		case backend.LinearBackWeights:
			if zero, ok := opOf[backend.Zero](last); ok && o.Accumulate && !o.DB.None() && zero.Dst == o.DB {
				n.sets, out = true, out[:len(out)-1]
				n.Reads = []backend.Tensor{o.DW}
			}
		case backend.ContractShallow:
			if back, ok := opOf[backend.ActivateBack](last); ok && back == (backend.ActivateBack{DX: o.DA, DY: o.DA, Saved: o.Saved, Act: o.Act}) {
				n.sloped, out = true, out[:len(out)-1]
			}
		case backend.Check:
			out = n.takeSum(out, o.Rows)
		case backend.Tick:
			if last != nil && !away && last.ends(o.Clock) {
				last.ticks = o.Rows
				continue
			}
			away = false
		}
		out = append(out, n)
	}
	return out
}

// opOf is the node's operation if it is of that kind and nothing was added to it.
func opOf[O backend.Operation](n *node) (o O, ok bool) {
	if n == nil || n.slope != nil {
		return o, false
	}
	o, ok = n.op.(O)
	return o, ok
}

// takesSlope reports whether the node can multiply by the derivative what it writes:
// not where it writes what the derivative is of, as the rows of a loss, meanwhile.
func (n *node) takesSlope(o backend.ActivateBack) bool {
	if o.DX != o.DY || n.slope != nil || len(n.Writes) == 0 || n.Writes[0] != o.DX || n.writes(o.Saved) {
		return false
	}
	switch n.op.(type) {
	case backend.Dropout, backend.Loss, backend.SparseKL, backend.L1, backend.TopKBack:
		return true
	}
	return false
}

// writes reports whether the node writes some of t.
func (n *node) writes(t backend.Tensor) bool {
	return slices.ContainsFunc(n.Writes, func(w backend.Tensor) bool { return backend.Overlap(w, t) })
}

// takesSum reports whether the node can add up v, which it writes.
func (n *node) takesSum(v backend.Tensor) bool {
	o, ok := n.op.(backend.GaussianKL)
	return ok && n.adds == (addition{}) && o.KL == v && tilesFit(o.KL.Cols)
}

// ends reports whether the node can end a step of c when it is done.
func (n *node) ends(c backend.Clock) bool {
	if n.ticks >= 0 {
		return false
	}
	switch o := n.op.(type) {
	case backend.Update:
		return o.Clock == c
	case backend.UpdateLAMB:
		return o.Clock == c
	}
	return false
}

// takeSum has the node make the sum of t as it is, if the list so far does, and
// returns the list without that.
func (n *node) takeSum(list []node, t backend.Tensor) []node {
	for i := len(list) - 1; i >= 0; i-- {
		if _, ok := list[i].op.(backend.ZeroSums); ok {
			break
		}
		if o, ok := list[i].op.(backend.Accumulate); ok && o.V == t {
			n.adds = addition{o.Sums, o.Slot, o.Scale}
			n.Sums = append(slices.Clone(n.Sums), o.Sums)
			return slices.Delete(list, i, i+1)
		}
		if list[i].writes(t) {
			break
		}
	}
	return list
}
