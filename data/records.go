package data

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// records reads the lines of a table of text as fields. Lines without quotes, nearly all of them as a rule, are split
// here; those with quotes are encoding/csv's.
type records struct {
	blocks textBlocks
	rest   []byte // of the block, to be read
	comma  rune
	line   int                    // lines read so far
	start  int                    // line of the last record
	keep   func(line string) bool // whether a line that begins with # is a row; nil for no
	ended  bool                   // the last line had an end
	fields []string

	csv  *csv.Reader    // of lines with quotes
	text strings.Reader // those that it reads next, up to an end that is none
}

// newRecords returns a reader of the fields of a table. Its fields are good until the next are read.
func newRecords(in io.Reader, comma rune) *records {
	if comma == ' ' {
		in, comma = &spaces{r: in}, '\t'
	}
	return &records{blocks: textBlocks{r: in}, comma: comma}
}

// Read returns the fields of the next line that is neither empty nor a comment.
func (r *records) Read() ([]string, error) {
	for {
		line, err := r.next()
		if err != nil {
			return nil, err
		}
		r.start = r.line
		switch {
		case len(line) == 0, line[0] == '#' && r.comma != '#' && (r.keep == nil || !r.keep(string(line))):
		case bytes.IndexByte(line, '"') >= 0:
			return r.withQuotes(string(line))
		default:
			return r.split(string(line)), nil
		}
	}
}

// next returns the next line without its end. It is good until the next is read.
func (r *records) next() ([]byte, error) {
	if len(r.rest) == 0 {
		block, err := r.blocks.next()
		if err != nil {
			return nil, err
		}
		r.rest = block.text
	}
	line := r.rest
	end := bytes.IndexByte(r.rest, '\n')
	r.ended = end >= 0
	if r.ended {
		line, r.rest = r.rest[:end], r.rest[end+1:]
	} else {
		r.rest = nil
	}
	r.line++
	return bytes.TrimSuffix(line, []byte{'\r'}), nil
}

// split cuts a line at every comma.
func (r *records) split(line string) []string {
	r.fields = r.fields[:0]
	for {
		var at int
		if r.comma < 0x80 {
			at = strings.IndexByte(line, byte(r.comma))
		} else {
			at = strings.IndexRune(line, r.comma)
		}
		if at < 0 {
			break
		}
		r.fields = append(r.fields, line[:at])
		line = line[at+len(string(r.comma)):]
	}
	r.fields = append(r.fields, line)
	return r.fields
}

// withQuotes reads a line that holds quotes, with those behind it where a quote is still open at its end. A quote within a
// field that does not begin with one is a character as any other, as in 5" pipe.
func (r *records) withQuotes(text string) ([]string, error) {
	q := quoting{comma: r.comma, start: true, line: r.start}
	if q.open(text) {
		all := []byte(text)
		for open := true; open; {
			if r.ended {
				all = append(all, '\n')
			}
			line, err := r.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, err
			}
			all = append(all, line...)
			q.line = r.line
			open = q.open(string(line))
		}
		text = string(all)
	}
	if q.quoted && !q.closed || q.stray && r.comma != '\t' {
		return nil, &csv.ParseError{StartLine: r.start, Line: q.opened, Err: csv.ErrQuote}
	}
	if r.csv == nil {
		r.csv = newFields(&r.text, r.comma)
	}
	r.text.Reset(text)
	return r.csv.Read()
}

// quoting is where a text stands among quotes.
type quoting struct {
	comma  rune
	start  bool // of a field
	quoted bool
	closed bool // the last was a quote in a quoted field, which ends it unless another follows
	stray  bool // a quoted field went on behind its end
	line   int  // that is read
	opened int  // that of the last quoted field
}

// open reads on, a line, and says whether a quoted field goes on behind it.
func (q *quoting) open(line string) bool {
	for _, c := range line {
		switch {
		case q.quoted && q.closed && c == q.comma:
			q.quoted, q.closed, q.start = false, false, true
		case q.quoted:
			q.stray = q.stray || q.closed && c != '"'
			q.closed = c == '"' && !q.closed
		case c == q.comma:
			q.start = true
		default:
			q.quoted, q.start = q.start && c == '"', false
			if q.quoted {
				q.opened = q.line
			}
		}
	}
	return q.quoted && !q.closed
}
