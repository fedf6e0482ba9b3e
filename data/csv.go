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
	header []string    // nil where the first line is data
	width  int         // fields in a line
	label  int         // the field with the class, -1 where there is none
	blocks [][]float64 // the numbers so far, whole lines in each: a list that never has to be copied to grow
	double bool        // a number is none of float32
	names  []string    // classes, line by line
	rows   int
}

// readCSV reads a whole table. The first line is a header unless all its fields are numbers.
func readCSV(s *stream, comma rune) (*Set, error) {
	in := bufio.NewReaderSize(&lines{r: s, path: s.path, comma: byte(comma)}, 1<<16)
	if mark, _ := in.Peek(3); string(mark) == "\ufeff" {
		in.Discard(3)
	}
	t := &table{path: s.path, csv: csv.NewReader(in), label: -1}
	t.csv.Comma, t.csv.ReuseRecord, t.csv.LazyQuotes = comma, true, comma == '\t'
	for asked := someBlocks; ; {
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
		if len(t.blocks) >= asked {
			asked = len(t.blocks) + someBlocks
			// What comes next, and the list that all are joined to in the end.
			if err := s.ask(8*blockValues*someBlocks+4*int64(asked)*blockValues, "numbers"); err != nil {
				return nil, err
			}
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

// blockValues is how many numbers a block of a table holds at most, where a line has no more.
const blockValues = 1 << 16

// someBlocks is how many blocks memory is asked for at a time.
const someBlocks = 16

// add takes one line of data.
func (t *table) add(fields []string) error {
	last := len(t.blocks) - 1
	if last < 0 || len(t.blocks[last])+len(fields) > blockValues {
		var block []float64
		if last >= 0 {
			block = make([]float64, 0, max(blockValues, len(fields)))
		}
		t.blocks, last = append(t.blocks, block), last+1
	}
	for i, f := range fields {
		f = strings.TrimSpace(f)
		if i == t.label {
			if f == "" {
				return t.at(i, "empty: expected a class")
			}
			t.names = append(t.names, strings.Clone(f))
			continue
		}
		v, err := parseNumber(f)
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
		t.double = t.double || !isSingle(v)
		t.blocks[last] = append(t.blocks[last], v)
	}
	t.rows++
	return nil
}

// parseNumber reads a number to float64. One that does not fit float32 is out of range.
func parseNumber(f string) (float64, error) {
	v, err := strconv.ParseFloat(f, 64)
	if err != nil {
		return v, err
	}
	if w := float32(v); math.IsInf(float64(w), 0) && !math.IsInf(v, 0) {
		return v, strconv.ErrRange
	}
	// A decimal beside the middle of two float32 may round to the middle first and then to the wrong side. Where that
	// can be (float32 drops the lower 29 bits, and more below its normal range), v is moved to the side of the decimal.
	if math.Float64bits(v)&(1<<29-1) == 1<<28 || math.Abs(v) < 0x1p-126 && v != 0 {
		if w, err := strconv.ParseFloat(f, 32); err == nil && float32(v) != float32(w) {
			v = math.Nextafter(v, w)
		}
	}
	return v, nil
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
	s := &Set{Name: t.path, Rows: t.rows, Cols: t.width}
	names := t.header
	if t.label >= 0 {
		s.Cols--
		names = slices.Delete(slices.Clone(t.header), t.label, t.label+1)
	}
	s.Columns = columnsNamed(names)
	if s.Rows == 0 || s.Cols == 0 {
		return nil, wrong(t.path, "%d rows of %d numbers found: expected at least one of each", s.Rows, max(s.Cols, 0))
	}
	if !t.double {
		s.F32 = joined[float32](t.blocks, s.Rows*s.Cols)
	} else {
		s.F64 = joined[float64](t.blocks, s.Rows*s.Cols)
	}
	if t.label < 0 {
		return s, nil
	}
	var err error
	s.Labels, s.Classes, err = textLabels(t.path, t.names)
	return s, err
}

// joined copies the n numbers of the blocks into one list and lets go of each block as it goes.
func joined[T float32 | float64](blocks [][]float64, n int) []T {
	out := make([]T, 0, n)
	for k, block := range blocks {
		for _, v := range block {
			out = append(out, T(v))
		}
		blocks[k] = nil
	}
	return out
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
