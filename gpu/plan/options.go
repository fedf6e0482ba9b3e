package plan

import "github.com/aegpu/aegpu/backend"

// Precision is what the operands of matrix products are rounded to.
type Precision = backend.Precision

// The precisions.
const (
	FP32 = backend.FP32
	TF32 = backend.TF32
	BF16 = backend.BF16
)

// Options are what a plan depends on beside the list.
type Options struct {
	Precision Precision
	// Step says that the list is a whole step that is launched again and again, with
	// nothing between its operations. Otherwise nothing is known of what comes after.
	Step bool
	// OneStream has everything on one stream.
	OneStream bool
	// Ranks says that the device has others to add up with; without it a sum over the ranks is nothing.
	Ranks bool
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
