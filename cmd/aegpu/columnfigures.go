package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/eval"
	"github.com/aegpu/aegpu/report"
)

// mostColumns is how many columns people are shown.
const mostColumns = 20

// columnFigures are the columns of a summary for people: all in their order, or those that are explained worst first.
func columnFigures(s *eval.Summary, model string) *report.Columns {
	if len(s.Columns) == 0 {
		return nil
	}
	c := &report.Columns{Model: model, More: max(len(s.Columns)-mostColumns, 0)}
	order := make([]int, len(s.Columns))
	for j := range order {
		order[j] = j
	}
	if c.More > 0 {
		slices.SortStableFunc(order, func(a, b int) int {
			return worse(&s.Columns[a], &s.Columns[b])
		})
		order = order[:mostColumns]
	}
	beside := s.PCA != nil && s.PCA.Columns != nil
	if beside {
		c.Baseline = fmt.Sprintf("PCA-%d", s.PCA.Components)
	}
	for _, j := range order {
		f := &s.Columns[j]
		line := report.Column{Name: cut(shownLine(f.Name), 40), Kind: f.Kind.String(), Explained: f.Explained, Ordinary: f.Ordinary, Baseline: math.NaN(), Error: errorText(f)}
		if f.NLL == f.NLL {
			line.Loss = fourDigits(f.NLL)
		}
		if beside {
			line.Baseline = s.PCA.Columns[j].Explained
			line.BaselineError = errorText(&s.PCA.Columns[j])
		}
		c.Rows = append(c.Rows, line)
	}
	return c
}

// worse puts what is explained worse first, in ordinary rows where that is known, and what cannot be explained last.
func worse(a, b *eval.ColumnFigure) int {
	value := func(f *eval.ColumnFigure) (v float64, known int) {
		if v = f.Ordinary; v != v {
			v = f.Explained
		}
		if v != v {
			return 0, 0
		}
		return v, 1
	}
	va, ka := value(a)
	vb, kb := value(b)
	if c := cmp.Compare(kb, ka); c != 0 {
		return c
	}
	return cmp.Compare(va, vb)
}

// errorText is the error of a column in its own units.
func errorText(f *eval.ColumnFigure) string {
	switch {
	case f.Error != f.Error:
		return ""
	case f.Wrong():
		return fmt.Sprintf("%.1f %% wrong", 100*f.Error)
	case f.Kind == data.Date:
		return fourDigits(f.Error) + " days"
	}
	return fourDigits(f.Error)
}

// fourDigits is an error of four digits, written out where it is not too long.
func fourDigits(v float64) string {
	if v >= 1000 && v < 1e8 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// writeColumns prints the table of columns.
func writeColumns(out io.Writer, c *report.Columns) {
	if c == nil {
		return
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, line := range append([][]string{c.Head()}, c.Lines()...) {
		fmt.Fprintf(w, "  %s\n", strings.Join(line, "\t"))
	}
	w.Flush()
	if more := c.MoreText(); more != "" {
		fmt.Fprintf(out, "  %s\n", more)
	}
}
