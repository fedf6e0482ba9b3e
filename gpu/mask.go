//go:build cuda

package gpu

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
)

// The backward pass of ReLU costs no launch: the forward product leaves one bit
// an element, set where y > 0, and the product of LinearBackInput applies it as
// its epilogue.

// maskLD is the leading dimension of the bits of y: its columns, rounded up as
// cuBLASLt wants.
func maskLD(y backend.Tensor) int { return ceil(y.Cols, cublaslt.AuxAlign) * cublaslt.AuxAlign }

// newMask is room for the bits of y.
func (d *Device) newMask(y backend.Tensor) (*derived, error) {
	return d.derive(positive, y, y.Rows*maskLD(y)/8)
}

// maskOf is the bits of y, nil unless they are fresh.
func (d *Device) maskOf(y backend.Tensor) *derived {
	if m := d.lookup(positive, y); d.fresh(m) {
		return m
	}
	return nil
}
