package data

import (
	"fmt"
	"math"
)

// Validate says what is inconsistent in a set that was put together by hand, as an [*Error] about its Name; nil where
// nothing is. Sets made by this package need no check.
func (s *Set) Validate() error {
	if s.Rows < 0 || s.Cols < 0 {
		return wrong(s.Name, "%d rows of %d columns: neither may be negative", s.Rows, s.Cols)
	}
	n, have := product([]int{s.Rows, s.Cols}), len(s.U8)+len(s.F32)+len(s.F64)
	if s.under != nil { // which was looked at
		have = n
	}
	switch {
	case s.U8 != nil && s.F32 != nil || s.U8 != nil && s.F64 != nil || s.F32 != nil && s.F64 != nil:
		return wrong(s.Name, "more than one of U8, F32 and F64 is set: expected one of them")
	case have != n:
		return wrong(s.Name, "%d values: expected %d for %d rows of %d columns", have, n, s.Rows, s.Cols)
	case s.Height|s.Width|s.Channels != 0 && s.Height*s.Width*s.Channels != s.Cols:
		return wrong(s.Name, "%dx%dx%d images in %d columns", s.Height, s.Width, s.Channels, s.Cols)
	case !s.Layout.known():
		return wrong(s.Name, "unknown layout %q of images", clip(string(s.Layout)))
	case s.Labels != nil && len(s.Labels) != s.Rows:
		return wrong(s.Name, "%d labels: expected one for each of %d rows", len(s.Labels), s.Rows)
	case s.Conditions != nil && len(s.Conditions) != s.Rows:
		return wrong(s.Name, "%d levels of the condition: expected one for each of %d rows", len(s.Conditions), s.Rows)
	case s.IDs != nil && len(s.IDs) != s.Rows:
		return wrong(s.Name, "%d names of rows: expected one for each of %d rows", len(s.IDs), s.Rows)
	case s.Columns != nil && len(s.Columns) != s.Cols:
		return wrong(s.Name, "%d column names: expected %d", len(s.Columns), s.Cols)
	case s.IsBytes() && !allReal(s.Columns):
		return wrong(s.Name, "bytes with kinds of columns: expected F32 or F64, as bytes are grey values")
	}
	if t := s.Target; t != nil && (t.Rows != s.Rows || t.Target != nil) {
		return wrong(s.Name, "%d targets, or targets of their own: expected one for each of %d rows", t.Rows, s.Rows)
	} else if t != nil {
		if err := t.Validate(); err != nil {
			return err
		}
	}
	for i, l := range s.Labels {
		if l < 0 || int(l) >= len(s.Classes) {
			return &Error{Path: s.Name, Row: i + 1, Msg: "label outside the list of classes"}
		}
	}
	for i, l := range s.Conditions {
		if l < 0 || int(l) >= len(s.ConditionLevels) {
			return &Error{Path: s.Name, Row: i + 1, Msg: "level of the condition outside the list of levels"}
		}
	}
	for j, c := range s.Columns {
		if err := c.check(s.Name, j); err != nil {
			return err
		}
	}
	if err := s.checkFinite(s.Name); err != nil {
		return err
	}
	return s.checkKinds()
}

// checkFinite reports the first infinity, and the first NaN where cells may not be missing, by row and column, as an
// Error about path. So it does with a float64 beyond float32.
func (s *Set) checkFinite(path string) error {
	if s.knownFinite() {
		return nil
	}
	var first *Error
	s.walk(func(start int, block *Set) []func() {
		if first != nil {
			return nil
		}
		return []func(){func() {
			if first = block.partFinite(path); first != nil {
				first.Row += start
			}
		}}
	})
	if first != nil {
		return first
	}
	if f := s.facts(); f != nil && !s.Gaps {
		f.note(func() { f.finite = true })
	}
	return nil
}

func (s *Set) partFinite(path string) *Error {
	for i, v := range s.F32 {
		// x-x is 0 for every finite x and NaN for the rest: one subtraction and one compare an element.
		if d := v - v; d != 0 && !(s.Gaps && v != v) {
			return s.notFinite(path, i, float64(v))
		}
	}
	for i, v := range s.F64 {
		w := float32(v)
		if d := w - w; d != 0 && !(s.Gaps && v != v) {
			return s.notFinite(path, i, v)
		}
	}
	return nil
}

func (s *Set) notFinite(path string, i int, v float64) *Error {
	e := s.place(path, i)
	e.Msg = "NaN: expected a finite number"
	if !math.IsNaN(v) {
		e.Msg = "infinite, or too large for float32: expected a finite number"
	}
	return e
}

// place makes an Error without a message about value i of the set, counted row after row.
func (s *Set) place(path string, i int) *Error {
	e := &Error{Path: path, Row: i/s.Cols + 1, Column: i%s.Cols + 1}
	if s.Columns != nil {
		e.Field = s.Columns[i%s.Cols].Name
	}
	return e
}

// checkKinds reports the first value that its column's kind cannot have.
func (s *Set) checkKinds() error {
	for j, c := range s.Columns {
		if err := s.checkColumn(j, c); err != nil {
			return err
		}
	}
	return nil
}

// checkColumn reports the first value of column j that a column such as c cannot have.
func (s *Set) checkColumn(j int, c Column) error {
	if c.Kind == Real || s.seen {
		return nil
	}
	for i := j; i < s.Rows*s.Cols; i += s.Cols {
		if wants := c.wants(s.value(i)); wants != "" {
			e := s.place(s.Name, i)
			e.Msg = fmt.Sprintf("%g: %s", s.value(i), wants)
			return e
		}
	}
	return nil
}

// CheckGaps returns an [*Error] about the first missing cell, nil where there is none.
func (s *Set) CheckGaps() error {
	if !s.Gaps || s.seen {
		return nil
	}
	var first *Error
	cells, columns := 0, make(map[int]bool)
	for i := range s.Rows * s.Cols {
		if v := s.value(i); v != v {
			if first == nil {
				first = s.place(s.Name, i)
			}
			cells++
			columns[i%s.Cols] = true
		}
	}
	if first == nil {
		return nil
	}
	first.Msg = fmt.Sprintf("missing: expected a value; %d cells of %d columns are missing: fill them in, train with --missing mean, which has them take that of their column, or leave the columns out (--drop)", cells, len(columns))
	return first
}
