package data

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	pq "github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// mostPage is how many bytes a page may have unpacked, and mostPageCells how many cells: writers make pages of 1 MiB.
const (
	mostPage      = 64 << 20
	mostPageCells = 1 << 23
)

// pageGuard looks at the pages of a column before the library does.
type pageGuard struct {
	file     *randomFile
	optional bool // cells may be missing
	packed   []byte
	unpacked bytes.Buffer
}

// pageClaims is what the header of a page says.
type pageClaims struct {
	kind, packed, unpacked, cells, encoding int64
	defined, repeated                       int64 // bytes of levels that are not packed
	plain                                   bool  // it is not packed, whatever the column is
}

// check looks at the pages of a column's chunk and returns how many cells they say they hold.
func (g *pageGuard) check(m *pq.ColumnMetaData) (int64, error) {
	at := m.DataPageOffset
	if m.DictionaryPageOffset != 0 {
		at = m.DictionaryPageOffset
	}
	if at < 4 || m.TotalCompressedSize < 0 || m.TotalCompressedSize > g.file.size-at || m.DataPageOffset < at {
		return 0, errClaim
	}
	end, cells := at+m.TotalCompressedSize, int64(0)
	for at < end && cells < m.NumValues {
		c, n, err := g.header(at, end)
		if err != nil {
			return 0, err
		}
		at += n
		levels := c.defined + c.repeated
		switch {
		case c.packed < 0 || c.packed > end-at || c.unpacked < 0 || c.cells < 0 || c.defined < 0 || c.repeated < 0 || levels > c.packed:
			return 0, errClaim
		case c.unpacked > mostPage || c.cells > mostPageCells || c.packed > 2*mostPage:
			return 0, wrong(g.file.path, "a page of %d bytes and %d cells: expected at most %d and %d", c.unpacked, c.cells, mostPage, mostPageCells)
		case c.kind == int64(pq.DictionaryPage) && c.cells > c.unpacked:
			return 0, errClaim
		}
		if err := g.page(m.Codec, at, c); err != nil {
			return 0, err
		}
		if c.kind != int64(pq.DictionaryPage) {
			cells += c.cells
		}
		at += c.packed
	}
	return cells, nil
}

// header reads the header of a page and returns its length too.
func (g *pageGuard) header(at, end int64) (pageClaims, int64, error) {
	for size := int64(256); ; size *= 8 {
		b := make([]byte, min(size, end-at))
		if _, err := g.file.ReadAt(b, at); err != nil && !errors.Is(err, io.EOF) {
			return pageClaims{}, 0, err
		}
		var c pageClaims
		w := &thriftWalk{b: b, see: func(path []int16, v int64) error { c.see(path, v); return nil }}
		err := w.fields()
		if err != nil && errors.Is(err, io.ErrUnexpectedEOF) && int64(len(b)) < end-at && size < 1<<20 {
			continue
		}
		return c, int64(w.at), err
	}
}

// see takes a number of the header, by the numbers of PageHeader, DataPageHeader (5), DictionaryPageHeader (7) and
// DataPageHeaderV2 (8).
func (c *pageClaims) see(path []int16, v int64) {
	at := [2]int16{path[0]}
	switch len(path) {
	case 1:
	case 2:
		at[1] = path[1]
	default:
		return
	}
	switch at {
	case [2]int16{1}:
		c.kind = v
	case [2]int16{2}:
		c.unpacked = v
	case [2]int16{3}:
		c.packed = v
	case [2]int16{5, 1}, [2]int16{7, 1}, [2]int16{8, 1}:
		c.cells = v
	case [2]int16{5, 2}, [2]int16{7, 2}, [2]int16{8, 4}:
		c.encoding = v
	case [2]int16{8, 5}:
		c.defined = v
	case [2]int16{8, 6}:
		c.repeated = v
	case [2]int16{8, 7}:
		c.plain = v == 0
	}
}

// page makes sure that a page unpacks to no more than its header says, and that what it unpacks to says no more cells.
func (g *pageGuard) page(codec pq.CompressionCodec, at int64, c pageClaims) error {
	g.packed = slices.Grow(g.packed[:0], int(c.packed))[:c.packed]
	if _, err := io.ReadFull(io.NewSectionReader(g.file, at, c.packed), g.packed); err != nil {
		return err
	}
	levels := c.defined + c.repeated
	if c.plain {
		codec = pq.Uncompressed
	}
	cells, err := g.unpack(codec, g.packed[levels:], c.unpacked)
	if err != nil || c.kind == int64(pq.DictionaryPage) {
		return err
	}
	if defined := g.packed[c.repeated:levels]; g.optional && len(defined) > 0 {
		if err := checkRuns(defined, 1, c.cells); err != nil {
			return err
		}
	} else if g.optional && c.kind == int64(pq.DataPage) {
		defined, rest, err := prefixed(cells)
		if err != nil {
			return err
		}
		if err := checkRuns(defined, 1, c.cells); err != nil {
			return err
		}
		cells = rest
	}
	return g.values(pq.Encoding(c.encoding), cells, c.cells)
}

// prefixed splits bytes that begin with the length of their first part.
func prefixed(b []byte) (first, rest []byte, err error) {
	if len(b) < 4 || int64(binary.LittleEndian.Uint32(b)) > int64(len(b)-4) {
		return nil, nil, errClaim
	}
	n := 4 + binary.LittleEndian.Uint32(b)
	return b[4:n], b[n:], nil
}

// values looks at what the cells that are there say of their number.
func (g *pageGuard) values(encoding pq.Encoding, b []byte, cells int64) error {
	const oldDictionary = 2 // of the first files, the same in pages of cells
	switch encoding {
	case oldDictionary, pq.RLEDictionary:
		if len(b) == 0 {
			return nil
		}
		return checkRuns(b[1:], int(b[0]), cells)
	case pq.RLE:
		runs, _, err := prefixed(b)
		if err != nil {
			return err
		}
		return checkRuns(runs, 1, cells)
	case pq.DeltaBinaryPacked, pq.DeltaLengthByteArray:
		var head [3]uint64 // cells of a block, parts of it, cells
		for k := range head {
			v, n := binary.Uvarint(b)
			if n <= 0 {
				return errClaim
			}
			head[k], b = v, b[n:]
		}
		if head[0] > 1<<16 || head[1] > head[0] || head[2] > uint64(cells) {
			return errClaim
		}
	case pq.DeltaByteArray:
		return wrong(g.file.path, "texts as differences (DELTA_BYTE_ARRAY), which may unpack to any size: expected PLAIN, a dictionary or DELTA_LENGTH_BYTE_ARRAY")
	}
	return nil
}

// checkRuns makes sure that runs of numbers of so many bits are no more than cells. Those that are packed by eight may
// be followed by some of no meaning.
func checkRuns(b []byte, bits int, cells int64) error {
	const padding = 512
	if bits > 32 {
		return errClaim
	}
	for total := int64(0); len(b) > 0; {
		head, n := binary.Uvarint(b)
		if n <= 0 || head > 1<<40 {
			return errClaim
		}
		run, size := int64(head>>1), int64(bits+7)/8
		if head&1 == 1 {
			size = run * int64(bits)
			run *= 8
		}
		if total += run; total > cells+padding {
			return errClaim
		}
		b = b[n:]
		b = b[min(size, int64(len(b))):]
	}
	return nil
}

// unpack unpacks a page, which is to have at most so many bytes.
func (g *pageGuard) unpack(codec pq.CompressionCodec, packed []byte, most int64) ([]byte, error) {
	if len(packed) == 0 {
		return nil, nil
	}
	var r io.Reader
	switch codec {
	case pq.Uncompressed:
		return packed, nil
	case pq.Snappy:
		if n, err := snappy.DecodedLen(packed); err != nil || int64(n) > most {
			return nil, errors.Join(err, errClaim)
		}
		return snappy.Decode(nil, packed)
	case pq.Lz4Raw:
		b := make([]byte, most)
		n, err := lz4.UncompressBlock(packed, b)
		return b[:max(n, 0)], err
	case pq.Gzip:
		z, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			return nil, err
		}
		r = z
	case pq.Brotli:
		r = brotli.NewReader(bytes.NewReader(packed))
	case pq.Zstd:
		z, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(mostPage))
		if err != nil {
			return nil, err
		}
		defer z.Close()
		r = z
	default:
		return nil, wrong(g.file.path, "packed by %s: expected snappy, gzip, zstd, brotli, LZ4_RAW or none", codec)
	}
	g.unpacked.Reset()
	n, err := io.Copy(&g.unpacked, io.LimitReader(r, most+1))
	if err == nil && n > most {
		err = errClaim
	}
	return g.unpacked.Bytes(), err
}
