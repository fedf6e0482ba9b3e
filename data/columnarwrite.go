package data

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// typedColumn is a column of a file that keeps types, and where its cells come from.
type typedColumn struct {
	name   string
	kind   typedKind
	column int // of the set; -1 for names of rows and labels
	gaps   bool
	levels []string // of typedLevels
	codes  []int64  // of typedCode: by label
}

type typedKind uint8

const (
	typedFloat  typedKind = iota // float32
	typedDouble                  // float64
	typedCount                   // int64
	typedBool
	typedLevels // a text of few
	typedDate   // microseconds since 1970
	typedID     // a text
	typedCode   // an int64 for a label
)

// typedColumns are the columns of a set in the order in which they are written: names of rows, inputs, labels.
func typedColumns(s *Set) ([]typedColumn, error) {
	var all []typedColumn
	if s.IDs != nil {
		all = append(all, typedColumn{name: cmp.Or(ownName(s.IDName), "id"), kind: typedID, column: -1})
	}
	for j := range s.Cols {
		c := typedColumn{name: blankName(j), kind: typedFloat, column: j, gaps: s.Gaps}
		if s.F64 != nil {
			c.kind = typedDouble
		}
		if s.Columns != nil {
			c.describe(s.Columns[j])
		}
		all = append(all, c)
	}
	if s.Labels != nil {
		c := typedColumn{name: cmp.Or(ownName(s.LabelName), "label"), kind: typedLevels, column: -1, levels: s.Classes}
		if c.codes = wholeCodes(s.Classes); c.codes != nil {
			c.kind = typedCode
		}
		all = append(all, c)
	}
	seen := map[string]bool{}
	for _, c := range all {
		if seen[c.name] {
			return nil, &Error{Msg: fmt.Sprintf("two columns named %q: expected another name for each, as columns are found by them", clip(c.name))}
		}
		seen[c.name] = true
	}
	return all, nil
}

// blankName is what a file that names every column calls the j-th of a set where it has no name.
func blankName(j int) string { return "x" + strconv.Itoa(j) }

// describe takes the name and kind of a set's column.
func (c *typedColumn) describe(d Column) {
	c.name = cmp.Or(d.Name, c.name)
	switch {
	case d.Kind == YesNo && (d.Levels == nil || slices.Equal(d.Levels, []string{"false", "true"})):
		c.kind = typedBool
	case d.Levels != nil:
		c.kind, c.levels = typedLevels, d.Levels
	case d.Kind == Count:
		c.kind = typedCount
	case d.Kind == Date:
		c.kind = typedDate
	}
}

// wholeCodes are class names as numbers, nil where one is none that reads back as it was.
func wholeCodes(classes []string) []int64 {
	codes := make([]int64, len(classes))
	for k, name := range classes {
		v, err := strconv.ParseInt(name, 10, 64)
		if err != nil || strconv.FormatInt(v, 10) != name {
			return nil
		}
		codes[k] = v
	}
	return codes
}

// whole is the cell of a count, a date or a label as an int64, or what is wrong with it.
func (c *typedColumn) whole(s *Set, i int) (int64, error) {
	if c.kind == typedCode {
		return c.codes[s.Labels[i]], nil
	}
	v := s.value(i*s.Cols + c.column)
	if c.kind == typedDate {
		v = math.Round(v * secondsADay * 1e6)
	}
	if !(math.Abs(v) < 1<<63) {
		return 0, &Error{Row: i + 1, Column: c.column + 1, Field: c.name, Msg: fmt.Sprintf("%g: expected a number that a whole number of 64 bits holds", v)}
	}
	return int64(v), nil
}

// missing says whether a cell is.
func (c *typedColumn) missing(s *Set, i int) bool {
	if !c.gaps {
		return false
	}
	v := s.value(i*s.Cols + c.column)
	return v != v
}

// level is the number of a cell's text among the levels.
func (c *typedColumn) level(s *Set, i int) int {
	if c.column < 0 {
		return int(s.Labels[i])
	}
	return int(s.value(i*s.Cols + c.column))
}
