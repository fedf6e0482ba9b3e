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
)

var scalingNames = []string{ScaleAuto: "auto", ScaleNone: "none", ScaleMinMax: "minmax", ScaleStandard: "standard"}

// String returns the scaling's name: auto, none, minmax or standard.
func (s Scaling) String() string {
	if int(s) < len(scalingNames) {
		return scalingNames[s]
	}
	return fmt.Sprintf("Scaling(%d)", uint8(s))
}

// MarshalText returns the scaling's name; a number that is no scaling is an [*Error].
func (s Scaling) MarshalText() ([]byte, error) { return enumText(scalingNames, int(s), "scaling") }

// UnmarshalText reads a scaling by its name; an unknown one is an [*Error].
func (s *Scaling) UnmarshalText(text []byte) error {
	at := slices.Index(scalingNames, string(text))
	if at < 0 {
		return &Error{Msg: fmt.Sprintf("unknown scaling %q: expected auto, none, minmax or standard", text)}
	}
	*s = Scaling(at)
	return nil
}
