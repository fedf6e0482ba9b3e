package data

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	pq "github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// The library takes memory for what headers claim, so they are looked at before it is let at them: the footer and the
// header of each page of the columns that are read, both in Thrift's compact protocol
// (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).

var errClaim = errors.New("a header claims more than there is")

// thriftWalk goes through a struct of bytes and hands every integer and boolean in it to see, under the numbers of the fields that
// lead to it. Lists and texts that claim more than the bytes hold, and what is nested too deep, are errors.
type thriftWalk struct {
	b    []byte
	at   int
	path []int16
	see  func(path []int16, v int64) error
}

const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftStruct = 12

	thriftDepth = 16
)

func (w *thriftWalk) byte() (byte, error) {
	if w.at >= len(w.b) {
		return 0, io.ErrUnexpectedEOF
	}
	w.at++
	return w.b[w.at-1], nil
}

func (w *thriftWalk) uvarint() (uint64, error) {
	v, n := binary.Uvarint(w.b[w.at:])
	if n == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	if n < 0 {
		return 0, errClaim
	}
	w.at += n
	return v, nil
}

func (w *thriftWalk) zigzag() (int64, error) {
	v, err := w.uvarint()
	return int64(v>>1) ^ -int64(v&1), err
}

func (w *thriftWalk) skip(n uint64) error {
	if n > uint64(len(w.b)-w.at) {
		return fmt.Errorf("%w: %w", errClaim, io.ErrUnexpectedEOF)
	}
	w.at += int(n)
	return nil
}

// fields walks through the fields of a struct.
func (w *thriftWalk) fields() error {
	if len(w.path) > thriftDepth {
		return errClaim
	}
	id := int16(0)
	for {
		head, err := w.byte()
		if err != nil || head == 0 {
			return err
		}
		if delta := head >> 4; delta != 0 {
			id += int16(delta)
		} else {
			v, err := w.zigzag()
			if err != nil {
				return err
			}
			id = int16(v)
		}
		w.path = append(w.path, id)
		switch kind := head & 15; kind {
		case thriftTrue, thriftFalse:
			err = w.see(w.path, int64(thriftFalse-kind))
		default:
			err = w.value(kind)
		}
		w.path = w.path[:len(w.path)-1]
		if err != nil {
			return err
		}
	}
}

// value walks through a value that is not a boolean field.
func (w *thriftWalk) value(kind byte) error {
	switch kind {
	case thriftTrue, thriftFalse, thriftByte:
		return w.skip(1)
	case 4, 5, 6:
		v, err := w.zigzag()
		if err != nil {
			return err
		}
		return w.see(w.path, v)
	case thriftDouble:
		return w.skip(8)
	case thriftBinary:
		n, err := w.uvarint()
		if err != nil {
			return err
		}
		return w.skip(n)
	case thriftList, thriftSet:
		return w.list()
	case thriftStruct:
		return w.fields()
	}
	return fmt.Errorf("a value of kind %d in a header", kind)
}

func (w *thriftWalk) list() error {
	head, err := w.byte()
	if err != nil {
		return err
	}
	n, kind := uint64(head>>4), head&15
	if n == 15 {
		if n, err = w.uvarint(); err != nil {
			return err
		}
	}
	least := uint64(1)
	if kind == thriftStruct {
		least = 3 // a field and the end: none of Parquet's is empty
	}
	if n > uint64(len(w.b)-w.at)/least {
		return errClaim
	}
	for range n {
		if err := w.value(kind); err != nil {
			return err
		}
	}
	return nil
}

// mostGroups bounds how deep columns are nested.
const mostGroups = 1 << 14

// checkFooter looks at the footer of a Parquet file.
func checkFooter(f *randomFile) error {
	var tail [8]byte
	if f.size < 12 {
		return io.ErrUnexpectedEOF
	}
	if _, err := f.ReadAt(tail[:], f.size-8); err != nil {
		return err
	}
	n := int64(binary.LittleEndian.Uint32(tail[:]))
	if string(tail[4:]) == "PARE" {
		return wrong(f.path, "an encrypted Parquet file: expected one that is not")
	}
	if string(tail[4:]) != "PAR1" {
		return errors.New("it does not end as Parquet does")
	}
	if n > f.size-12 {
		return errClaim
	}
	if err := f.ask(16*n, "columns' descriptions"); err != nil {
		return &askedError{err}
	}
	footer := make([]byte, n)
	if _, err := f.ReadAt(footer, f.size-8-n); err != nil {
		return err
	}
	groups, children := 0, int64(0)
	w := &thriftWalk{b: footer, see: func(path []int16, v int64) error {
		if len(path) == 2 && path[0] == 2 && path[1] == 5 { // SchemaElement.num_children
			groups, children = groups+1, children+v
			if v < 0 || v > n || children > n || groups > mostGroups {
				return errClaim
			}
		}
		return nil
	}}
	return w.fields()
}

// mostPage is how many bytes a page may have unpacked, and mostPageCells how many cells: writers make pages of 1 MiB.
const (
	mostPage      = 64 << 20
	mostPageCells = 1 << 24
)

// pageClaims is what the header of a page says.
type pageClaims struct {
	kind, packed, unpacked, cells, levels int64
	plain                                 bool // it is not packed, whatever the column is
}

// checkPages looks at the headers of the pages of a column's chunk and returns how many cells they hold.
func checkPages(f *randomFile, m *pq.ColumnMetaData) (int64, error) {
	at, end := m.DataPageOffset, int64(0)
	if m.DictionaryPageOffset != 0 {
		at = m.DictionaryPageOffset
	}
	if at < 4 || m.TotalCompressedSize < 0 || m.TotalCompressedSize > f.size-at || m.DataPageOffset < at {
		return 0, errClaim
	}
	end = at + m.TotalCompressedSize
	cells := int64(0)
	for at < end && cells < m.NumValues {
		c, n, err := readPageHeader(f, at, end)
		if err != nil {
			return 0, err
		}
		at += n
		switch {
		case c.packed < 0 || c.packed > end-at || c.unpacked < 0 || c.cells < 0 || c.levels < 0 || c.levels > c.packed:
			return 0, errClaim
		case c.unpacked > mostPage || c.cells > mostPageCells:
			return 0, wrong(f.path, "a page of %d bytes and %d cells: expected at most %d and %d", c.unpacked, c.cells, mostPage, mostPageCells)
		case c.kind == int64(pq.DictionaryPage) && c.cells > c.unpacked:
			return 0, errClaim
		}
		if err := checkUnpacked(f, m.Codec, at, c); err != nil {
			return 0, err
		}
		if c.kind != int64(pq.DictionaryPage) {
			cells += c.cells
		}
		at += c.packed
	}
	return cells, nil
}

// readPageHeader reads the header of a page and returns its length too.
func readPageHeader(f *randomFile, at, end int64) (pageClaims, int64, error) {
	for size := int64(256); ; size *= 8 {
		b := make([]byte, min(size, end-at))
		if _, err := f.ReadAt(b, at); err != nil && !errors.Is(err, io.EOF) {
			return pageClaims{}, 0, err
		}
		var c pageClaims
		w := &thriftWalk{b: b, see: func(path []int16, v int64) error {
			switch {
			case len(path) == 1 && path[0] == 1:
				c.kind = v
			case len(path) == 1 && path[0] == 2:
				c.unpacked = v
			case len(path) == 1 && path[0] == 3:
				c.packed = v
			case len(path) == 2 && path[1] == 1 && (path[0] == 5 || path[0] == 7 || path[0] == 8):
				c.cells = v
			case len(path) == 2 && path[0] == 8 && (path[1] == 5 || path[1] == 6):
				if v < 0 {
					return errClaim
				}
				c.levels += v
			case len(path) == 2 && path[0] == 8 && path[1] == 7:
				c.plain = v == 0
			}
			return nil
		}}
		err := w.fields()
		if err != nil && errors.Is(err, io.ErrUnexpectedEOF) && int64(len(b)) < end-at && size < 1<<20 {
			continue
		}
		return c, int64(w.at), err
	}
}

// checkUnpacked makes sure that a page unpacks to no more than its header says.
func checkUnpacked(f *randomFile, codec pq.CompressionCodec, at int64, c pageClaims) error {
	var unpacked io.Reader
	packed := io.NewSectionReader(f, at+c.levels, c.packed-c.levels)
	if packed.Size() == 0 {
		return nil
	}
	if c.plain {
		codec = pq.Uncompressed
	}
	switch codec {
	case pq.Uncompressed:
		if c.unpacked > c.packed {
			return errClaim
		}
		return nil
	case pq.Snappy:
		head := make([]byte, min(binary.MaxVarintLen64, packed.Size()))
		if _, err := io.ReadFull(packed, head); err != nil {
			return err
		}
		if n, k := binary.Uvarint(head); k <= 0 || n > uint64(c.unpacked) {
			return errClaim
		}
		return nil
	case pq.Gzip:
		z, err := gzip.NewReader(packed)
		if err != nil {
			return err
		}
		unpacked = z
	case pq.Brotli:
		unpacked = brotli.NewReader(packed)
	case pq.Zstd:
		z, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(mostPage), zstd.WithDecoderMaxWindow(mostPage))
		if err != nil {
			return err
		}
		defer z.Close()
		unpacked = z
	case pq.Lz4Raw:
		b := make([]byte, packed.Size()+c.unpacked)
		if _, err := io.ReadFull(packed, b[:packed.Size()]); err != nil {
			return err
		}
		_, err := lz4.UncompressBlock(b[:packed.Size()], b[packed.Size():])
		return err
	default:
		return wrong(f.path, "packed by %s: expected snappy, gzip, zstd, brotli, LZ4_RAW or none", codec)
	}
	n, err := io.Copy(io.Discard, io.LimitReader(unpacked, c.unpacked+1))
	if err == nil && n > c.unpacked {
		err = errClaim
	}
	return err
}

// isParquet says whether a file begins as Parquet does.
func isParquet(f *randomFile) bool {
	var magic [4]byte
	f.ReadAt(magic[:], 0)
	return bytes.Equal(magic[:], []byte("PAR1"))
}
