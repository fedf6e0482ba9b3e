package data

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// labelColumns are the headers that make a column class labels, in any case. Where a table has several of them the
// first of this list is the label and the others are features: a table of points may well have a column y.
var labelColumns = []string{"label", "class", "target", "y"}

// openCSV reads a table of numbers whose fields are separated by comma.
func openCSV(ctx context.Context, path string, comma rune) (*Set, error) {
	var set *Set
	err := withFile(ctx, path, func(s *stream) (err error) {
		set, err = readCSV(s, comma)
		return err
	})
	if err != nil {
		return nil, err
	}
	return set, nil
}

// table is a CSV file while it is read.
type table struct {
	path   string
	csv    *csv.Reader
	header []string // nil where the first line is data
	width  int      // fields in a line
	label  int      // the field with the class, -1 where there is none
	values []float32
	names  []string // classes, line by line
	rows   int
}

// readCSV reads a whole table. The first line is a header unless all its fields are numbers.
func readCSV(s *stream, comma rune) (*Set, error) {
	in := bufio.NewReaderSize(s, 1<<16)
	if mark, _ := in.Peek(3); string(mark) == "\ufeff" {
		in.Discard(3)
	}
	t := &table{path: s.path, csv: csv.NewReader(in), label: -1}
	t.csv.Comma, t.csv.ReuseRecord, t.csv.LazyQuotes = comma, true, comma == '\t'
	for {
		fields, err := t.csv.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, t.failed(s, err)
		}
		if t.width == 0 && t.begin(fields) {
			continue
		}
		if err := t.add(fields); err != nil {
			return nil, err
		}
	}
	return t.set()
}

// begin looks at the first line and says whether it is a header.
func (t *table) begin(fields []string) (header bool) {
	t.width = len(fields)
	if !slices.ContainsFunc(fields, func(f string) bool { return !isNumber(f) }) {
		return false
	}
	t.header = make([]string, len(fields))
	for i, f := range fields {
		t.header[i] = strings.Clone(strings.TrimSpace(f))
	}
	for _, name := range labelColumns {
		t.label = slices.IndexFunc(t.header, func(h string) bool { return strings.EqualFold(h, name) })
		if t.label >= 0 {
			break
		}
	}
	return true
}

// add takes one line of data.
func (t *table) add(fields []string) error {
	for i, f := range fields {
		f = strings.TrimSpace(f)
		if i == t.label {
			if f == "" {
				return t.at(i, "empty: expected a class")
			}
			t.names = append(t.names, strings.Clone(f))
			continue
		}
		v, err := strconv.ParseFloat(f, 32)
		switch {
		case f == "":
			return t.at(i, "empty: expected a number")
		case errors.Is(err, strconv.ErrRange):
			return t.at(i, fmt.Sprintf("%q: expected a number that fits float32", clip(f)))
		case err != nil && len(fields) == 1 && strings.ContainsAny(f, ";\t|"):
			return t.at(i, fmt.Sprintf("expected a number, found %q: fields are separated by %q here", clip(f), t.csv.Comma))
		case err != nil:
			return t.at(i, fmt.Sprintf("expected a number, found %q (class names belong in a column named %s)", clip(f),
				strings.Join(labelColumns, ", ")))
		case math.IsNaN(v) || math.IsInf(v, 0):
			return t.at(i, fmt.Sprintf("expected a finite number, found %q", clip(f)))
		}
		t.values = append(t.values, float32(v))
	}
	t.rows++
	return nil
}

// at makes an Error about field i of the line last read.
func (t *table) at(i int, msg string) error {
	line, _ := t.csv.FieldPos(i)
	e := &Error{Path: t.path, Line: line, Column: i + 1, Msg: msg}
	if t.header != nil {
		e.Field = t.header[i]
	}
	return e
}

// failed turns the parser's complaint into an Error.
func (t *table) failed(s *stream, err error) error {
	var pe *csv.ParseError
	if !errors.As(err, &pe) {
		return s.failed(err)
	}
	if errors.Is(err, csv.ErrFieldCount) {
		line := pe.StartLine
		return &Error{Path: t.path, Line: line, Err: err, Msg: fmt.Sprintf("another number of fields: expected %d as in the first line", t.width)}
	}
	return &Error{Path: t.path, Line: pe.Line, Err: err, Msg: pe.Err.Error() + ": expected fields as in RFC 4180"}
}

// set is the finished table.
func (t *table) set() (*Set, error) {
	s := &Set{Name: t.path, Rows: t.rows, Cols: t.width, F32: t.values, Columns: t.header}
	if t.label >= 0 {
		s.Cols--
		s.Columns = slices.Delete(slices.Clone(t.header), t.label, t.label+1)
	}
	if s.Rows == 0 || s.Cols == 0 {
		return nil, wrong(t.path, "%d rows of %d numbers found: expected at least one of each", s.Rows, max(s.Cols, 0))
	}
	if t.label < 0 {
		return s, nil
	}
	var err error
	s.Labels, s.Classes, err = textLabels(t.path, t.names)
	return s, err
}

// isNumber says whether a field of the first line is data rather than a name.
func isNumber(f string) bool {
	_, err := strconv.ParseFloat(strings.TrimSpace(f), 64)
	return err == nil || errors.Is(err, strconv.ErrRange)
}

// clip shortens a field for a message of one line.
func clip(f string) string {
	if len(f) > 40 {
		return f[:40] + "..."
	}
	return f
}

// writeCSV writes a header, the rows as Row gives them, and the class names as a last column "label". Numbers are the
// shortest that read back as the same float32.
func writeCSV(w io.Writer, s *Set, comma rune) error {
	out := csv.NewWriter(w)
	out.Comma = comma
	fields := make([]string, s.Cols, s.Cols+1)
	for j := range fields {
		fields[j] = "x" + strconv.Itoa(j)
	}
	// Names that are all numbers would be read as data.
	if s.Columns != nil && (s.Labels != nil || slices.ContainsFunc(s.Columns, func(f string) bool { return !isNumber(f) })) {
		copy(fields, s.Columns)
	}
	if s.Labels != nil {
		fields = append(fields, "label")
	}
	out.Write(fields)
	row := make([]float32, s.Cols)
	for i := range s.Rows {
		s.Row(row, i)
		for j, v := range row {
			fields[j] = strconv.FormatFloat(float64(v), 'g', -1, 32)
		}
		if s.Labels != nil {
			fields[s.Cols] = s.Classes[s.Labels[i]]
		}
		if err := out.Write(fields); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
