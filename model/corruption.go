package model

import (
	"fmt"
	"strings"

	"github.com/aegpu/aegpu/backend"
)

// Corruption is damage done to the input, drawn afresh at every step, with the
// clean input as target (Vincent et al. 2010). The zero value does none.
type Corruption struct {
	Kind      backend.CorruptionKind
	Level     float32
	Low, High float32 // what salt and pepper set; both 0 means 0 and 1
}

// None reports whether it is no damage.
func (c Corruption) None() bool { return c.Kind == backend.NoCorruption }

// String returns "none", or "KIND:LEVEL" and, where they are set, ":LOW:HIGH".
func (c Corruption) String() string {
	switch {
	case c.None():
		return "none"
	case c.Low != 0 || c.High != 0:
		return worded(c.Kind.String(), c.Level, c.Low, c.High)
	}
	return worded(c.Kind.String(), c.Level)
}

// MarshalText returns what String does.
func (c Corruption) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what String returns.
func (c *Corruption) UnmarshalText(text []byte) error {
	words := strings.Split(string(text), ":")
	kind, err := backend.ParseCorruption(words[0])
	if err != nil {
		return err
	}
	if kind == backend.NoCorruption {
		if len(words) > 1 {
			return fmt.Errorf("corruption %q: none has no level", text)
		}
		*c = Corruption{}
		return nil
	}
	if len(words) == 1 {
		return fmt.Errorf("corruption %q has no level: expected %s:LEVEL, as in %s:0.3", text, words[0], words[0])
	}
	var v [3]float32
	if len(words) != 2 && len(words) != 4 {
		return fmt.Errorf("corruption %q: expected %s:LEVEL or %s:LEVEL:LOW:HIGH", text, words[0], words[0])
	}
	for i, w := range words[1:] {
		if v[i], err = number(w); err != nil {
			return fmt.Errorf("corruption %q: %w", text, err)
		}
	}
	got := Corruption{Kind: kind, Level: v[0], Low: v[1], High: v[2]}
	if err := got.check(); err != nil {
		return err
	}
	*c = got
	return nil
}

// Batch returns the gathering of damaged rows at the clock's time, in the order of
// the data.
func (c Corruption) Batch(clock backend.Clock) backend.Batch {
	b := backend.Batch{Clock: clock, Corrupt: c.Kind, Level: c.Level, Low: c.Low, High: c.High}
	if b.Low == 0 && b.High == 0 {
		b.High = 1
	}
	return b
}

func (c Corruption) check() error {
	high := float32(1)
	switch c.Kind {
	default:
		return fmt.Errorf("unknown %v", c.Kind)
	case backend.Masking, backend.SaltAndPepper:
	case backend.NoCorruption:
		return nil
	case backend.GaussianNoise:
		high = 1e6
	}
	if !(c.Level >= 0 && c.Level <= high) {
		return fmt.Errorf("%v corruption of level %g: expected 0 to %g", c.Kind, c.Level, high)
	}
	return nil
}
