package settings

import (
	"fmt"
	"math"
	"strings"
)

// Momentum is that of the update rules momentum and nesterov: a number, or with
// Sutskever the schedule of Sutskever et al. 2013,
// min(1 - 2^(-1 - log2(floor(t/250) + 1)), Value), and 0.9 for the last 1,000 steps.
// It is written as the number, or as sutskever:MAX.
type Momentum struct {
	Value     float32
	Sutskever bool
}

// At returns the momentum at step t (from 0) of n.
func (m Momentum) At(t, n int) float64 {
	top := float64(m.Value)
	switch {
	case !m.Sutskever:
		return top
	case n > 1000 && t >= n-1000:
		return math.Min(0.9, top)
	}
	return math.Min(1-math.Pow(2, -1-math.Log2(float64(t/250+1))), top)
}

// String returns the momentum as it is written.
func (m Momentum) String() string {
	if m.Sutskever {
		return "sutskever:" + short(m.Value)
	}
	return short(m.Value)
}

// MarshalText returns what String does.
func (m Momentum) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what String returns.
func (m *Momentum) UnmarshalText(text []byte) error {
	name, rest, scheduled := strings.Cut(string(text), ":")
	switch {
	case !scheduled:
		rest = string(text)
	case name != "sutskever":
		return fmt.Errorf("unknown momentum %q: expected a number or sutskever:MAX", text)
	}
	v, err := number(rest)
	if err != nil {
		return err
	}
	got := Momentum{Value: v, Sutskever: scheduled}
	if err := got.check(); err != nil {
		return err
	}
	*m = got
	return nil
}

// check refuses momentum that does not die out.
func (m Momentum) check() error {
	if !(m.Value >= 0 && m.Value < 1) {
		return fmt.Errorf("%v: expected 0 or more and below 1", m)
	}
	return nil
}
