package plan

import (
	"slices"

	"github.com/aegpu/aegpu/backend"
)

// A weight gradient needs what is there, and little in a step needs it before the
// update. So the products that make them run on a second stream, beside the backward
// pass through the layers below: a small batch, or a narrow layer, leaves most of a
// GPU idle in every product. Sums over the ranks, which wait for the slowest of them
// and for the wire, run on a stream of their own: all on the one, in the order of the
// list, which must be that of every rank. What touches the operands or the result of
// one waits for it first. Kernels stay on the first stream, where one at a time uses
// the scratch.
func (p *planner) streams() {
	if !p.Step || p.OneStream {
		return
	}
	var underWay [Reducing + 1][]backend.Access
	for i := range p.nodes {
		n := &p.nodes[i]
		if reduces(n.op) {
			p.reduceBeside(i, slices.ContainsFunc(underWay[Aside], n.Conflicts))
			underWay[Reducing] = append(underWay[Reducing], n.Access)
			continue
		}
		for s := range underWay {
			if slices.ContainsFunc(underWay[s], n.Conflicts) {
				underWay[s] = nil
				p.joinBefore(i, Stream(s))
			}
		}
		if _, ok := n.op.(backend.LinearBackWeights); !ok || !p.free(i) {
			continue
		}
		underWay[Aside] = append(underWay[Aside], n.Access)
		for k := range p.plan.Items {
			if it := &p.plan.Items[k]; it.node == i && it.Product != nil {
				it.Stream = Aside
			}
		}
	}
	for s := range underWay {
		if underWay[s] != nil {
			p.joinBefore(len(p.nodes), Stream(s)) // what ends the step, or its end
		}
	}
}

// free reports whether what comes next on the first stream does not touch what the node does.
func (p *planner) free(node int) bool {
	for _, next := range p.nodes[node+1:] {
		if !reduces(next.op) {
			return !next.Conflicts(p.nodes[node].Access)
		}
	}
	return false
}

// reduceBeside has the sum of a node run beside the first stream, after what is aside or not.
func (p *planner) reduceBeside(node int, afterAside bool) {
	for k := range p.plan.Items {
		if it := &p.plan.Items[k]; it.node == node {
			it.Stream = Reducing
			if afterAside {
				it.After = []Stream{Aside}
			}
		}
	}
}

// joinBefore has the first item of a node wait for what is on a stream.
func (p *planner) joinBefore(node int, s Stream) {
	for k := range p.plan.Items {
		if it := &p.plan.Items[k]; it.node >= node {
			it.Joins = append(it.Joins, s)
			return
		}
	}
	p.plan.Joins = append(p.plan.Joins, s)
}
