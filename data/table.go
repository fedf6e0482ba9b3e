package data

import (
	"fmt"
	"math"
	"slices"
)

// Values are one column of a table that a program has in memory: what [Numbers], [Counts], [YesNos], [Texts] and
// [RowIDs] return and [NewTable] takes.
type Values struct {
	column  Column
	numbers []float64
	texts   []string
	role    role
}

// role is what NewTable makes of a column.
type role uint8

const (
	ofNumbers role = iota
	ofTexts
	ofIDs
)

// Numbers is a column of real numbers; NaN is a missing one.
func Numbers(name string, values []float64) Values {
	return Values{column: Column{Name: name}, numbers: values}
}

// Counts is a column of whole numbers from 0 on; NaN is a missing one.
func Counts(name string, values []float64) Values {
	return Values{column: Column{Name: name, Kind: Count}, numbers: values}
}

// YesNos is a column of answers.
func YesNos(name string, values []bool) Values {
	numbers := make([]float64, len(values))
	for i, v := range values {
		if v {
			numbers[i] = 1
		}
	}
	return Values{column: Column{Name: name, Kind: YesNo}, numbers: numbers}
}

// Texts is a column of a category's names; an empty one is missing. The levels are those given, or the names in the
// order in which they first appear.
func Texts(name string, values []string, levels ...string) Values {
	return Values{column: Column{Name: name, Kind: Category, Levels: levels}, texts: values, role: ofTexts}
}

// RowIDs are the names of the rows, which no model sees.
func RowIDs(name string, ids []string) Values {
	return Values{column: Column{Name: name}, texts: ids, role: ofIDs}
}

// NewTable returns a copy of columns as a set: float32, or float64 where float32 would blur a column. Columns of
// different lengths, none with values, a text that is none of the levels given, a number that its column cannot have or
// that does not fit float32, and a second list of names of rows are an [*Error].
func NewTable(name string, columns ...Values) (*Set, error) {
	s := &Set{Name: name, Rows: -1}
	var features []Values
	for k, c := range columns {
		n := max(len(c.numbers), len(c.texts))
		if s.Rows >= 0 && n != s.Rows {
			return nil, &Error{Path: name, Column: k + 1, Field: c.column.Name,
				Msg: fmt.Sprintf("%d values: expected %d as in the columns before", n, s.Rows)}
		}
		s.Rows = n
		switch {
		case c.role != ofIDs:
			features = append(features, c)
		case s.IDs != nil:
			return nil, &Error{Path: name, Column: k + 1, Field: c.column.Name, Msg: "names of rows for a second time: expected them once"}
		default:
			s.IDs, s.IDName = append([]string{}, c.texts...), c.column.Name
		}
	}
	if s.Cols = len(features); s.Rows < 1 || s.Cols < 1 {
		return nil, wrong(name, "%d rows of %d columns: expected one or more of each", max(s.Rows, 0), s.Cols)
	}
	values := make([]float64, s.Rows*s.Cols)
	for j, f := range features {
		column, err := f.fill(s, values[j:], j)
		if err != nil {
			return nil, err
		}
		s.Columns = append(s.Columns, column)
	}
	s.keep(values)
	s.Gaps = slices.ContainsFunc(values, func(v float64) bool { return v != v })
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return s, nil
}

// fill writes the column's values to each Cols-th of dst and returns its description.
func (v Values) fill(s *Set, dst []float64, j int) (Column, error) {
	for i, x := range v.numbers {
		dst[i*s.Cols] = x
	}
	column := v.column
	column.Levels = slices.Clone(column.Levels)
	at := map[string]int{}
	for k, l := range column.Levels {
		at[l] = k
	}
	for i, text := range v.texts {
		k, ok := at[text]
		switch {
		case ok:
		case text == "":
			dst[i*s.Cols] = math.NaN()
			continue
		case v.column.Levels != nil:
			return column, &Error{Path: s.Name, Row: i + 1, Column: j + 1, Field: column.Name,
				Msg: fmt.Sprintf("level %q: expected one of %s", clip(text), Listed(column.Levels))}
		default:
			k = len(column.Levels)
			at[text], column.Levels = k, append(column.Levels, text)
		}
		dst[i*s.Cols] = float64(k)
	}
	return column, nil
}
