package model

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// Resident is rows on a device, as a model sees them.
type Resident struct {
	Rows    backend.Data // Inputs wide
	Targets backend.Data // what the decoder is to make of each, Targets wide, or Rows where it is the same; zero of a model that makes the input again
	Labels  backend.Data // class numbers, one wide; zero where there are none

	Conditions backend.Data // levels of the condition, one wide; zero of a model that has none
}

// Head returns the first n rows.
func (r Resident) Head(n int) Resident {
	return Resident{r.Rows.Head(n), headOf(r.Targets, n), headOf(r.Labels, n), headOf(r.Conditions, n)}
}

// headOf is the first rows of those that are there.
func headOf(d backend.Data, n int) backend.Data { return d.Head(min(n, d.Rows)) }

// Free gives the rows' memory back.
func (r Resident) Free() {
	for i, d := range []backend.Data{r.Rows, r.Targets, r.Labels, r.Conditions} {
		if d.Mem != nil && !(i == 1 && r.shared()) {
			d.Mem.Free()
		}
	}
}

// shared reports whether rows and targets are the same numbers in the same memory.
func (r Resident) shared() bool { return r.Targets.Mem != nil && r.Targets == r.Rows }

// labelled reports whether all rows have labels.
func (r Resident) labelled() bool { return r.Labels.Rows == r.Rows.Rows && r.Labels.Mem != nil }

// check refuses rows that do not fit a model of the spec.
func (r Resident) check(s *Spec) error {
	switch {
	case r.Rows.Cols != s.Inputs:
		return fmt.Errorf("data of %d columns does not fit a model of %d inputs", r.Rows.Cols, s.Inputs)
	case s.HasTargets() && (r.Targets.Cols != s.Targets || r.Targets.Rows != r.Rows.Rows):
		return fmt.Errorf("%d x %d targets for %d rows do not fit a model of %d", r.Targets.Rows, r.Targets.Cols, r.Rows.Rows, s.Targets)
	case s.HasCondition() && (r.Conditions.Cols != 1 || r.Conditions.Rows != r.Rows.Rows):
		return fmt.Errorf("%d x %d levels of the condition for %d rows: expected one for each", r.Conditions.Rows, r.Conditions.Cols, r.Rows.Rows)
	}
	return nil
}
