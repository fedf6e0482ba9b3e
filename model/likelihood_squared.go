package model

import "github.com/aegpu/aegpu/backend"

// Squared is the squared error, summed over an example's elements. It is no
// likelihood: no variance goes with it.
type Squared struct{}

// String returns "squared".
func (Squared) String() string { return "squared" }

// MarshalText returns what String does.
func (l Squared) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Figure returns no name.
func (Squared) Figure() (name, note string, proper bool) { return "", "", false }

// Unit returns false.
func (Squared) Unit() bool { return false }

// Narrowest returns 0.
func (Squared) Narrowest() float64 { return 0 }

func (Squared) check(s *Spec) error               { return notBinarised(s, "squared") }
func (Squared) width(inputs int) int              { return inputs }
func (Squared) output(s *Spec) backend.Activation { return s.Output }
func (Squared) mean(s *Spec) backend.Activation   { return s.Output }
func (Squared) spreads() int                      { return 0 }
func (Squared) bind(g *graph) boundLikelihood     { return boundSquared{graph: g} }

func (Squared) centre(s *Spec, bias, mean []float32) {
	switch s.Output {
	case backend.Sigmoid:
		logits(bias, mean)
	case backend.Identity:
		copy(bias, mean)
	}
}

type boundSquared struct {
	complete
	*graph
}

func (b boundSquared) loss(l backend.Loss) {
	l.Kind = backend.SquaredError
	b.to.Enqueue(l)
}

func (b boundSquared) reconstruction(out, _ backend.Tensor, _ int) backend.Tensor { return out }
