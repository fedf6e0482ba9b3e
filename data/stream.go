package data

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"os"
)

// stream is the bytes of one file or archive member, unpacked, with the position that an error needs and a bound on
// what can still come, so that a header's claim is checked before memory is taken for it.
type stream struct {
	ctx  context.Context
	path string // as errors name it
	r    io.Reader
	at   int64    // bytes read so far, after unpacking
	most int64    // no more than this many bytes can come in all, after unpacking
	hint int64    // memory worth taking at once for a plausible claim
	file *os.File // whose bytes these are, nil where they are unpacked
}

// withFile opens path, unpacks gzip and zstd where the bytes say so, and hands the stream to read.
func withFile(ctx context.Context, path string, read func(*stream) error) error {
	f, info, err := openBytes(ctx, path)
	if err != nil {
		return err
	}
	defer f.Close()
	if info.IsDir() {
		return wrong(path, "a folder: expected a file")
	}
	s := &stream{ctx: ctx, path: path, most: math.MaxInt64, hint: 1 << 20}
	if info.Mode().IsRegular() {
		s.most, s.hint = info.Size(), info.Size()
	}
	size := int64(-1)
	if info.Mode().IsRegular() {
		size = info.Size()
	}
	packed := bufio.NewReaderSize(f, 1<<16)
	done, err := s.unpack(packed, size)
	defer done()
	if err != nil {
		return err
	}
	if told, ok := f.(*toldFile); ok && s.r == packed && size >= 0 {
		s.file = told.file
	}
	return read(s)
}

// Read is io.Reader on the unpacked bytes; it ends with the context.
func (s *stream) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := s.r.Read(p)
	s.at += int64(n)
	return n, err
}

// full fills p, which belongs to what, or says where the file ended.
func (s *stream) full(p []byte, what string) error {
	start := s.at
	n, err := io.ReadFull(s, p)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return &Error{Path: s.path, Offset: s.at, Err: io.ErrUnexpectedEOF,
			Msg: fmt.Sprintf("the data ends inside the %s: expected %d bytes from byte %d on, found %d", what, len(p), start, n)}
	}
	if err != nil {
		return s.failed(err)
	}
	return nil
}

// can refuses a claim of n bytes of what where so much cannot come.
func (s *stream) can(n int64, what string) error {
	if n > s.most-s.at || n > math.MaxInt {
		return &Error{Path: s.path, Offset: s.at, Err: io.ErrUnexpectedEOF,
			Msg: fmt.Sprintf("cut short or damaged: expected %d bytes of %s, but at most %d can follow", n, what, max(s.most-s.at, 0))}
	}
	return nil
}

// grow reads exactly n bytes of what. It refuses a claim that cannot hold and takes memory as the bytes arrive, so that
// a header cannot make it allocate much more than the file fills.
func (s *stream) grow(n int64, what string) ([]byte, error) {
	if err := s.can(n, what); err != nil {
		return nil, err
	}
	first := min(n, max(s.hint, 1<<20))
	if err := s.ask(first, what); err != nil {
		return nil, err
	}
	out := make([]byte, 0, first)
	for int64(len(out)) < n {
		if len(out) == cap(out) {
			if err := s.ask(min(n, 2*int64(cap(out))), what); err != nil {
				return nil, err
			}
			out = append(make([]byte, 0, min(n, 2*int64(cap(out)))), out...)
		}
		part := out[len(out):min(int64(cap(out)), int64(len(out))+1<<20)]
		if err := s.full(part, what); err != nil {
			return nil, err
		}
		out = out[:len(out)+len(part)]
	}
	return out, nil
}

// memoryKey finds what a context asks before memory is taken.
type memoryKey struct{}

// WithMemory returns a context under which reading asks before it takes memory for what was read so far and what comes
// next: ask says why so many bytes for what cannot be had, nil where they can. Reading ends with its error.
func WithMemory(ctx context.Context, ask func(what string, bytes float64) error) context.Context {
	return context.WithValue(ctx, memoryKey{}, ask)
}

// ask asks for n bytes for what, where the context has somebody to ask.
func (s *stream) ask(n int64, what string) error {
	if ask, ok := s.ctx.Value(memoryKey{}).(func(string, float64) error); ok {
		return ask("the "+what+" of "+s.path, float64(n))
	}
	return nil
}

// end makes sure that nothing follows what was read; for packed data this also checks the checksum.
func (s *stream) end(what string) error {
	var one [1]byte
	switch n, err := io.ReadFull(s, one[:]); {
	case n > 0:
		return &Error{Path: s.path, Offset: s.at - 1, Msg: "more bytes follow: expected the end of the " + what}
	case err != io.EOF:
		return s.failed(err)
	}
	return nil
}
