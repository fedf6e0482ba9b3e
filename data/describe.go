package data

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// ColumnReport is what was found out about a column of a table or an array.
type ColumnReport struct {
	Name     string  `json:"name,omitempty"`
	Number   int     `json:"number"` // from 1
	Kind     string  `json:"kind"`   // real, count, yes/no, category, date, text, id, label, group, condition, or not read
	Out      string  `json:"left_out,omitempty"`
	Missing  int     `json:"missing"`
	Distinct int     `json:"distinct"`
	AtLeast  bool    `json:"at_least,omitempty"` // there may be more than Distinct
	Min      float64 `json:"min"`                // of numbers
	Max      float64 `json:"max"`
	Texts    []Level `json:"texts,omitempty"` // of texts: the most frequent ones; the first and the last of dates
}

// Level is a text of a column and how many rows have it.
type Level struct {
	Text string `json:"text"`
	Rows int    `json:"rows"`
}

// HasRange says whether the column is of numbers, of Min to Max.
func (c *ColumnReport) HasRange() bool { return c.Texts == nil && c.Distinct > 0 }

// mostDistinct is up to how many different numbers a report counts.
const mostDistinct = 10000

// mostLevelsShown is how many texts of a column a report has at most.
const mostLevelsShown = 20

// describe reports on every column.
func (f *frame) describe(plans []columnPlan, r *roles) []ColumnReport {
	stats := f.stats()
	reports := make([]ColumnReport, len(plans))
	for j, p := range plans {
		c := ColumnReport{Number: j + 1, Kind: p.Kind.String(), Out: strings.ReplaceAll(p.out, "COLUMN", f.title(j))}
		if f.named {
			c.Name = f.fields[j].name
		}
		switch {
		case f.fields[j].texts != nil:
			f.describeTexts(&c, j)
		case f.fields[j].at >= 0:
			s := stats[f.fields[j].at]
			c.Missing, c.Distinct = s.missing, f.differ(f.fields[j].at, mostDistinct)
			c.AtLeast = c.Distinct == mostDistinct
			if s.there(f.rows) > 0 {
				c.Min, c.Max = s.lo, s.hi
			}
		default:
			c.Kind = "not read"
		}
		switch j {
		case r.id:
			c.Kind = "id"
		case r.label:
			c.Kind = "label"
		case r.group:
			c.Kind = "group"
		case r.condition:
			c.Kind = "condition"
		}
		reports[j] = c
	}
	return reports
}

// describeTexts reports on a column of texts.
func (f *frame) describeTexts(c *ColumnReport, j int) {
	t := f.fields[j].texts
	levels := make([]Level, len(t.levels))
	for k, text := range t.levels {
		levels[k].Text = text
	}
	for _, code := range t.codes {
		levels[code].Rows++
	}
	levels = slices.DeleteFunc(levels, func(l Level) bool {
		if isMissing(l.Text) {
			c.Missing += l.Rows
		}
		return isMissing(l.Text) || l.Rows == 0
	})
	c.Distinct, c.AtLeast = len(levels), t.many
	form, dates := dateForm(presentLevels(t))
	switch {
	case dates:
		c.Kind = Date.String()
		slices.SortFunc(levels, func(a, b Level) int {
			return cmp.Compare(days(form, a.Text), days(form, b.Text))
		})
		if n := len(levels); n > 2 {
			levels = []Level{levels[0], levels[n-1]}
		}
	case !t.many:
		slices.SortStableFunc(levels, func(a, b Level) int { return b.Rows - a.Rows })
	}
	if c.Out != "" && c.Kind == Real.String() {
		c.Kind = "text"
	}
	for k := range levels {
		levels[k].Text = clip(levels[k].Text)
	}
	c.Texts = levels[:min(len(levels), mostLevelsShown)]
}

// LevelsText lists the texts of a column, with how many rows have each where they come again, in so many characters at most.
func (c *ColumnReport) LevelsText(most int) string {
	if c.Texts == nil {
		return ""
	}
	if c.Kind == Date.String() && len(c.Texts) == 2 {
		return c.Texts[0].Text + " to " + c.Texts[1].Text
	}
	text := ""
	for k, l := range c.Texts {
		word := fmt.Sprintf("%q", l.Text)
		if l.Rows > 1 {
			word += fmt.Sprintf(" %d", l.Rows)
		}
		if k > 0 {
			word = ", " + word
		}
		more := k+1 < c.Distinct
		if k > 0 && (len(text)+len(word) > most || more && len(text)+len(word)+len(", ...") > most) {
			return text + ", ..."
		}
		text += word
	}
	if len(c.Texts) < c.Distinct {
		text += ", ..."
	}
	return text
}
