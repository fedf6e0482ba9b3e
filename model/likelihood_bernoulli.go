package model

import "github.com/aegpu/aegpu/backend"

// Bernoulli is a likelihood of elements within [0, 1] from their logits, the
// decoder's output: the cross-entropy, summed over an example's elements.
type Bernoulli struct{ linear }

// String returns "bernoulli".
func (Bernoulli) String() string { return "bernoulli" }

// MarshalText returns what String does.
func (l Bernoulli) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Figure returns "bce".
func (Bernoulli) Figure() (name, note string, proper bool) {
	return "bce", "cross-entropy, nats an example", true
}

// Unit returns true.
func (Bernoulli) Unit() bool { return true }

// Narrowest returns 0.
func (Bernoulli) Narrowest() float64 { return 0 }

func (Bernoulli) check(s *Spec) error                  { return outputApplies(s, "bernoulli") }
func (Bernoulli) mean(*Spec) backend.Activation        { return backend.Sigmoid }
func (Bernoulli) centre(_ *Spec, bias, mean []float32) { logits(bias, mean) }
func (Bernoulli) bind(g *graph) boundLikelihood        { return boundBernoulli{graph: g} }

type boundBernoulli struct {
	complete
	*graph
}

func (b boundBernoulli) loss(l backend.Loss) {
	l.Kind = backend.Bernoulli
	b.to.Enqueue(l)
}

func (b boundBernoulli) reconstruction(out, _ backend.Tensor, _ int) backend.Tensor {
	b.to.Enqueue(backend.Activate{Y: out, X: out, Act: backend.Sigmoid})
	return out
}
