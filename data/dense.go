//go:build !notensor

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

// FromDense returns a copy of an array of float32, float64 or uint8 (grey bytes) as a set, in the order of its indices
// however it is stored: transposed, column-major or a part of another. The first dimension counts rows, the others make a
// row; rows of two dimensions are kept as images. float64 becomes float32 unless that would blur a column. A shape
// without values, another type, or a value that is not finite as a float32 is an [*Error].
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
	var err error
	switch d.Dtype() {
	case tensor.Float32:
		s.F32, err = denseValues[float32](d, plain)
	case tensor.Float64:
		var values []float64
		if values, err = denseValues[float64](d, plain); err == nil {
			s.keep(values)
		}
	case tensor.Byte:
		s.U8, err = denseValues[uint8](d, plain)
	default:
		return nil, wrong(name, "values of type %v: expected float32, float64 or uint8", d.Dtype())
	}
	if err != nil {
		return nil, err
	}
	return s, s.checkFinite(name)
}

// denseValues copies the values of d, which holds type T, in row-major order of their indices.
func denseValues[T float32 | float64 | uint8](d *tensor.Dense, plain bool) ([]T, error) {
	shape := d.Shape()
	out := make([]T, shape.TotalSize())
	if back, ok := d.Data().([]T); ok && plain && len(back) == len(out) {
		copy(out, back)
		return out, nil
	}
	at := make([]int, shape.Dims())
	for i := range out {
		v, err := d.At(at...)
		if err != nil {
			return nil, wrong("tensor", "value %v: %v: expected an array that can be read", at, err)
		}
		out[i] = v.(T)
		for k := len(at) - 1; k >= 0; k-- {
			if at[k]++; at[k] < shape[k] {
				break
			}
			at[k] = 0
		}
	}
	return out, nil
}
