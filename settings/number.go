package settings

import (
	"errors"
	"fmt"
	"math"
	"strconv"
)

// Number is a count that may be left open, written as a whole number or "auto".
type Number int

// Auto is a number that a training finds out from its data.
const Auto Number = -1

// String returns the number, or "auto".
func (n Number) String() string {
	if n == Auto {
		return "auto"
	}
	return strconv.Itoa(int(n))
}

// MarshalText returns what String does.
func (n Number) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// MarshalYAML returns a number as YAML writes numbers, or "auto".
func (n Number) MarshalYAML() (any, error) {
	if n == Auto {
		return n.String(), nil
	}
	return int(n), nil
}

// UnmarshalText reads what String returns.
func (n *Number) UnmarshalText(text []byte) error {
	v, err := parseNumber(string(text))
	if err == nil {
		*n = v
	}
	return err
}

// parseNumber returns the number that text stands for.
func parseNumber(text string) (Number, error) {
	if text == Auto.String() {
		return Auto, nil
	}
	v, err := strconv.Atoi(text)
	if err == nil && v < 0 {
		return 0, fmt.Errorf("%d: expected 0 or more, or auto", v)
	}
	return Number(v), err
}

// wantNumber is what text may say.
const wantNumber = "a whole number, or auto"

// readOpen reads a number that may be left open. What is below 0 is refused as its field's bound says.
func readOpen(n *Number, field, text string) error {
	if v, err := strconv.Atoi(text); err == nil && v < 0 {
		for _, b := range (&Config{}).bounds() {
			if b.field == field {
				return wrong(field, "is %d: expected %s", v, b.want)
			}
		}
	}
	v, err := parseNumber(text)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return wrong(field, "is %q: expected a whole number up to %d, or auto", text, math.MaxInt)
	case err != nil:
		return wrong(field, "is %q: expected %s", text, wantNumber)
	}
	*n = v
	return nil
}
