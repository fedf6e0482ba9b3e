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
	s := model.Spec{Inputs: 784, Latent: p.Latent, Activation: p.Activation, Code: p.Code, Likelihood: model.Bernoulli{}, Corrupt: p.Corrupt, Penalties: p.Penalties}
	if len(p.Hidden) > 0 {
		s.Hidden = p.Hidden
	}
	if p.CodeActivation != "" {
		a, err := backend.ParseActivation(p.CodeActivation)
		if err != nil {
			t.Fatal(err)
		}
		s.CodeActivation = a
	}
	return s
}
