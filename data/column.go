package data

import (
	"fmt"
	"slices"
	"strings"
)

// Column says what the values of one column of a [Set] mean.
type Column struct {
	Name string `json:"name,omitempty"`
	Kind Kind   `json:"kind,omitempty"`

	// Levels are the names of a category's values: the value 2 means Levels[2]. Yes/no may have two, for no and yes; other
	// kinds have none.
	Levels []string `json:"levels,omitempty"`

	// Form is how the dates of texts were written, as the package time lays it out, so that later tables are read the same
	// way: 05/04/2024 alone does not say whether its day or its month is first. "" where it is not known.
	Form string `json:"form,omitempty"`

	// Other says that a category's last level, "(other)", stands for all texts that are none of its levels. Pooled are those
	// of them that were there when a preparation was fitted, too few to be levels of their own.
	Other  bool     `json:"other,omitempty"`
	Pooled []string `json:"pooled,omitempty"`

	events bool // a count by the look of its own numbers among columns that are none
}

// Kind is what the numbers of a column are.
type Kind uint8

// The kinds of columns. The zero value is Real.
const (
	Real     Kind = iota // any number
	Count                // whole numbers from 0 on
	YesNo                // 0 for no, 1 for yes
	Category             // an index into the column's Levels
	Date                 // days since 1970-01-01
)

var kindNames = []string{Real: "real", Count: "count", YesNo: "yes/no", Category: "category", Date: "date"}

// String returns the kind's name: real, count, yes/no, category or date.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// MarshalText returns the kind's name; a number that is no kind is an [*Error].
func (k Kind) MarshalText() ([]byte, error) { return enumText(kindNames, int(k), "kind of column") }

// UnmarshalText reads a kind by its name; an unknown one is an [*Error].
func (k *Kind) UnmarshalText(text []byte) error {
	at := slices.Index(kindNames, string(text))
	if at < 0 {
		return &Error{Msg: fmt.Sprintf("unknown kind of column %q: expected %s", text, strings.Join(kindNames, ", "))}
	}
	*k = Kind(at)
	return nil
}

// enumText returns the name of a setting's value.
func enumText(names []string, at int, what string) ([]byte, error) {
	if at >= len(names) {
		return nil, &Error{Msg: fmt.Sprintf("unknown %s %d: expected 0 to %d", what, at, len(names)-1)}
	}
	return []byte(names[at]), nil
}

// check says what is wrong with the description of column j (from 0) of path; nil where nothing is.
func (c Column) check(path string, j int) error {
	e := &Error{Path: path, Column: j + 1, Field: c.Name}
	switch {
	case int(c.Kind) >= len(kindNames):
		e.Msg = fmt.Sprintf("unknown kind of column %d: expected 0 to %d", c.Kind, len(kindNames)-1)
	case c.Kind == YesNo && len(c.Levels) != 0 && len(c.Levels) != 2:
		e.Msg = fmt.Sprintf("%d levels: expected two, for no and yes, or none", len(c.Levels))
	case c.Kind != Category && c.Kind != YesNo && len(c.Levels) > 0:
		e.Msg = fmt.Sprintf("%d levels: expected none for a column of kind %s", len(c.Levels), c.Kind)
	case c.Kind != Date && c.Form != "":
		e.Msg = fmt.Sprintf("a form of dates: expected none for a column of kind %s", c.Kind)
	case c.Kind == Category && len(c.Levels) == 0:
		e.Msg = "a category without levels: expected one or more"
	case c.Other && (c.Kind != Category || c.Levels[len(c.Levels)-1] != otherLevel):
		e.Msg = fmt.Sprintf("a level for other texts: expected a category whose last level is %q", otherLevel)
	case len(c.Pooled) > 0 && !c.Other:
		e.Msg = fmt.Sprintf("%d texts that are pooled: expected none without a level for others", len(c.Pooled))
	default:
		seen := make(map[string]bool, len(c.Levels))
		for _, l := range c.Levels {
			if seen[l] {
				e.Msg = fmt.Sprintf("level %q twice: expected each once", clip(l))
				return e
			}
			seen[l] = true
		}
		return nil
	}
	return e
}

// wants says what a value of this column has to be where v is something else, "" where v is fine. A missing value is.
func (c Column) wants(v float64) string {
	whole := v == float64(int64(v))
	switch {
	case v != v:
		return ""
	case c.Kind == Count && !(v >= 0 && (whole || v >= 1<<53)):
		return "expected a count, a whole number from 0 on"
	case c.Kind == YesNo && v != 0 && v != 1:
		return "expected 0 (no) or 1 (yes)"
	case c.Kind == Category && !(v >= 0 && v < float64(len(c.Levels)) && whole):
		return fmt.Sprintf("expected the index of one of %d levels", len(c.Levels))
	}
	return ""
}

// columnsNamed returns real columns of these names, nil for nil.
func columnsNamed(names []string) []Column {
	if names == nil {
		return nil
	}
	columns := make([]Column, len(names))
	for j, n := range names {
		columns[j].Name = n
	}
	return columns
}

// namesOf returns the names of columns.
func namesOf(columns []Column) []string {
	names := make([]string, len(columns))
	for j, c := range columns {
		names[j] = c.Name
	}
	return names
}

// haveNames says whether any of the columns has a name.
func haveNames(columns []Column) bool {
	return slices.ContainsFunc(columns, func(c Column) bool { return c.Name != "" })
}

// allReal says whether every column is of kind Real, as it is where there are no columns.
func allReal(columns []Column) bool {
	return !slices.ContainsFunc(columns, func(c Column) bool { return c.Kind != Real })
}
