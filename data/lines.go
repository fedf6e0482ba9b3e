package data

import (
	"fmt"
	"io"
)

// A line of a table has so many bytes and fields at most, so that a small packed file of one endless line is refused
// before it has taken any memory to speak of.
const (
	maxLine   = 16 << 20
	maxFields = 1 << 20
)

// lines is a reader of text that fails at a line which is too long.
type lines struct {
	r             io.Reader
	path          string
	comma         byte
	number        int // lines ended so far, those within quotes left out
	quoted        bool
	bytes, fields int // of the line under way
}

// Read reads on, up to an [*Error] that names the line.
func (l *lines) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	for _, c := range p[:n] {
		l.bytes++
		switch {
		case c == '\n' && !l.quoted:
			l.number++
			l.bytes, l.fields = 0, 0
		case c == '"':
			l.quoted = !l.quoted && l.comma == ',' // a quote may stand alone between tabs
		case c == l.comma:
			l.fields++
		}
		if l.bytes > maxLine || l.fields >= maxFields {
			return 0, &Error{Path: l.path, Line: l.number + 1, Msg: fmt.Sprintf("a line of more than %d bytes or %d fields: expected a table of shorter lines", maxLine, maxFields)}
		}
	}
	return n, err
}
