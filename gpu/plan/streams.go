package plan

import (
	"slices"

	"github.com/aegpu/aegpu/backend"
)

// A weight gradient needs what is there, and little in a step needs it before the
// update. So the products that make them run on a second stream, beside the backward
// pass through the layers below: a small batch, or a narrow layer, leaves most of a
// GPU idle in every product. What touches the operands or the result of one waits for
// it first. Kernels stay on the first stream, where one at a time uses the scratch.
func (p *planner) streams() {
	if !p.Step || p.OneStream {
		return
	}
	var underWay []backend.Access
	for i := range p.nodes {
		n := &p.nodes[i]
		if slices.ContainsFunc(underWay, n.Conflicts) {
			underWay = nil
			p.joinBefore(i)
		}
		if _, ok := n.op.(backend.LinearBackWeights); !ok || i+1 == len(p.nodes) || p.nodes[i+1].Conflicts(n.Access) {
			continue
		}
		underWay = append(underWay, n.Access)
		for k := range p.plan.Items {
			if it := &p.plan.Items[k]; it.node == i && it.Product != nil {
				it.Stream = Aside
			}
		}
	}
	if underWay == nil {
		return
	}
	for k := range p.plan.Items {
		if p.plan.Items[k].node == len(p.nodes) { // what ends the step
			p.plan.Items[k].Joins = append(p.plan.Items[k].Joins, Aside)
			return
		}
	}
	p.plan.Joins = append(p.plan.Joins, Aside)
}

// joinBefore has the first item of a node wait for what is aside.
func (p *planner) joinBefore(node int) {
	for k := range p.plan.Items {
		if it := &p.plan.Items[k]; it.node >= node {
			it.Joins = append(it.Joins, Aside)
			return
		}
	}
	p.plan.Joins = append(p.plan.Joins, Aside)
}
