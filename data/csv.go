package data

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// openCSV reads a table of text whose fields comma separates where nothing speaks for another delimiter.
func openCSV(ctx context.Context, path string, comma rune, how *Reading) (*Source, error) {
	asText := map[int]bool{}
	for {
		var src *Source
		var surprise *surpriseError
		err := withFile(ctx, path, func(s *stream) error {
			var err error
			src, err = readCSV(s, comma, how, asText)
			return err
		})
		if errors.Is(err, errLong) {
			continue
		}
		if !errors.As(err, &surprise) || len(asText) >= mostSurprises || !again(ctx, path) {
			return src, err
		}
		asText[surprise.column] = true
	}
}

// readCSV reads a table; the columns asText are texts whatever their first rows are.
func readCSV(s *stream, comma rune, how *Reading, asText map[int]bool) (*Source, error) {
	t, err := readTable(s, comma, how, func(*tableReader) map[int]bool { return asText })
	if err != nil {
		return nil, err
	}
	if at := t.longColumns(); at != nil && again(s.ctx, s.path) {
		for _, j := range at {
			asText[j] = true
		}
		return nil, errLong
	}
	src, err := t.source(how, t.say())
	if err == nil && how.As == nil {
		t.doubtHeader(how, src)
	}
	var bad *Error
	if errors.As(err, &bad) && bad.Row > 0 && t.firstLine > 0 && t.lastLine-t.firstLine == t.rows-1 { // a row a line
		bad.Line, bad.Row = t.firstLine+bad.Row-1, 0
	}
	return src, err
}

// mostSurprises is how many columns may turn out to hold texts after their first rows were numbers; each has the file read again.
const mostSurprises = 8

// surpriseError is the error of a text, or in a file of columns of a number of too many digits, in a column of numbers.
type surpriseError struct {
	cause  *Error
	column int
}

func (e *surpriseError) Error() string { return e.cause.Error() }
func (e *surpriseError) Unwrap() error { return e.cause }

// tableReader is a table of text while it is read.
type tableReader struct {
	*frame
	*dialect
	records  *records
	kept     []bool // columns that are of use
	plain    []bool // those that may turn out to be texts
	lossy    []bool // those with a number that loses digits
	notes    []string
	as       bool // the columns are those of a preparation
	headed   bool // the header was read
	comments int  // lines among the rows that were left out
	latin1   bool // some text was none of UTF-8

	firstLine, lastLine int // of the rows
}

// readTable reads a whole table. Once its header is known, asText says which columns are texts whatever their first rows are.
func readTable(s *stream, fallback rune, how *Reading, asText func(*tableReader) map[int]bool) (*tableReader, error) {
	text, note := decoded(s)
	head, whole, err := headOf(text)
	if err != nil {
		return nil, s.failed(err)
	}
	if !whole && !bytes.ContainsAny(head, "\r\n") {
		return nil, &Error{Path: s.path, Line: 1, Msg: fmt.Sprintf("a line of more than %d bytes: expected a table of shorter lines", maxLine)}
	}
	if bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0 { // as old Macs wrote
		text = &newlines{text}
		head = bytes.ReplaceAll(head, []byte{'\r'}, []byte{'\n'})
	}
	if at := bytes.IndexByte(head, 0); at >= 0 {
		return nil, &Error{Path: s.path, Line: 1 + bytes.Count(head[:at], []byte{'\n'}), Msg: "a byte of 0: expected text"}
	}
	d := sniff(head, whole, fallback, how)
	in := &lines{r: io.MultiReader(bytes.NewReader(head), text), path: s.path, comma: byte(d.comma)}
	var made []string
	d.header, made = distinct(d.header)
	t := &tableReader{frame: &frame{path: s.path, renamed: made, named: d.header != nil, decimal: d.mark, index: -1, room: room{ask: s.ask}, disk: diskOf(s.ctx)}, dialect: d, records: newRecords(in, d.comma)}
	if note != "" {
		t.notes = append(t.notes, note)
	}
	if err := t.setColumns(how, asText(t)); err != nil {
		return nil, err
	}
	if err := t.readRows(s); err != nil {
		t.letGo()
		return nil, err
	}
	return t, nil
}

// setColumns decides from the first rows which columns are numbers and which texts.
func (t *tableReader) setColumns(how *Reading, asText map[int]bool) error {
	t.as = how.As != nil
	t.fields = make([]rawColumn, t.dialect.width)
	for j := range t.fields {
		t.fields[j].at = -1
		if j < len(t.header) {
			t.fields[j].name = t.utf8Text(t.header[j])
		}
	}
	use, err := t.uses(how)
	if err != nil {
		return err
	}
	t.kept, t.plain, t.lossy = make([]bool, len(t.fields)), make([]bool, len(t.fields)), make([]bool, len(t.fields))
	for j := range t.fields {
		if use[j] == unused {
			continue
		}
		t.kept[j], t.plain[j] = true, use[j] == usedAsEither
		if asText[j] || use[j] == usedAsText || use[j] == usedAsEither && t.looksText(j) {
			t.fields[j].texts = t.newTexts()
			continue
		}
		t.fields[j].at = t.frame.width
		t.frame.width++
	}
	return nil
}

// looksText says whether the first rows of a column hold a text, or digits that a number would lose.
func (t *tableReader) looksText(j int) bool {
	return slices.ContainsFunc(t.sample, func(r []string) bool {
		if j >= len(r) {
			return false
		}
		kind := cellOf(r[j], t.decimal)
		return kind == cellText || losesDigits(strings.TrimSpace(r[j]))
	})
}

// readRows reads the rows behind the header.
func (t *tableReader) readRows(s *stream) error {
	skip := 0
	if t.dialect.names {
		skip = 1
	}
	if t.banner != "" { // and other lines before it that are no comments
		skip += t.titles
	}
	t.records.keep = t.isRow
	if t.comma < utf8.RuneSelf {
		t.records.blocks.plain = t.plainRows
	}
	for ; skip > 0; skip-- {
		if _, err := t.records.Read(); err != nil {
			return t.ended(s, err)
		}
	}
	t.headed = t.dialect.names
	for {
		if len(t.records.rest) == 0 {
			block, err := t.records.blocks.next()
			if err != nil {
				return t.ended(s, err)
			}
			if block.rows != nil {
				if err := t.join(block.rows); err != nil {
					return err
				}
				continue
			}
			t.records.rest = block.text
		}
		fields, err := t.records.Read()
		if err != nil {
			return t.ended(s, err)
		}
		if err := t.prepare(1); err != nil {
			return err
		}
		if err := t.add(fields); err != nil {
			return err
		}
	}
}

// ended is nil at the end of the text, else an Error of what the parser complains of.
func (t *tableReader) ended(s *stream, err error) error {
	var pe *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case errors.As(err, &pe):
		return &Error{Path: t.path, Line: pe.Line, Err: err, Msg: pe.Err.Error() + ": expected fields as in RFC 4180"}
	}
	return s.failed(err)
}

// isRow says whether a line among the rows that begins with # is one, as it is where the first column holds texts and it has
// as many fields. Others are counted.
func (t *tableReader) isRow(line string) bool {
	if t.rows == 0 && !t.headed {
		return false
	}
	if t.fields[0].texts != nil && len(t.fields) > 1 && strings.Count(line, string(t.comma)) == len(t.fields)-1 {
		return true
	}
	t.comments++
	return false
}

// add takes one line of data.
func (t *tableReader) add(fields []string) error {
	if len(fields) != len(t.fields) {
		if len(fields) == 1 && strings.TrimSpace(fields[0]) == "" {
			return nil
		}
		e := t.at(0, fmt.Sprintf("%d fields: expected %d as in the lines before", len(fields), len(t.fields)))
		e.Column, e.Field = 0, ""
		return e
	}
	numbers, err := t.row()
	if err != nil {
		return err
	}
	t.lastLine = t.records.start
	if t.rows == 1 {
		t.firstLine = t.lastLine
	}
	for j, text := range fields {
		if !t.kept[j] {
			continue
		}
		text = strings.TrimSpace(text)
		if c := t.fields[j].texts; c != nil {
			c.add(t.utf8Text(text))
			continue
		}
		v, err := parseCell(text, t.decimal)
		if err != nil || v-v != 0 {
			if v, err = t.notNumber(j, text, v, err); err != nil {
				return err
			}
		}
		t.lossy[j] = t.lossy[j] || losesDigits(text)
		numbers[t.fields[j].at] = v
	}
	return nil
}

// notNumber is the value of a cell that is none of a number, or what is wrong with it.
func (t *tableReader) notNumber(j int, text string, v float64, err error) (float64, error) {
	switch {
	case isMissingNumber(text):
		return math.NaN(), nil
	case errors.Is(err, strconv.ErrRange):
		return 0, t.at(j, fmt.Sprintf("%q: expected a number that fits float32", clip(text)))
	case err == nil:
		return 0, t.at(j, fmt.Sprintf("expected a finite number, found %q", clip(text)))
	}
	if t.as {
		return 0, t.at(j, fmt.Sprintf("expected a number, found %q", clip(text)))
	}
	e := t.at(j, fmt.Sprintf("expected a number, found %q (--types COLUMN=category reads the column as texts, --label COLUMN as classes, --drop COLUMN leaves it out)", clip(text)))
	if !t.plain[j] {
		return 0, e
	}
	return 0, &surpriseError{e, j}
}

// at makes an Error about field j of the line last read.
func (t *tableReader) at(j int, msg string) *Error {
	line := t.records.start
	e := &Error{Path: t.path, Line: line, Column: j + 1, Msg: msg}
	if t.named {
		e.Field = t.fields[j].name
	}
	return e
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

// clip shortens a field for a message of one line.
func clip(f string) string {
	if len(f) > 40 {
		return f[:40] + "..."
	}
	return f
}

// say says how the table is written.
func (t *tableReader) say() string {
	words := []string{fmt.Sprintf("%d rows of %d columns", t.rows, len(t.fields))}
	name := map[rune]string{'\t': "tabs", ' ': "spaces"}[t.comma]
	if name == "" {
		name = strconv.QuoteRune(t.comma)
	}
	if len(t.fields) > 1 {
		words = append(words, "separated by "+name+" (--delimiter)")
	}
	if t.decimal == ',' {
		words = append(words, "decimal mark ',' (--decimal)")
	}
	switch {
	case t.why != "":
		words = append(words, "the first line is a header, as "+t.why+" (--header no)")
	case t.header != nil && !t.dialect.names:
		words = append(words, "names from the comment before it (--header no)")
	case t.header != nil:
		words = append(words, "with a header (--header)")
	default:
		words = append(words, "without a header (--header)")
	}
	if t.banner != "" {
		words = append(words, fmt.Sprintf("left out before it: %q", clip(t.banner)))
	}
	if t.comments > 0 {
		words = append(words, fmt.Sprintf("%d lines among the rows that begin with # left out", t.comments))
	}
	if t.latin1 {
		words = append(words, "text in Latin-1")
	}
	return strings.Join(append(words, t.notes...), ", ")
}
