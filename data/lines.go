package data

import (
	"bytes"
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
	quotes        quoting
	bytes, fields int // of the line under way
}

// Read reads on, up to an [*Error] that names the line.
func (l *lines) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	for rest := p[:n]; len(rest) > 0; {
		line, ends := rest, false
		if at := bytes.IndexByte(rest, '\n'); at >= 0 {
			line, ends = rest[:at], true
		}
		rest = rest[min(len(line)+1, len(rest)):]
		if l.comma == ',' { // a quote may stand alone between tabs
			l.look(line)
		}
		if l.bytes += len(line) + 1; l.bytes > maxFields { // a shorter one has no more fields either
			l.fields += bytes.Count(line, []byte{l.comma})
		}
		if l.bytes > maxLine || l.fields >= maxFields {
			return 0, &Error{Path: l.path, Line: l.number + 1, Msg: fmt.Sprintf("a line of more than %d bytes or %d fields: expected a table of shorter lines", maxLine, maxFields)}
		}
		if ends && !l.quotes.quoted {
			l.number++
			l.bytes, l.fields = 0, 0
		}
	}
	return n, err
}

// look keeps up with the quotes of a part of a line. Those of a part with an even number of them are no matter, nearly always.
func (l *lines) look(part []byte) {
	if l.bytes == 0 {
		l.quotes = quoting{comma: ',', start: true}
	}
	part = bytes.TrimSuffix(part, []byte{'\r'})
	switch {
	case bytes.Count(part, []byte{'"'})%2 == 1:
		if !l.quotes.open(string(part)) {
			l.quotes.quoted, l.quotes.closed = false, false
		}
	case !l.quotes.quoted && len(part) > 0:
		l.quotes.start = part[len(part)-1] == l.comma
	}
}
