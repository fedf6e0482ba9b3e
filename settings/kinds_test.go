package settings

import (
	"testing"

	"github.com/aegpu/aegpu/backend"
)

// The constants stand for the seam's kinds of the same name.
func TestConstantsAreTheSeams(t *testing.T) {
	for mine, want := range map[Activation]backend.Activation{
		0: backend.Identity, Identity: backend.Identity, ReLU: backend.ReLU, LeakyReLU: backend.LeakyReLU, ELU: backend.ELU, GELU: backend.GELU,
		SiLU: backend.SiLU, Softplus: backend.Softplus, Sigmoid: backend.Sigmoid, Tanh: backend.Tanh,
	} {
		if mine.Kind() != want || mine.String() != want.String() {
			t.Errorf("%d is %v, want %v", mine, mine.Kind(), want)
		}
	}
	for mine, want := range map[Optimizer]backend.OptimiserKind{
		0: backend.SGD, SGD: backend.SGD, HeavyBall: backend.Momentum, Nesterov: backend.Nesterov, Adam: backend.Adam, AdamW: backend.AdamW, LAMB: backend.LAMB,
	} {
		if mine.Kind() != want || mine.String() != want.String() {
			t.Errorf("%d is %v, want %v", mine, mine.Kind(), want)
		}
	}
}
