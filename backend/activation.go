package backend

import "fmt"

// Activation is an elementwise function y = s(a) of a layer's pre-activation a.
//
// Its first and second derivatives are functions of one saved value v: the
// pre-activation a where SavesPre is true, the output y otherwise.
//
//	           s(a)                       s'                    s''                  v
//	identity   a                          1                     0                    y
//	relu       max(0, a)                  [y > 0]               0                    y
//	leaky-relu a > 0 ? a : 0.01 a         y > 0 ? 1 : 0.01      0                    y
//	elu        a > 0 ? a : e^a - 1        y > 0 ? 1 : y + 1     y > 0 ? 0 : y + 1    y
//	gelu       a Phi(a)                   Phi(a) + a phi(a)     (2 - a^2) phi(a)     a
//	silu       a g                        g (1 + a (1 - g))     g(1-g)(2 + a(1-2g))  a
//	softplus   log(1 + e^a)               1 - e^-y              e^-y (1 - e^-y)      y
//	sigmoid    g = 1 / (1 + e^-a)         y (1 - y)             y (1 - y)(1 - 2y)    y
//	tanh       tanh(a)                    1 - y^2               -2 y (1 - y^2)       y
//
// ReLU at a pre-activation of exactly 0 has two one-sided derivatives, and each is
// right where forward and backward pass are of one compiled step: a device may keep
// x >= 0 of its own there instead of y, as the mask of a GPU's product is. Wherever
// it sees no more than y = 0 the derivative is 0. And ReLU as the end of a product
// ([Linear]) may make 0 of NaN; [Activate] keeps NaN.
//
// g is the logistic function, Phi and phi the standard normal distribution and
// density. Sources: ELU, Clevert et al. 2016; GELU (exact, with erf), Hendrycks
// and Gimpel 2016; SiLU, Elfwing et al. 2018.
type Activation uint8

// The activations.
const (
	Identity Activation = iota
	ReLU
	LeakyReLU
	ELU
	GELU
	SiLU
	Softplus
	Sigmoid
	Tanh
	numActivations
)

// LeakySlope is the slope of leaky-relu below zero.
const LeakySlope = 0.01

var activationNames = [numActivations]string{
	"identity", "relu", "leaky-relu", "elu", "gelu", "silu", "softplus", "sigmoid", "tanh",
}

// Activations lists every activation.
func Activations() []Activation {
	all := make([]Activation, numActivations)
	for i := range all {
		all[i] = Activation(i)
	}
	return all
}

// String is the activation's name, as in a config.
func (a Activation) String() string {
	if a < numActivations {
		return activationNames[a]
	}
	return fmt.Sprintf("activation(%d)", uint8(a))
}

// SavesPre reports whether the derivatives are functions of the pre-activation
// rather than of the output.
func (a Activation) SavesPre() bool { return a == GELU || a == SiLU }

// ParseActivation is the activation of that name; the error lists the names.
func ParseActivation(name string) (Activation, error) {
	return parse[Activation]("activation", name, activationNames[:])
}

// MarshalText is the activation's name.
func (a Activation) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads an activation's name.
func (a *Activation) UnmarshalText(text []byte) (err error) {
	*a, err = ParseActivation(string(text))
	return err
}
