//go:build cuda

package gpu

import (
	"fmt"

	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
)

// asked is a product that cuBLASLt was asked for, and what came of it.
type asked struct {
	spec         cublaslt.Spec
	bias         int       // its alignment
	err          error     // that it was refused with
	candidates   int       // algorithms that were proposed
	chosen       int       // which of them it takes
	algorithm    [8]uint64 // that is, as the library has it
	microseconds []float64 // of every one, where they were measured
}

// product is what it is called in files of algorithms.
func (a *asked) product() string { return fmt.Sprintf("%+v bias aligned to %d", a.spec, a.bias) }
