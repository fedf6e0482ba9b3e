package data

import (
	"fmt"
	"slices"
	"strings"
)

// Match returns s as a set of this preparation: s itself where its columns are those that were fitted, by name or, where
// either has no names, by number; a copy with the columns in their order where they stand in another, with the levels
// of categories numbered as they were, and with images in the range of those that were fitted: bytes are 0 to 255 where
// these were such numbers, and numbers of 0 to 255 are v/255 where these were bytes.
//
// An [*Error] says what keeps s from being one: another number of columns, other names, a level that was not there
// (but where the last level stands for others), a value that its column cannot have, a missing cell where these are refused
// (else it takes what Fill says, or stays missing), images within [0,1] where they should reach up to 255, or what
// Validate finds.
func (p *Preparation) Match(s *Set) (*Set, error) {
	s, err := p.MatchGaps(s)
	if err != nil {
		return nil, err
	}
	if p.Fill != nil {
		return s.filled(p.Fill, p.Wide)
	}
	if p.keepsGaps || p.Missing == MissingMask {
		return s, nil
	}
	return s, s.CheckGaps()
}

// MatchGaps is Match that leaves missing cells as they are.
func (p *Preparation) MatchGaps(s *Set) (*Set, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	order, err := p.order(s)
	if err != nil {
		return nil, err
	}
	if s, err = p.inRange(s); err != nil {
		return nil, err
	}
	if err := p.checkImages(s); err != nil {
		return nil, err
	}
	if order != nil {
		if s, err = s.rearranged(order); err != nil {
			return nil, err
		}
		s.setImages(p.Images)
		if p.Images != nil && p.Images.Bytes { // v/255
			s.Black, s.White = 0, 0
		}
	}
	if s, err = p.translated(s); err != nil {
		return nil, err
	}
	if err := s.checkCounts(p.Counts); err != nil {
		return nil, err
	}
	return s, p.checkUnit(s)
}

// checkUnit refuses rows that are far from the [0,1] which the model was trained on as it is: what lies a little outside
// is clamped, but grey values of 0 to 255 would all be white.
func (p *Preparation) checkUnit(s *Set) error {
	if !p.Unit || p.Scaling != ScaleNone || s.seen {
		return nil
	}
	if lo, hi := p.rangeOf(s); lo < -1 || hi > 2 {
		return wrong(s.Name, "values within [%g, %g]: expected [0, 1], as in the data that the model was trained on", lo, hi)
	}
	return nil
}

// rangeOf is the range of the columns that are numbers, (0, 0) without any.
func (p *Preparation) rangeOf(s *Set) (lo, hi float32) {
	numbers := *s
	numbers.Columns = p.Columns
	return numbers.scaledRange()
}

// order finds the column of s for each of the preparation's, nil where they stand in the same order.
func (p *Preparation) order(s *Set) ([]int, error) {
	want, have := namesOf(p.Columns), namesOf(s.Columns)
	named := haveNames(s.Columns)
	if named {
		var err error
		if named, err = p.byName(s.Name, have); err != nil {
			return nil, err
		}
	}
	if s.Cols != p.Cols && !(named && p.rows != nil) { // codes may stand beside other columns
		if p.rows != nil {
			return nil, wrong(s.Name, "rows of %d numbers: expected codes of %d", s.Cols, p.Cols)
		}
		msg := fmt.Sprintf("%s has rows of %d numbers: expected %d, as the preparation was fitted to", s.Name, s.Cols, p.Cols)
		if named {
			msg += "; " + difference(want, have)
		}
		return nil, &Error{Msg: msg}
	}
	if !named || slices.Equal(want, have) {
		return nil, nil
	}
	at := make(map[string]int, len(have))
	for j, n := range have {
		at[n] = j
	}
	order := make([]int, 0, len(want))
	seen := make(map[int]bool, len(want))
	for _, n := range want {
		if j, ok := at[n]; ok && !seen[j] {
			order = append(order, j)
			seen[j] = true
		}
	}
	if len(order) != len(want) {
		return nil, wrong(s.Name, "other columns than the preparation was fitted to: %s", difference(want, have))
	}
	return order, nil
}

// difference lists the names that are wanted and not there and those that are there and not wanted. A name that is there
// more often than wanted is new.
func difference(want, have []string) string {
	left := map[string]int{}
	for _, n := range have {
		left[n]++
	}
	var missing, fresh []string
	for _, n := range want {
		if left[n]--; left[n] < 0 {
			missing = append(missing, n)
		}
	}
	for _, n := range have {
		if left[n] > 0 {
			fresh = append(fresh, n)
			left[n]--
		}
	}
	var parts []string
	if missing != nil {
		parts = append(parts, "missing "+Listed(missing))
	}
	if fresh != nil {
		parts = append(parts, "new "+Listed(fresh))
	}
	if parts == nil { // duplicates in another order
		return "some names stand for several columns, in another order"
	}
	return strings.Join(parts, ", ")
}

// Listed returns names, quoted, for a message of one line: the first few of many, each shortened.
func Listed(names []string) string {
	const most = 8
	var b strings.Builder
	for k, n := range names {
		if k == most {
			fmt.Fprintf(&b, " and %d more", len(names)-most)
			break
		}
		if k > 0 {
			b.WriteString(" ")
		}
		fmt.Fprintf(&b, "%q", clip(n))
	}
	return b.String()
}

// translated checks the columns' kinds against the preparation's and numbers levels as it does.
func (p *Preparation) translated(s *Set) (own *Set, err error) {
	own = s
	for j, c := range p.Columns {
		var has Column
		if s.Columns != nil {
			has = s.Columns[j]
		}
		switch {
		case c.Kind == Category && has.Kind == Category:
			if slices.Equal(c.Levels, has.Levels) || c.Other && slices.Equal(c.Levels[:min(len(c.Levels), len(has.Levels))], has.Levels) {
				continue // they have the same numbers
			}
			if own == s {
				if own, err = s.copied(); err != nil {
					return nil, err
				}
			}
			if err := renumber(own, s, j, c, has.Levels); err != nil {
				return nil, err
			}
		case c.Kind != has.Kind && (has.Kind == Category || c.Kind == Category && haveNames(s.Columns)):
			return nil, &Error{Path: s.Name, Column: j + 1, Field: has.Name,
				Msg: fmt.Sprintf("a column of kind %s: expected %s, as the preparation was fitted to", has.Kind, c.Kind)}
		case c.Kind == YesNo || c.Kind == Category: // of numbers, which have to be what the kind's are
			if err := s.checkColumn(j, c); err != nil {
				return nil, err
			}
		}
	}
	return own, nil
}

// copied returns a copy with values of its own, float64 or float32.
func (s *Set) copied() (*Set, error) {
	if !s.OnDisk() {
		t := s.Part(0, s.Rows)
		t.F32, t.F64, t.Columns = slices.Clone(s.F32), slices.Clone(s.F64), slices.Clone(s.Columns)
		return t, nil
	}
	t, err := s.rewritten(s.Cols, func(block *Set) *Set { return block })
	if err == nil {
		t.Columns = slices.Clone(s.Columns)
	}
	return t, err
}

// renumber changes column j of t, whose values index levels in s, to indices into the levels of c.
func renumber(t, s *Set, j int, c Column, levels []string) error {
	t.Columns[j].Levels, t.Columns[j].Other, t.Columns[j].Pooled = c.Levels, c.Other, c.Pooled
	to := c.numbersOf(levels) // -1 for a level that was not there
	for i := j; i < s.Rows*s.Cols; i += s.Cols {
		v := s.value(i)
		if v != v { // missing
			continue
		}
		k := int(v)
		if to[k] < 0 {
			e := s.place(s.Name, i)
			e.Msg = fmt.Sprintf("level %q was not there when the preparation was fitted: expected one of %s", clip(levels[k]), Listed(c.Levels))
			return e
		}
		if t.F64 != nil {
			t.F64[i] = float64(to[k])
		} else {
			t.F32[i] = float32(to[k])
		}
	}
	return nil
}
