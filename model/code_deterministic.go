package model

// Deterministic is a code that is the encoder's output itself.
type Deterministic struct{ undrawn }

// String returns "deterministic".
func (Deterministic) String() string { return "deterministic" }

// MarshalText returns what String does.
func (c Deterministic) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// WithBound refuses samples and free bits.
func (c Deterministic) WithBound(samples int, freeBits float32) (Code, error) {
	return c.bound(c, samples, freeBits)
}

func (Deterministic) check(*Spec) error { return nil }
func (Deterministic) asIs() bool        { return true }

func (Deterministic) bind(g *graph) boundCode { return boundUndrawn{graph: g} }
