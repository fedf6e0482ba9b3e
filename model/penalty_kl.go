package model

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// KLSparsity is Weight * sum_j KL(Target || mean activation of unit j over the
// batch), for sigmoid codes (Ng 2011, "Sparse autoencoder"; Nair and Hinton 2009).
type KLSparsity struct{ Target, Weight float32 }

// String returns "kl:TARGET:WEIGHT".
func (p KLSparsity) String() string { return worded("kl", p.Target, p.Weight) }

// MarshalText returns what String does.
func (p KLSparsity) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Term returns "sparsity" and the weight.
func (p KLSparsity) Term() (name string, weight float32) { return "sparsity", p.Weight }

func (p KLSparsity) check(s *Spec) error {
	if s.CodeActivation != backend.Sigmoid {
		return fmt.Errorf("kl sparsity compares mean activations with a probability: it needs the code activation sigmoid, not %v", s.CodeActivation)
	}
	if !(p.Target > 0 && p.Target < 1) {
		return fmt.Errorf("kl sparsity target is %g: expected between 0 and 1", p.Target)
	}
	if err := checkSparse(s, "kl"); err != nil {
		return err
	}
	return checkWeight(p)
}

func (p KLSparsity) bind(g *graph) boundPenalty {
	t := weighed(p)
	t.batch = true
	return &boundKLSparsity{KLSparsity: p, graph: g, slot: g.addTerm(t)}
}

type boundKLSparsity struct {
	noHooks
	KLSparsity
	*graph
	slot  int
	means backend.Tensor // 1 x L: mean activations
}

func (b *boundKLSparsity) reserve(alloc backend.Alloc) { b.means = alloc(1, b.Spec.Latent) }

func (b *boundKLSparsity) tensors(add func(string, backend.Tensor)) { add("means", b.means) }

func (*boundKLSparsity) byCode() bool { return true }

func (b *boundKLSparsity) onCode(h backend.Tensor, n int) {
	b.to.Enqueue(backend.ColumnMeans{M: b.means, H: h, Of: b.whole})
	b.reduce(b.means)
	b.to.Enqueue(backend.SparseKL{DH: b.code.gradient().Top(n), Sums: b.sums, Slot: b.slot, M: b.means, Rho: b.Target, Scale: b.over(b.Weight)})
}
