package settings

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// Activation is an activation function by name; the zero value is the preset's.
type Activation uint8

// The activations, as [backend.Activation] has them.
const (
	Identity = Activation(backend.Identity) + 1 + iota
	ReLU
	LeakyReLU
	ELU
	GELU
	SiLU
	Softplus
	Sigmoid
	Tanh
)

// Kind returns the activation; that of the zero value is the identity.
func (a Activation) Kind() backend.Activation {
	if a == 0 {
		return backend.Identity
	}
	return backend.Activation(a - 1)
}

// String returns the activation's name.
func (a Activation) String() string {
	if int(a) > len(backend.Activations()) {
		return fmt.Sprintf("activation(%d)", uint8(a))
	}
	return a.Kind().String()
}

// MarshalText returns what String does.
func (a Activation) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what String returns.
func (a *Activation) UnmarshalText(text []byte) error {
	var kind backend.Activation
	err := kind.UnmarshalText(text)
	if err == nil {
		*a = Activation(kind) + 1
	}
	return err
}
