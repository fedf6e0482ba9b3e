package model

import (
	"fmt"
	"math"

	"github.com/aegpu/aegpu/backend"
)

// GaussianNLL is a normal likelihood whose mean and log-variance, one each an
// element, are the decoder's output (Kingma and Welling 2014, appendix C.2).
type GaussianNLL struct{ linear }

// String returns "gaussian".
func (GaussianNLL) String() string { return "gaussian" }

// MarshalText returns what String does.
func (l GaussianNLL) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Figure returns "nll".
func (GaussianNLL) Figure() (name, note string, proper bool) {
	return "nll", "of the Gaussian, nats an example", true
}

// Unit returns false.
func (GaussianNLL) Unit() bool { return false }

// Narrowest returns the variance at the smallest logarithm that the loss takes.
func (GaussianNLL) Narrowest() float64 { return math.Exp(backend.MinLogVar) }

func (GaussianNLL) check(s *Spec) error {
	if s.Tied {
		return fmt.Errorf("tied weights do not fit the gaussian loss: its decoder ends in 2 x %d units, the encoder starts at %d", s.Inputs, s.Inputs)
	}
	if err := notBinarised(s, "gaussian"); err != nil {
		return err
	}
	return outputApplies(s, "gaussian")
}

func (GaussianNLL) width(inputs int) int          { return 2 * inputs }
func (GaussianNLL) bind(g *graph) boundLikelihood { return &boundGaussianNLL{graph: g} }

type boundGaussianNLL struct {
	complete
	*graph
	means backend.Tensor // B*K x D, in inference
}

func (b *boundGaussianNLL) reserve(alloc backend.Alloc) {
	if !b.training {
		b.means = alloc(b.batch*b.samples, b.Spec.Outputs())
	}
}

func (b *boundGaussianNLL) loss(l backend.Loss) {
	l.Kind = backend.GaussianNLL
	b.to.Enqueue(l)
}

func (b *boundGaussianNLL) reconstruction(out, _ backend.Tensor, n int) backend.Tensor {
	b.to.Enqueue(backend.CopyColumns{Dst: b.means.Top(n), Src: out})
	return b.means.Top(n)
}
