package model

import "github.com/aegpu/aegpu/backend"

// L1Sparsity is Weight * sum_j |h_j| of every example's code.
type L1Sparsity struct{ Weight float32 }

// String returns "l1:WEIGHT".
func (p L1Sparsity) String() string { return worded("l1", p.Weight) }

// MarshalText returns what String does.
func (p L1Sparsity) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Term returns "sparsity" and the weight.
func (p L1Sparsity) Term() (name string, weight float32) { return "sparsity", p.Weight }

func (p L1Sparsity) check(s *Spec) error {
	if err := checkSparse(s, "l1"); err != nil {
		return err
	}
	return checkWeight(p)
}

func (p L1Sparsity) bind(g *graph) boundPenalty {
	return &boundL1Sparsity{L1Sparsity: p, graph: g, slot: g.addTerm(weighed(p))}
}

type boundL1Sparsity struct {
	noHooks
	L1Sparsity
	*graph
	slot int
}

func (*boundL1Sparsity) byCode() bool { return true }

func (b *boundL1Sparsity) onCode(h backend.Tensor, n int) {
	b.to.Enqueue(backend.L1{DH: b.code.gradient().Top(n), Sums: b.sums, Slot: b.slot, H: h, Share: 1, Scale: b.over(b.Weight)})
}
