package model

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// Contractive is Weight * |dh/dx|_F^2 of every example, h being the code (Rifai et
// al. 2011): exact, or estimated without bias from Probes random projections of the
// code (Hutchinson 1990).
type Contractive struct {
	Weight float32
	Probes int // 0 means exact
}

// maxProbes bounds the probes: each is a pass through the encoder and back, and
// codes of so many units have an exact norm for the same work.
const maxProbes = 4096

func makeStochastic(v []float32) (Penalty, error) {
	p := Contractive{Weight: v[0], Probes: 1}
	if len(v) < 2 {
		return p, nil
	}
	var err error
	p.Probes, err = whole("probes", v[1])
	return p, err
}

// String returns "exact:WEIGHT" or "stochastic:WEIGHT:PROBES".
func (p Contractive) String() string {
	switch p.Probes {
	case 0:
		return worded("exact", p.Weight)
	case 1:
		return worded("stochastic", p.Weight)
	}
	return fmt.Sprintf("%s:%d", worded("stochastic", p.Weight), p.Probes)
}

// MarshalText returns what String does.
func (p Contractive) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Term returns "contraction" and the weight.
func (p Contractive) Term() (name string, weight float32) { return "contraction", p.Weight }

func (p Contractive) check(s *Spec) error {
	if c := s.code(); !c.asIs() {
		return fmt.Errorf("the contractive penalty needs a deterministic code, not %s", c)
	}
	if s.HasCondition() {
		return fmt.Errorf("the contractive penalty is on the Jacobian by the input alone: it does not go with a condition, which the encoder sees beside it")
	}
	if s.Dropout > 0 {
		return fmt.Errorf("the contractive penalty is on the Jacobian of the whole encoder: it does not go with dropout")
	}
	if p.Probes < 0 || p.Probes > maxProbes {
		return fmt.Errorf("%d probes of the contractive penalty: expected 1 to %d", p.Probes, maxProbes)
	}
	return checkWeight(p)
}

// bind plans the closed form of a single layer, whose Jacobian's norm needs no
// probes, and probes for all else.
func (p Contractive) bind(g *graph) boundPenalty {
	slot := g.addTerm(weighed(p))
	if p.Probes == 0 && len(g.enc) == 1 {
		return &boundShallow{Contractive: p, graph: g, slot: slot}
	}
	return &boundDeep{Contractive: p, graph: g, slot: slot}
}

// boundShallow is the closed form: with W the weights and a' the derivative of the
// activation, |dh/dx|_F^2 = sum_j a'_j^2 |W_j|^2.
type boundShallow struct {
	noHooks
	Contractive
	*graph
	slot            int
	norms, gradient backend.Tensor // 1 x L: the rows' squared norms, and the gradient by them
}

func (b *boundShallow) reserve(alloc backend.Alloc) {
	b.norms, b.gradient = alloc(1, b.Spec.Latent), alloc(1, b.Spec.Latent)
}

func (b *boundShallow) tensors(add func(string, backend.Tensor)) {
	add("normgrad", b.gradient)
	add("rownorms", b.norms)
}

func (b *boundShallow) afterDecoder(int) {
	b.to.Enqueue(backend.RowSquares{R: b.norms, W: b.enc[0].w})
}

func (b *boundShallow) afterCode(n int) {
	l := &b.enc[0]
	b.to.Enqueue(backend.ContractShallow{DA: l.delta.Top(n), DR: b.gradient, Sums: b.sums, Slot: b.slot, Saved: l.saved().Top(n), R: b.norms, Act: l.act,
		Share: 1, Scale: b.over(b.Weight)})
}

func (b *boundShallow) afterEncoder(int) {
	b.to.Enqueue(backend.AddScaledRows{DW: b.enc[0].dw, W: b.enc[0].w, C: b.gradient})
}

// boundDeep has the Jacobian's part of the gradient computed before the encoder's
// backward pass, which then adds up.
type boundDeep struct {
	noHooks
	Contractive
	*graph
	slot     int
	jacobian *jacobian
}

func (b *boundDeep) reserve(alloc backend.Alloc) {
	probes := b.Probes
	if probes == 0 {
		probes = b.Spec.Latent
	}
	b.jacobian = planJacobian(b.graph, alloc, b.batch, probes, b.Probes == 0, true)
}

func (b *boundDeep) tensors(add func(string, backend.Tensor)) {
	j := b.jacobian
	for i := range j.v {
		add(fmt.Sprintf("jacobian.v%d", i), j.v[i])
	}
	for i := range j.u {
		add(fmt.Sprintf("jacobian.u%d", i), j.u[i])
	}
	add("jacobian.d0", j.d[0])
	add("jacobian.d1", j.d[1])
}

func (*boundDeep) leavesWeights() bool { return true }

func (b *boundDeep) afterDecoder(n int) {
	j, per := b.jacobian, float64(1)
	if !j.exact {
		per = 1 / float64(j.probes)
	}
	scale := b.over(b.Weight * float32(per))
	j.forward(b.to, b.enc, b.noise(backend.StreamProbe, j.probes*b.Spec.Latent), n)
	v := j.v[0].Top(n * j.probes)
	b.to.Enqueue(backend.SquareSum{DV: v, Sums: b.sums, Slot: b.slot, V: v, Share: per, Scale: scale})
	j.backward(b.to, b.enc, n, b.Spec.Tied || b.more())
}
