package settings

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aegpu/aegpu/model"
)

// Code is the kind of code, as [model.ParseCode] reads it. The zero value stands for
// a deterministic one.
type Code struct{ model.Code }

// Kind returns the code.
func (c Code) Kind() model.Code {
	if c.Code == nil {
		return model.Deterministic{}
	}
	return c.Code
}

// String returns the code's text.
func (c Code) String() string { return c.Kind().String() }

// MarshalText returns what String does.
func (c Code) MarshalText() ([]byte, error) { return c.Kind().MarshalText() }

// UnmarshalText reads what String returns.
func (c *Code) UnmarshalText(text []byte) error {
	v, err := model.ParseCode(string(text))
	if err == nil {
		c.Code = v
	}
	return err
}

// Corruptions are the damage to the input: one, or one a layer of a net that is
// pretrained. They are written as [model.Corruption] is, separated by commas. nil is auto: none, but of rows with missing
// cells under likelihoods by column, where cells that are there are hidden too.
type Corruptions []model.Corruption

// maxCorruptions is one a layer.
const maxCorruptions = maxLayers + 1

// Of returns the corruption of a layer's input.
func (c Corruptions) Of(layer int) model.Corruption {
	if len(c) == 0 {
		return model.Corruption{}
	}
	return c[min(layer, len(c)-1)]
}

// AutoCorruption is the text of a corruption that is left to the data.
const AutoCorruption = "auto"

// Auto reports whether the corruption is left to the data.
func (c Corruptions) Auto() bool { return c == nil }

// String returns the corruptions' texts, "none" where there are none, "auto" where it is left to the data.
func (c Corruptions) String() string {
	switch {
	case c.Auto():
		return AutoCorruption
	case len(c) == 0:
		return "none"
	}
	words := make([]string, len(c))
	for i, one := range c {
		words[i] = one.String()
	}
	return strings.Join(words, ",")
}

// MarshalText returns what String does.
func (c Corruptions) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what String returns.
func (c *Corruptions) UnmarshalText(text []byte) error {
	if string(text) == AutoCorruption {
		*c = nil
		return nil
	}
	all := Corruptions{}
	if n := 1 + strings.Count(string(text), ","); n > maxCorruptions {
		return fmt.Errorf("%d corruptions: expected %d at most", n, maxCorruptions)
	}
	for part := range strings.SplitSeq(string(text), ",") {
		var one model.Corruption
		if err := one.UnmarshalText([]byte(strings.TrimSpace(part))); err != nil {
			return err
		}
		all = append(all, one)
	}
	if len(all) == 1 && all[0].None() {
		all = Corruptions{}
	}
	*c = all
	return nil
}

// Sparsity is what keeps codes sparse: a penalty on them, or a kind of code that is
// sparse by itself. The zero value is none.
type Sparsity struct {
	Penalty model.Penalty
	Code    model.Code
}

// String returns the text of the penalty or the code, "none" where there is neither.
func (s Sparsity) String() string {
	switch {
	case s.Penalty != nil:
		return s.Penalty.String()
	case s.Code != nil:
		return s.Code.String()
	}
	return "none"
}

// MarshalText returns what String does.
func (s Sparsity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what String returns.
func (s *Sparsity) UnmarshalText(text []byte) error {
	if string(text) == "none" {
		*s = Sparsity{}
		return nil
	}
	p, bad := model.ParsePenalty(model.SparsitySetting, string(text))
	if bad == nil {
		*s = Sparsity{Penalty: p}
		return nil
	}
	code, err := model.ParseCode(string(text))
	switch {
	case err == nil && !code.Drawn() && !unbound(code):
		*s = Sparsity{Code: code}
		return nil
	case err != nil && !errors.Is(err, model.ErrUnknown):
		return err
	case errors.Is(bad, model.ErrUnknown):
		return fmt.Errorf("%w, a code that is sparse by itself as in topk:25, or none", bad)
	}
	return bad
}

// unbound reports whether a code has no constraint of its own: it is the encoder's
// output itself.
func unbound(c model.Code) bool { return (&model.Spec{Code: c}).HasJacobian() }

// Contraction is a penalty on the encoder's Jacobian, as [model.ParsePenalty] reads
// it. The zero value is none.
type Contraction struct{ model.Penalty }

// String returns the penalty's text, "none" where there is none.
func (c Contraction) String() string {
	if c.Penalty == nil {
		return "none"
	}
	return c.Penalty.String()
}

// MarshalText returns what String does.
func (c Contraction) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what String returns.
func (c *Contraction) UnmarshalText(text []byte) error {
	if string(text) == "none" {
		*c = Contraction{}
		return nil
	}
	p, err := model.ParsePenalty(model.ContractionSetting, string(text))
	if err == nil {
		c.Penalty = p
	}
	return err
}
