package data

import (
	"cmp"
	"encoding/csv"
	"io"
	"math"
	"strconv"
)

// csvWriter writes a header and the rows: the names of rows first, then the values as Row gives them, or in full where
// they are float64, categories by the names of their levels and missing cells empty, and last the class names as a column
// "label". Numbers are the shortest that read back as the same float32 or float64.
type csvWriter struct {
	out    *csv.Writer
	fields []string
}

func newCSVWriter(w io.Writer, comma rune) *csvWriter {
	out := csv.NewWriter(w)
	out.Comma = comma
	return &csvWriter{out: out}
}

func (c *csvWriter) begin(s *Set, _ int) error {
	if s.IDs != nil {
		c.fields = append(c.fields, ownName(s.IDName))
	}
	c.fields = append(c.fields, headerOf(s)...)
	if s.Labels != nil {
		c.fields = append(c.fields, cmp.Or(ownName(s.LabelName), "label"))
	}
	return c.out.Write(c.fields)
}

func (c *csvWriter) part(s *Set) error {
	first := 0
	if s.IDs != nil {
		first = 1
	}
	for i := range s.Rows {
		if s.IDs != nil {
			c.fields[0] = s.IDs[i]
		}
		for j := range s.Cols {
			c.fields[first+j] = s.text(i, j)
		}
		if s.Labels != nil {
			c.fields[first+s.Cols] = s.Classes[s.Labels[i]]
		}
		if err := c.out.Write(c.fields); err != nil {
			return err
		}
	}
	return nil
}

func (c *csvWriter) end() error {
	c.out.Flush()
	return c.out.Error()
}

// headerOf returns the names of the columns, x0, x1 and so on where they have none.
func headerOf(s *Set) []string {
	names := make([]string, s.Cols)
	for j := range names {
		names[j] = blankName(j)
	}
	if haveNames(s.Columns) {
		for j, c := range s.Columns {
			names[j] = c.Name
		}
	}
	return names
}

// text returns the cell of row i and column j as a table shows it.
func (s *Set) text(i, j int) string {
	v := s.value(i*s.Cols + j)
	switch {
	case v != v:
		return ""
	case s.Columns != nil && s.Columns[j].Levels != nil:
		return s.Columns[j].Levels[int(v)]
	case s.Columns != nil && s.Columns[j].Kind == Date:
		return dateText(v)
	case s.F64 != nil:
		return plainNumber(v, 64)
	}
	return plainNumber(v, 32)
}

// plainNumber is the shortest text that reads back as the number, without an exponent where that is no longer than people
// read.
func plainNumber(v float64, bits int) string {
	if a := math.Abs(v); a >= 1e6 && a < 1e16 {
		return strconv.FormatFloat(v, 'f', -1, bits)
	}
	return strconv.FormatFloat(v, 'g', -1, bits)
}
