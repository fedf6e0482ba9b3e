//go:build !notensor

package aegpu

import (
	"github.com/aegpu/aegpu/data"
	"gorgonia.org/tensor"
)

// FromDense returns a copy of an array of float32, float64 or uint8 (grey values) as a
// table; its first dimension counts rows. Views and transposed arrays are read in the
// order of their indices. Table.Dense is the way back.
func FromDense(x *tensor.Dense) (*Table, error) {
	if x == nil {
		return nil, &DataError{Path: "tensor", Msg: "nil: expected an array"}
	}
	return data.FromDense(x)
}
