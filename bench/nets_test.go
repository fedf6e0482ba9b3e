package bench

import (
	"reflect"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/model"
)

// What a peer is told of a net is all that the net is: from that alone comes its spec.
func TestPeersAreToldAll(t *testing.T) {
	for _, n := range Nets {
		t.Run(n.Name, func(t *testing.T) {
			c, err := n.Config()
			if err != nil {
				t.Fatal(err)
			}
			want, err := c.Spec(784)
			if err != nil {
				t.Fatal(err)
			}
			p, err := n.Peer()
			if err != nil {
				t.Fatal(err)
			}
			if got := specOf(t, p); !reflect.DeepEqual(got, want) {
				t.Errorf("a peer is told of\n%+v, the net is\n%+v", got, want)
			}
		})
	}
}

// specOf is what scripts/peers makes of a net, on 784 inputs.
func specOf(t *testing.T, p Peer) model.Spec {
	s := model.Spec{Inputs: 784, Latent: p.Latent, Activation: p.Activation, Loss: backend.Bernoulli}
	if len(p.Hidden) > 0 {
		s.Hidden = p.Hidden
	}
	if p.VAE {
		s.Code, s.Samples = model.Gaussian, 1
	}
	if p.Code != "" {
		a, err := backend.ParseActivation(p.Code)
		if err != nil {
			t.Fatal(err)
		}
		s.CodeActivation = a
	}
	if p.Masking > 0 {
		s.Corrupt = model.Corruption{Kind: backend.Masking, Level: p.Masking}
	}
	if p.Sparsity != nil {
		s.Sparsity = model.Sparsity{Kind: model.KLSparsity, Target: p.Sparsity[0], Weight: p.Sparsity[1]}
	}
	if p.Contract > 0 {
		s.Contract = model.Contract{Kind: model.ExactContract, Weight: p.Contract}
	}
	return s
}
