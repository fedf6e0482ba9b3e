package settings

import "github.com/aegpu/aegpu/backend"

// Optimizer is an update rule by name; the zero value is the preset's.
type Optimizer uint8

// The update rules, as [backend.OptimiserKind] has them.
const (
	SGD       = Optimizer(backend.SGD) + 1 + iota
	HeavyBall // SGD with momentum
	Nesterov
	Adam
	AdamW
	LAMB
)

// Kind returns the update rule; that of the zero value is SGD.
func (o Optimizer) Kind() backend.OptimiserKind {
	if o == 0 {
		return backend.SGD
	}
	return backend.OptimiserKind(o - 1)
}

// String returns the rule's name.
func (o Optimizer) String() string { return o.Kind().String() }

// MarshalText returns what String does.
func (o Optimizer) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads what String returns.
func (o *Optimizer) UnmarshalText(text []byte) error {
	kind, err := backend.ParseOptimiser(string(text))
	if err == nil {
		*o = Optimizer(kind) + 1
	}
	return err
}
