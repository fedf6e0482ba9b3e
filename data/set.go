package data

import (
	"math"
	"slices"
)

// Set is rows of examples as they are stored, with optional integer class labels.
//
// A Set is not copied by the functions that only look at it; treat one that has been handed on as read-only.
type Set struct {
	Name       string
	Rows, Cols int

	// Height, Width and Channels are the shape of one row as an image, channel last, Height*Width*Channels = Cols;
	// all zero where the rows are not known to be images.
	Height, Width, Channels int

	// One of U8 and F32 is set, Rows x Cols, row after row. A byte v of U8 means the grey value v/255.
	U8  []uint8
	F32 []float32

	Labels  []int32  // Rows class labels, each an index into Classes; nil when there are none
	Classes []string // class names by label; nil when unlabelled
	Columns []string // Cols names of the feature columns, nil where they have none
}

// Row writes row i to dst (Cols values), bytes as v/255 rounded to the nearest float32.
func (s *Set) Row(dst []float32, i int) {
	lo, hi := i*s.Cols, (i+1)*s.Cols
	if s.U8 == nil {
		copy(dst, s.F32[lo:hi])
		return
	}
	dst = dst[:s.Cols]
	for j, v := range s.U8[lo:hi] {
		dst[j] = float32(v) / 255
	}
}

// Head returns the first n rows, or all where there are fewer. It shares the memory of s.
func (s *Set) Head(n int) *Set {
	n = min(max(n, 0), s.Rows)
	h := *s
	h.Rows = n
	if s.U8 != nil {
		h.U8 = s.U8[: n*s.Cols : n*s.Cols]
	} else {
		h.F32 = s.F32[: n*s.Cols : n*s.Cols]
	}
	if s.Labels != nil {
		h.Labels = s.Labels[:n:n]
	}
	return &h
}

// Subset returns a copy of the rows named by idx, in idx's order; a row may be named more than once.
func (s *Set) Subset(idx []int) *Set {
	t := *s
	t.Rows = len(idx)
	if s.U8 != nil {
		t.U8 = pick(s.U8, s.Cols, idx)
	} else {
		t.F32 = pick(s.F32, s.Cols, idx)
	}
	if s.Labels != nil {
		t.Labels = pick(s.Labels, 1, idx)
	}
	return &t
}

// pick copies the rows idx of src, each cols wide.
func pick[T any](src []T, cols int, idx []int) []T {
	dst := make([]T, len(idx)*cols)
	for k, i := range idx {
		copy(dst[k*cols:(k+1)*cols], src[i*cols:(i+1)*cols])
	}
	return dst
}

// Range returns the smallest and the largest value of the set as Row gives them; (0, 0) for a set without values.
func (s *Set) Range() (lo, hi float32) {
	switch {
	case len(s.U8) > 0:
		return float32(slices.Min(s.U8)) / 255, float32(slices.Max(s.U8)) / 255
	case len(s.F32) > 0:
		return slices.Min(s.F32), slices.Max(s.F32)
	}
	return 0, 0
}

// Validate says what is inconsistent in a set that was put together by hand, as an [*Error] about its Name; nil where
// nothing is. Sets made by this package need no check.
func (s *Set) Validate() error {
	n := s.Rows * s.Cols
	switch {
	case s.Rows < 0 || s.Cols < 0:
		return wrong(s.Name, "%d rows of %d columns: neither may be negative", s.Rows, s.Cols)
	case s.U8 != nil && s.F32 != nil:
		return wrong(s.Name, "both U8 and F32 are set: expected one of them")
	case len(s.U8)+len(s.F32) != n:
		return wrong(s.Name, "%d values: expected %d for %d rows of %d columns", len(s.U8)+len(s.F32), n, s.Rows, s.Cols)
	case s.Height|s.Width|s.Channels != 0 && s.Height*s.Width*s.Channels != s.Cols:
		return wrong(s.Name, "%dx%dx%d images in %d columns", s.Height, s.Width, s.Channels, s.Cols)
	case s.Labels != nil && len(s.Labels) != s.Rows:
		return wrong(s.Name, "%d labels: expected one for each of %d rows", len(s.Labels), s.Rows)
	case s.Columns != nil && len(s.Columns) != s.Cols:
		return wrong(s.Name, "%d column names: expected %d", len(s.Columns), s.Cols)
	}
	for i, l := range s.Labels {
		if l < 0 || int(l) >= len(s.Classes) {
			return &Error{Path: s.Name, Row: i + 1, Msg: "label outside the list of classes"}
		}
	}
	return s.checkFinite(s.Name)
}

// checkFinite reports the first NaN or infinity, by row and column, as an Error about path.
func (s *Set) checkFinite(path string) error {
	for i, v := range s.F32 {
		// x-x is 0 for every finite x and NaN for the rest: one subtraction and one compare an element.
		if d := v - v; d != 0 {
			e := &Error{Path: path, Row: i/s.Cols + 1, Column: i%s.Cols + 1}
			if s.Columns != nil {
				e.Field = s.Columns[i%s.Cols]
			}
			e.Msg = "NaN: expected a finite number"
			if math.IsInf(float64(v), 0) {
				e.Msg = "infinite, or too large for float32: expected a finite number"
			}
			return e
		}
	}
	return nil
}

// setGeometry reads dims, the shape of one row, as an image: height x width, or height x width x channels with a
// number of channels that pictures have. Any other shape leaves the set flat.
func (s *Set) setGeometry(dims []int) {
	switch {
	case len(dims) == 2:
		s.Height, s.Width, s.Channels = dims[0], dims[1], 1
	case len(dims) == 3 && (dims[2] == 1 || dims[2] == 3 || dims[2] == 4):
		s.Height, s.Width, s.Channels = dims[0], dims[1], dims[2]
	}
}

// shape is the dimensions under which the rows are written: rows x columns, or the images' own.
func (s *Set) shape() []int {
	switch {
	case s.Channels > 1:
		return []int{s.Rows, s.Height, s.Width, s.Channels}
	case s.Channels == 1:
		return []int{s.Rows, s.Height, s.Width}
	}
	return []int{s.Rows, s.Cols}
}
