package backend

import (
	"fmt"
	"slices"
)

// Precision is what the operands of matrix products are rounded to. Parameters,
// sums and everything else are float32.
type Precision uint8

// The precisions.
const (
	FP32 Precision = iota
	TF32           // 10 bits of mantissa, on the tensor cores of compute capability 8.0 and newer
	BF16           // 7 bits of mantissa, likewise
)

var precisionNames = []string{"fp32", "tf32", "bf16"}

// String returns the precision's name.
func (p Precision) String() string { return named("precision", precisionNames, int(p)) }

// ParsePrecision returns the precision of that name.
func ParsePrecision(name string) (Precision, error) {
	if i := slices.Index(precisionNames, name); i >= 0 {
		return Precision(i), nil
	}
	return 0, fmt.Errorf("unknown precision %q: expected one of %v", name, precisionNames)
}

// OperandBytes returns the size of an element that a product reads.
func (p Precision) OperandBytes() int {
	if p == BF16 {
		return 2
	}
	return 4
}

// MarshalText returns the precision's name.
func (p Precision) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads a precision's name.
func (p *Precision) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePrecision(string(text))
	return err
}
