package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
)

// Term is a named mean over examples, in nats or squared units.
type Term struct {
	Name  string
	Value float64
}

// Figure is a named number that a part tells of a model, with what it means.
type Figure struct {
	Name  string
	Value float64
	Note  string
}

// Names of the terms that are no part's, and of what is measured beside them.
const (
	LossTerm           = "loss"               // all terms with their weights
	ReconstructionTerm = "reconstruction"     // a classifier's cross-entropy; minus the bound where that is importance-weighted
	AccuracyTerm       = "accuracy"           // share of examples that the classifier gets right
	SSETerm            = "sse"                // squared error summed over an example's elements
	StandardisedTerm   = "standardised_error" // squared error of a row, columns in units of their variance in the training rows
	ActiveUnitsTerm    = "active_units"       // units of a drawn code whose means vary by more than .01 over the examples (Burda et al. 2016)
)

// Terms are those of a loss, the loss itself first. As JSON they are one object, in
// that order.
type Terms []Term

// Get returns the term of that name, NaN where there is none.
func (t Terms) Get(name string) float64 {
	for _, one := range t {
		if one.Name == name {
			return one.Value
		}
	}
	return math.NaN()
}

// Loss returns the loss.
func (t Terms) Loss() float64 { return t.Get(LossTerm) }

// MarshalJSON returns one object of numbers; a term that is not finite is null.
func (t Terms) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i, one := range t {
		b.WriteByte("{,"[min(i, 1)])
		name, err := json.Marshal(one.Name)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		v := []byte("null")
		if one.Value-one.Value == 0 {
			if v, err = json.Marshal(one.Value); err != nil {
				return nil, err
			}
		}
		b.Write(v)
	}
	if len(t) == 0 {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (t *Terms) UnmarshalJSON(text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return fmt.Errorf("terms of a loss: expected an object of numbers, found %s", text)
	}
	*t = Terms{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		v, err := dec.Token()
		if err != nil {
			return err
		}
		one := Term{Name: name.(string), Value: math.NaN()} // a decoder gives an object's names as strings
		switch v := v.(type) {
		case float64:
			one.Value = v
		case nil:
		default:
			return fmt.Errorf("term %s of a loss is %v: expected a number", one.Name, v)
		}
		*t = append(*t, one)
	}
	return nil
}
