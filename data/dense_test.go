package data

import (
	"slices"
	"testing"

	"gorgonia.org/tensor"
)

// ramp returns 0, 1, 2 and so on as a slice of the type.
func ramp[T float32 | float64 | uint8](n int) []T {
	v := make([]T, n)
	for i := range v {
		v[i] = T(i)
	}
	return v
}

func turnedBy(t *testing.T, d *tensor.Dense, axes ...int) *tensor.Dense {
	t.Helper()
	if err := d.T(axes...); err != nil {
		t.Fatal(err)
	}
	return d
}

func moved(t *testing.T, d *tensor.Dense) *tensor.Dense {
	t.Helper()
	if err := d.Transpose(); err != nil {
		t.Fatal(err)
	}
	return d
}

func partOf(t *testing.T, d *tensor.Dense, s ...tensor.Slice) *tensor.Dense {
	t.Helper()
	v, err := d.Slice(s...)
	if err != nil {
		t.Fatal(err)
	}
	return v.(*tensor.Dense)
}

// layouts checks that FromDense reads arrays of type T in the order of their indices, however they are stored.
func layouts[T float32 | float64 | uint8](t *testing.T) {
	t.Helper()
	grid := func(shape ...int) *tensor.Dense {
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(ramp[T](tensor.Shape(shape).TotalSize())))
	}
	fortran := func() *tensor.Dense { return tensor.New(tensor.WithShape(3, 4), tensor.AsFortran(ramp[T](12))) }
	turned := func(d *tensor.Dense, axes ...int) *tensor.Dense { return turnedBy(t, d, axes...) }
	part := func(d *tensor.Dense, s ...tensor.Slice) *tensor.Dense { return partOf(t, d, s...) }
	for _, c := range []struct {
		name       string
		d          *tensor.Dense
		rows, cols int
		want       func(r, c int) int
	}{
		{name: "rows", d: grid(3, 4), rows: 3, cols: 4, want: func(r, c int) int { return 4*r + c }},
		{name: "transposed lazily", d: turned(grid(3, 4)), rows: 4, cols: 3, want: func(r, c int) int { return 4*c + r }},
		{name: "transposed", d: moved(t, turned(grid(3, 4))), rows: 4, cols: 3, want: func(r, c int) int { return 4*c + r }},
		{name: "one column", d: grid(4, 1), rows: 4, cols: 1, want: func(r, c int) int { return r }},
		{name: "one row turned", d: turned(grid(1, 4)), rows: 4, cols: 1, want: func(r, c int) int { return r }},
		{name: "one column turned", d: turned(grid(4, 1)), rows: 1, cols: 4, want: func(r, c int) int { return c }},
		{name: "column-major", d: fortran(), rows: 3, cols: 4, want: func(r, c int) int { return 4*r + c }},
		{name: "column-major turned", d: turned(fortran()), rows: 4, cols: 3, want: func(r, c int) int { return 4*c + r }},
		{name: "columns of column-major", d: part(fortran(), nil, tensor.S(1, 3)), rows: 3, cols: 2, want: func(r, c int) int { return 4*r + c + 1 }},
		{name: "rows of", d: part(grid(3, 4), tensor.S(1, 3)), rows: 2, cols: 4, want: func(r, c int) int { return 4*(r+1) + c }},
		{name: "columns of", d: part(grid(3, 4), nil, tensor.S(1, 3)), rows: 3, cols: 2, want: func(r, c int) int { return 4*r + c + 1 }},
		{name: "block of", d: part(grid(3, 4), tensor.S(1, 3), tensor.S(2, 4)), rows: 2, cols: 2, want: func(r, c int) int { return 4*(r+1) + c + 2 }},
		{name: "block turned", d: turned(part(grid(3, 4), tensor.S(0, 2), tensor.S(1, 4))), rows: 3, cols: 2, want: func(r, c int) int { return 4*c + r + 1 }},
		{name: "block of turned", d: part(turned(grid(3, 4)), tensor.S(1, 3), tensor.S(0, 2)), rows: 2, cols: 2, want: func(r, c int) int { return 4*c + r + 1 }},
		{name: "every second row", d: part(grid(6, 2), tensor.S(0, 6, 2)), rows: 3, cols: 2, want: func(r, c int) int { return 4*r + c }},
		{name: "a column", d: part(grid(3, 4), nil, tensor.S(2)), rows: 3, cols: 1, want: func(r, c int) int { return 4*r + 2 }},
		{name: "a row", d: part(grid(3, 4), tensor.S(1)), rows: 4, cols: 1, want: func(r, c int) int { return 4 + r }},
		{name: "images", d: grid(2, 3, 2), rows: 2, cols: 6, want: func(r, c int) int { return 6*r + c }},
		{name: "images turned", d: turned(grid(2, 3, 2), 0, 2, 1), rows: 2, cols: 6, want: func(r, c int) int { return 6*r + 2*(c%3) + c/3 }},
		{name: "images about", d: turned(grid(2, 3, 2), 2, 0, 1), rows: 2, cols: 6, want: func(r, c int) int { return 6*(c/3) + 2*(c%3) + r }},
		{name: "channels", d: turned(grid(2, 3, 4, 2), 0, 2, 3, 1), rows: 2, cols: 24, want: func(r, c int) int { return 24*r + 8*(c%3) + 2*(c/6) + c/3%2 }},
		{name: "crop", d: part(grid(2, 4, 4), nil, tensor.S(1, 3), tensor.S(1, 4)), rows: 2, cols: 6, want: func(r, c int) int { return 16*r + 4*(c/3+1) + c%3 + 1 }},
	} {
		s, err := FromDense(c.d)
		if err != nil || s.Rows != c.rows || s.Cols != c.cols || s.Validate() != nil {
			t.Errorf("%T %s: %+v, %v, want %d rows of %d", *new(T), c.name, s, err, c.rows, c.cols)
			continue
		}
		for i := range s.Rows * s.Cols {
			got, want := s.value(i), c.want(i/s.Cols, i%s.Cols)
			if s.U8 != nil {
				got = float64(s.U8[i])
			}
			if got != float64(want) {
				t.Errorf("%T %s: value %d is %v, want %v", *new(T), c.name, i, got, want)
				break
			}
		}
	}
}

func TestFromDenseKeepsTheOrderOfIndicesForEveryType(t *testing.T) {
	layouts[float32](t)
	layouts[float64](t)
	layouts[uint8](t)
}

func TestFromDenseKeepsWhatFloat32HasNot(t *testing.T) {
	for _, c := range []struct {
		values []float64
		wide   bool
	}{
		{[]float64{0.1, 0.2, 0.3, 0.7}, true},
		{[]float64{0.5, 3, -1e9, 0x1p-149}, false},
		{[]float64{1.7e12, 1.7e12 + 1, 1.7e12 + 2, 1.7e12 + 3}, true},
		{[]float64{1.7e12 + 1, 1.7e12 + 1, 1.7e12 + 1, 1.7e12 + 1}, true}, // another file may have other rows
		{[]float64{1e9, 1e9 + 1, 2e9, 0}, true},
		{[]float64{0, 1e-300, 2e-300, 3e-300}, true},
	} {
		s, err := FromDense(tensor.New(tensor.WithShape(4, 1), tensor.WithBacking(slices.Clone(c.values))))
		if err != nil {
			t.Fatal(err)
		}
		if (s.F64 != nil) != c.wide || (s.F32 != nil) == c.wide {
			t.Errorf("%v: float64 is %v, want %v", c.values, s.F64 != nil, c.wide)
		}
		if c.wide && !slices.Equal(s.F64, c.values) {
			t.Errorf("%v came back as %v", c.values, s.F64)
		}
	}
}
