package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// mostShown is how many columns are shown where not all are asked for.
const mostShown = 60

// infoWidth is how wide the lines for people are at most.
const infoWidth = 110

// write shows it to people.
func (d *dataInfo) write(out io.Writer, all bool) {
	fmt.Fprintln(out, oneLine(fmt.Errorf("%s", d.Data)))
	for _, name := range partNames {
		if p, ok := d.Parts[name]; ok && len(d.Parts) == 1 {
			fmt.Fprintf(out, "  %-10s  %s\n", "rows", p.text())
		} else if ok {
			fmt.Fprintf(out, "  %-10s  %s\n", name, p.text())
		}
	}
	if d.Names != "" {
		fmt.Fprintf(out, "  %-10s  %s\n", "ids", cut(d.Names, 60))
	}
	if d.Labels != "" {
		d.writeClasses(out)
	}
	writeList(out, "\nfound", d.without(d.Found))
	writeList(out, "\nsuspicious", d.without(d.Doubts))
	d.writeColumns(out, all)
}

// without are lines without the name that stands above them.
func (d *dataInfo) without(lines []string) []string {
	lines = slices.Clone(lines)
	for k, l := range lines {
		lines[k] = strings.TrimPrefix(l, d.Data+": ")
	}
	return lines
}

// text is a part in one line.
func (p infoPart) text() string {
	words := []string{fmt.Sprintf("%s of %d columns to train on", count(float64(p.Rows)), p.Columns)}
	if len(p.Shape) > 1 {
		words[0] = count(float64(p.Rows)) + " images of " + strings.Trim(strings.ReplaceAll(fmt.Sprint(p.Shape), " ", " x "), "[]")
	}
	words = append(words, p.Type+", "+rangeText(p.Min, p.Max))
	if p.Missing > 0 {
		words = append(words, "missing cells "+count(float64(p.Missing)))
	}
	if p.Groups > 0 {
		words = append(words, "groups "+count(float64(p.Groups)))
	}
	return strings.Join(words, ", ")
}

// mostClasses is how many classes are counted in a line.
const mostClasses = 20

// writeClasses shows how many rows of each part are of each class.
func (d *dataInfo) writeClasses(out io.Writer) {
	for _, p := range partNames {
		if _, ok := d.Parts[p]; !ok {
			continue
		}
		var words []string
		for _, c := range d.Classes {
			words = append(words, cut(oneLine(fmt.Errorf("%s", c.Name)), 20)+" "+count(float64(c.Rows[p])))
		}
		if n := len(words); n > mostClasses {
			words = append(words[:mostClasses], fmt.Sprintf("%d more", n-mostClasses))
		}
		title := "classes"
		if len(d.Parts) > 1 {
			title += " of " + p
		}
		for k, line := range wrap(fmt.Sprintf("%d: %s", len(d.Classes), strings.Join(words, ", ")), infoWidth-16) {
			if k > 0 {
				title = ""
			}
			fmt.Fprintf(out, "  %-10s  %s\n", title, line)
		}
	}
}

// writeList shows lines under a title.
func writeList(out io.Writer, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintln(out, title)
	for _, l := range lines {
		for k, part := range wrap(l, infoWidth-4) {
			indent := "  "
			if k > 0 {
				indent = "    "
			}
			fmt.Fprintln(out, indent+part)
		}
	}
}

// wrap breaks a text into lines of so many characters, at spaces where there are some.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// writeColumns shows a line a column, of many the first ones and those that are left out.
func (d *dataInfo) writeColumns(out io.Writer, all bool) {
	if len(d.Columns) == 0 {
		return
	}
	shown := d.Columns
	if !all && len(shown) > mostShown {
		shown = shown[:mostShown]
	}
	table := [][]string{{"#", "column", "kind", "range or texts", "missing", "distinct", ""}}
	for _, c := range shown {
		table = append(table, c.cells())
	}
	gaps := slices.ContainsFunc(d.Columns, func(c infoColumn) bool { return c.Missing > 0 })
	named := slices.ContainsFunc(d.Columns, func(c infoColumn) bool { return c.Name != "" })
	left := slices.ContainsFunc(shown, func(c infoColumn) bool { return c.Out != "" })
	if left {
		table[0][6] = "left out"
	}
	fmt.Fprintln(out, "\ncolumns")
	writeTable(out, table, func(k int) bool { return (k != 1 || named) && (k != 4 || gaps) })
	if n := len(d.Columns) - len(shown); n > 0 {
		fmt.Fprintf(out, "  and %d more columns (--all)\n", n)
	}
}

// cells are what is shown of a column.
func (c *infoColumn) cells() []string {
	values := ""
	switch {
	case c.Texts != nil:
		values = oneLine(fmt.Errorf("%s", c.LevelsText(38)))
	case c.Min != nil:
		values = rangeText(*c.Min, *c.Max)
	}
	distinct := count(float64(c.Distinct))
	if c.AtLeast {
		distinct += "+"
	}
	return []string{strconv.Itoa(c.Number), cut(oneLine(fmt.Errorf("%s", c.Name)), 24), c.Kind, cut(values, 44), count(float64(c.Missing)), distinct, cut(oneLine(fmt.Errorf("%s", briefly(c.Out))), 28)}
}

// briefly is the reason for leaving a column out, without what to do about it.
func briefly(reason string) string {
	for _, end := range []string{", --", ": --", "; --", ","} {
		reason, _, _ = strings.Cut(reason, end)
	}
	return reason
}

// cut shortens a text that is longer than so many characters.
func cut(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-3]) + "..."
}

// rangeText is two numbers, short, but as long as it takes to tell them apart.
func rangeText(lo, hi float64) string {
	a, b := shortNumber(lo), shortNumber(hi)
	if a == b && lo != hi {
		a, b = strconv.FormatFloat(lo, 'g', -1, 64), strconv.FormatFloat(hi, 'g', -1, 64)
		if lo == math.Trunc(lo) && hi == math.Trunc(hi) && math.Abs(hi) < 1e18 {
			a, b = strconv.FormatFloat(lo, 'f', 0, 64), strconv.FormatFloat(hi, 'f', 0, 64)
		}
	}
	if lo == hi {
		return a
	}
	return a + " to " + b
}

// shortNumber is a number in four digits, whole ones up to eight in full.
func shortNumber(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e8 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// writeTable aligns columns, those that show says; numbers stand right.
func writeTable(out io.Writer, table [][]string, show func(k int) bool) {
	widths := make([]int, len(table[0]))
	for _, row := range table {
		for k, cell := range row {
			widths[k] = max(widths[k], utf8.RuneCountInString(cell))
		}
	}
	right := []int{0, 4, 5}
	for _, row := range table {
		line := " "
		for k, cell := range row {
			if !show(k) || widths[k] == 0 {
				continue
			}
			pad := strings.Repeat(" ", widths[k]-utf8.RuneCountInString(cell))
			if slices.Contains(right, k) {
				line += " " + pad + cell + " "
			} else {
				line += " " + cell + pad + " "
			}
		}
		fmt.Fprintln(out, strings.TrimRight(line, " "))
	}
}
