package data

import (
	"fmt"
	"slices"
)

// Scaling is how numbers are brought to a common range before a model sees them.
type Scaling uint8

// The scalings. The zero value is ScaleAuto.
const (
	ScaleAuto     Scaling = iota // by the data and the likelihood, see [FitPreparation]
	ScaleNone                    // numbers stay as they are
	ScaleMinMax                  // each column's range becomes [0,1]
	ScaleStandard                // each column gets mean 0 and standard deviation 1
	ScaleRobust                  // each column gets median 0 and a spread of 1 by its quartiles, and what is far out is drawn in
)

var scalingNames = []string{ScaleAuto: "auto", ScaleNone: "none", ScaleMinMax: "minmax", ScaleStandard: "standard", ScaleRobust: "robust"}

// String returns the scaling's name: auto, none, minmax, standard or robust.
func (s Scaling) String() string {
	if int(s) < len(scalingNames) {
		return scalingNames[s]
	}
	return fmt.Sprintf("Scaling(%d)", uint8(s))
}

// centred says whether columns are scaled around their middle, by their spread.
func (s Scaling) centred() bool { return s == ScaleStandard || s == ScaleRobust }

// MarshalText returns the scaling's name; a number that is no scaling is an [*Error].
func (s Scaling) MarshalText() ([]byte, error) { return enumText(scalingNames, int(s), "scaling") }

// UnmarshalText reads a scaling by its name; an unknown one is an [*Error].
func (s *Scaling) UnmarshalText(text []byte) error {
	at := slices.Index(scalingNames, string(text))
	if at < 0 {
		return &Error{Msg: fmt.Sprintf("unknown scaling %q: expected auto, none, minmax, standard or robust", text)}
	}
	*s = Scaling(at)
	return nil
}
