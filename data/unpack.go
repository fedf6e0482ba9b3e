package data

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// A packed file holds so many times its own bytes at most: the largest ratio by which deflate, and so gzip and zip, can
// shrink data (zlib's technical notes), and zstd's, a block of 128 KiB in the four bytes of a repeated one (RFC 8878).
const (
	maxDeflate = 1032
	maxZstd    = 1 << 15
)

// maxWindow is how far back a zstd file may refer, and so what unpacking one holds; zstd -19 refers to 8 MiB, and
// --ultra to 128 MiB.
const maxWindow = 64 << 20

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// unpack has the stream read what buf holds, unpacked where the first bytes say that it is packed. size is that of the
// packed file, below 0 where it is not known. Call the function that comes back in the end.
func (s *stream) unpack(buf *bufio.Reader, size int64) (done func(), err error) {
	s.r = buf
	ratio := int64(0)
	done = func() {}
	switch magic, _ := buf.Peek(4); {
	case len(magic) >= 2 && bytes.Equal(magic[:2], gzipMagic):
		z, err := gzip.NewReader(buf)
		if err != nil {
			return done, s.failed(err)
		}
		s.r, ratio = z, maxDeflate
	case bytes.Equal(magic, zstdMagic):
		z := &unzstd{packed: buf}
		if err := z.open(); err != nil {
			return done, s.failed(err)
		}
		s.r, ratio, done = z, maxZstd, z.Close
	}
	if size >= 0 && ratio > 0 {
		s.most, s.hint = (size+1)*ratio, size*8
	}
	return done, nil
}

// unzstd unpacks zstd and tells damage from a file that cannot be read.
type unzstd struct {
	*zstd.Decoder
	packed io.Reader
	cause  error // why packed could not be read
}

// errZstd is damage in packed data.
type errZstd struct{ error }

func (z *unzstd) open() (err error) {
	z.Decoder, err = zstd.NewReader(readerFunc(z.readPacked), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow),
		zstd.WithDecoderLowmem(true))
	return z.failed(err)
}

// readerFunc is a function that reads.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func (z *unzstd) readPacked(p []byte) (int, error) {
	n, err := z.packed.Read(p)
	if err != nil && err != io.EOF {
		z.cause = err
	}
	return n, err
}

func (z *unzstd) Read(p []byte) (int, error) {
	n, err := z.Decoder.Read(p)
	return n, z.failed(err)
}

func (z *unzstd) failed(err error) error {
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return err
	case z.cause != nil:
		return z.cause
	}
	return errZstd{err}
}

// failed turns an unpacker's complaint into an Error about the file; the system's own errors pass as they are.
func (s *stream) failed(err error) error {
	var corrupt flate.CorruptInputError
	var z errZstd
	msg := ""
	switch {
	case errors.As(err, &z):
		msg = zstdMessage(z.error)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		msg = "the packed data is cut short: expected more bytes"
	case errors.Is(err, gzip.ErrChecksum):
		msg = "the packed data is damaged: its checksum does not match"
	case errors.Is(err, gzip.ErrHeader), errors.As(err, &corrupt):
		msg = "the packed data is damaged: expected a gzip stream"
	default:
		return err
	}
	return &Error{Path: s.path, Offset: s.at, Msg: msg, Err: err}
}

func zstdMessage(err error) string {
	switch {
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return "packed with a window of more than 64 MiB: expected less (zstd without --ultra and --long)"
	case errors.Is(err, zstd.ErrUnknownDictionary):
		return "packed with a dictionary: expected zstd without one"
	case errors.Is(err, zstd.ErrCRCMismatch):
		return "the packed data is damaged: its checksum does not match"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the packed data is cut short: expected more bytes"
	}
	return "the packed data is damaged: expected a zstd stream"
}

// packings are the endings of packed files.
var packings = []string{".gz", ".zst"}

// unpackedName is a name in lower case, without the ending of a packed file.
func unpackedName(name string) string {
	name = strings.ToLower(name)
	for _, p := range packings {
		if base, ok := strings.CutSuffix(name, p); ok {
			return base
		}
	}
	return name
}

// packer returns what packs the bytes for a file of that name, nil where it is not packed. The same bytes are packed to
// the same bytes.
func packer(name string, w io.Writer) (io.WriteCloser, error) {
	switch name = strings.ToLower(name); {
	case strings.HasSuffix(name, ".gz"):
		return gzip.NewWriter(w), nil
	case strings.HasSuffix(name, ".zst"):
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true))
	}
	return nil, nil
}
