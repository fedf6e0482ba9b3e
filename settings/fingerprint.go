package settings

import (
	"fmt"
	"strings"
)

// Fingerprint is the sha256 of a data set, as data.Fingerprint returns it; "" where none is known.
type Fingerprint string

// MarshalText returns the digits.
func (f Fingerprint) MarshalText() ([]byte, error) { return []byte(f), nil }

// UnmarshalText reads 64 hexadecimal digits, or none.
func (f *Fingerprint) UnmarshalText(text []byte) error {
	got := Fingerprint(text)
	if err := got.check(); err != nil {
		return err
	}
	*f = got
	return nil
}

// check refuses what is no digest.
func (f Fingerprint) check() error {
	if f != "" && (len(f) != 64 || strings.Trim(string(f), "0123456789abcdef") != "") {
		return fmt.Errorf("%.80q: expected the 64 hexadecimal digits that a training wrote, or no such setting", string(f))
	}
	return nil
}
