package data

import "io"

// spaces is a reader that makes one tab of spaces and tabs between fields, and nothing of those at the ends of lines. Within quotes they
// stay.
type spaces struct {
	r       io.Reader
	buf     [1 << 14]byte
	left    []byte // of buf, to be looked at
	err     error
	quoted  bool
	started bool // a field of the line was seen
	within  bool // a field
	pending bool // blanks since
}

// Read is io.Reader.
func (s *spaces) Read(p []byte) (int, error) {
	n := 0
	for n == 0 && len(p) > 0 {
		if len(s.left) == 0 {
			if s.err != nil {
				return 0, s.err
			}
			var k int
			k, s.err = s.r.Read(s.buf[:])
			s.left = s.buf[:k]
		}
		for len(s.left) > 0 && n < len(p) {
			if s.take(&p[n]) {
				n++
			}
		}
	}
	return n, nil
}

// take looks at the next byte and says whether it wrote one.
func (s *spaces) take(p *byte) bool {
	c := s.left[0]
	blank := c == ' ' || c == '\t' || c == '\r'
	switch {
	case s.quoted:
		s.quoted = c != '"'
	case blank:
		s.pending, s.left = s.started, s.left[1:]
		return false
	case c == '\n':
		s.started, s.pending, s.within = false, false, false
	case s.pending: // and this byte comes again
		s.pending, s.within = false, false
		*p = '\t'
		return true
	default:
		s.started, s.quoted, s.within = true, c == '"' && !s.within, true
	}
	*p, s.left = c, s.left[1:]
	return true
}

// newlines is a reader that makes ends of lines of the returns of old Macs.
type newlines struct{ r io.Reader }

// Read is io.Reader.
func (l *newlines) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	for i, c := range p[:n] {
		if c == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}
