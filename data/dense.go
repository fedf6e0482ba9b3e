package data

import (
	"gorgonia.org/tensor"
)

// Dense returns a copy of the rows as a Rows x Cols array of float32, bytes as v/255.
func (s *Set) Dense() *tensor.Dense {
	back := make([]float32, s.Rows*s.Cols)
	for i := range s.Rows {
		s.Row(back[i*s.Cols:(i+1)*s.Cols], i)
	}
	return tensor.New(tensor.WithShape(s.Rows, s.Cols), tensor.WithBacking(back))
}

// FromDense returns a copy of an array of float32, float64 or uint8 (grey bytes) as a set. The first dimension counts
// rows, the others make a row; rows of two dimensions are kept as images. A shape without values, another type, or a
// value that is not a finite float32 is an [*Error].
func FromDense(d *tensor.Dense) (*Set, error) {
	const name = "tensor"
	shape := d.Shape()
	if shape.Dims() == 0 || shape.TotalSize() == 0 {
		return nil, wrong(name, "shape %v holds no rows: expected rows x columns", []int(shape))
	}
	s := &Set{Name: name, Rows: shape[0], Cols: shape.TotalSize() / shape[0]}
	s.setGeometry(shape[1:])
	// Views and column-major arrays store their values in another order than that of their indices.
	plain := !d.RequiresIterator() && !d.DataOrder().IsColMajor()
	switch d.Dtype() {
	case tensor.Float32:
		s.F32 = denseValues[float32, float32](d, plain)
	case tensor.Float64:
		s.keep(denseValues[float64, float64](d, plain))
	case tensor.Byte:
		s.U8 = denseValues[uint8, uint8](d, plain)
	default:
		return nil, wrong(name, "values of type %v: expected float32, float64 or uint8", d.Dtype())
	}
	return s, s.checkFinite(name)
}

// denseValues copies the values of d, which holds type From, in row-major order of their indices.
func denseValues[From, To float32 | float64 | uint8](d *tensor.Dense, plain bool) []To {
	shape := d.Shape()
	out := make([]To, shape.TotalSize())
	if back, ok := d.Data().([]From); ok && plain {
		for i := range out {
			out[i] = To(back[i])
		}
		return out
	}
	at := make([]int, shape.Dims())
	for i := range out {
		v, err := d.At(at...)
		if err == nil {
			out[i] = To(v.(From))
		}
		for k := len(at) - 1; k >= 0; k-- {
			if at[k]++; at[k] < shape[k] {
				break
			}
			at[k] = 0
		}
	}
	return out
}
