package plan

import (
	"fmt"
	"slices"

	"github.com/aegpu/aegpu/backend"
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

// String is the precision's name, as of --precision.
func (p Precision) String() string { return precisionNames[p] }

// ParsePrecision is the precision of that name; the error lists the names.
func ParsePrecision(name string) (Precision, error) {
	if i := slices.Index(precisionNames, name); i >= 0 {
		return Precision(i), nil
	}
	return 0, fmt.Errorf("unknown precision %q: expected one of %v", name, precisionNames)
}

// Options are what a plan depends on beside the list.
type Options struct {
	Precision Precision
	// Step says that the list is a whole step that is launched again and again, with
	// nothing between its operations. Otherwise nothing is known of what comes after.
	Step bool
	// OneStream has everything on one stream.
	OneStream bool
	// SMs is the number of the device's multiprocessors, which sizes grids.
	SMs int
	// Refused reports whether the library has no such product; nil refuses none. A
	// product with the plain epilogue to float32 is never asked about.
	Refused func(Product) bool
	// OnHost reports whether a data set stays in the host's memory; nil where none does.
	OnHost func(backend.Memory) bool
}

// DefaultSMs is the multiprocessors of an H100, for plans without a device.
const DefaultSMs = 132
