package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Columns is what a model makes of each column of a table, and a baseline beside it.
type Columns struct {
	Model, Baseline string // Baseline is "" without one
	Rows            []Column
	More            int // columns that are not shown, which are explained no worse
}

// Column is one of them. Shares of the variance that are not known are NaN.
type Column struct {
	Name, Kind                    string
	Explained, Ordinary, Baseline float64 // in all rows and in ordinary ones; the baseline's in all, NaN without one
	Error, BaselineError          string  // in the column's own units
	Loss                          string  // its part of the model's, in nats
}

// Head returns the headings of Lines.
func (c *Columns) Head() []string { return c.table()[0] }

// Lines returns the rows as text, without what no row has a figure for.
func (c *Columns) Lines() [][]string { return c.table()[1:] }

func (c *Columns) table() [][]string {
	all := [][]string{{"column", "kind", "explained variance", "of ordinary rows", c.Baseline, "error", c.Baseline + "'s error", "nats"}}
	for _, r := range c.Rows {
		all = append(all, []string{r.Name, r.Kind, shareText(r.Explained), shareText(r.Ordinary), shareText(r.Baseline), r.Error, r.BaselineError, r.Loss})
	}
	kept := make([][]string, len(all))
	for k := range all[0] {
		if !slices.ContainsFunc(all[1:], func(line []string) bool { return line[k] != "" }) {
			continue
		}
		for i, line := range all {
			kept[i] = append(kept[i], line[k])
		}
	}
	return kept
}

// MoreText says which columns are not shown, "" where all are.
func (c *Columns) MoreText() string {
	if c.More == 0 {
		return ""
	}
	return fmt.Sprintf("the worst %d of %d columns; --json has all", len(c.Rows), len(c.Rows)+c.More)
}

// shareText is a share of the variance of three decimals, "" where there is none.
func shareText(v float64) string {
	if v != v {
		return ""
	}
	if math.Abs(v) >= 1000 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

// Bar is the length of a share's bar in percent of the whole variance.
func (*Columns) Bar(share float64) float64 {
	if !(share > 0) {
		return 0
	}
	return math.Round(1000*min(share, 1)) / 10
}
