package plan

import (
	"slices"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
)

// withoutRanks is the list as the only rank computes it.
func (p *planner) withoutRanks(list backend.List) backend.List {
	if p.Ranks {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(op backend.Operation) bool { return reduces(op) })
}

func reduces(op backend.Operation) bool {
	_, ok := op.(backend.AllReduce)
	return ok
}

// allReduce is v = the sum of v over the ranks, of which nothing is left in bfloat16 alone since it reads all of v.
func (p *planner) allReduce(_ *node, o backend.AllReduce) error {
	if n := o.V.Len(); n > 0 {
		p.put(Item{Reduce: &Reduce{At: kernels.Pointer(at(o.V)), Count: n}})
	}
	return nil
}
