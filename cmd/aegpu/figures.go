package main

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/aegpu/aegpu/eval"
)

// row is a line of the table of figures: a name, the model's and PCA's value.
type row struct{ Name, Value, Baseline, Note string }

// figures are a summary's lines. What has no note is about another figure.
func figures(s *eval.Summary) []row {
	var rows []row
	for _, f := range s.Figures {
		if f.Note == "" {
			continue
		}
		r := row{Name: f.Name, Value: number(f.Value), Note: f.Note}
		if s.PCA != nil {
			r.Baseline = number(s.PCA.Get(f.Name))
		}
		rows = append(rows, r)
	}
	return rows
}

// number is a figure for people, "" where there is none.
func number(v float64) string {
	if v != v {
		return ""
	}
	return strconv.FormatFloat(v, 'g', 5, 64)
}

// writeFigures prints the table of a summary.
func writeFigures(out io.Writer, model, part string, s *eval.Summary) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	head := fmt.Sprintf("%s figures, %d examples\t%s", part, s.Examples, model)
	if s.PCA != nil {
		head += fmt.Sprintf("\tPCA-%d", s.PCA.Components)
	}
	fmt.Fprintln(w, head)
	for _, r := range figures(s) {
		fmt.Fprintf(w, "  %s\t%s", r.Name, r.Value)
		if s.PCA != nil {
			fmt.Fprintf(w, "\t%s", r.Baseline)
		}
		fmt.Fprintf(w, "\t%s\n", r.Note)
	}
	w.Flush()
	writeColumns(out, columnFigures(s, model))
}
