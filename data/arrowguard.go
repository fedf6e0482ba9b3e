package data

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	flatbuffers "github.com/google/flatbuffers/go"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// The library takes memory for what headers claim, so they are looked at before it is let at them. They are tables of
// FlatBuffers, whose fields are found by fixed numbers (https://github.com/apache/arrow/tree/main/format).

// slots of fields in their tables.
const (
	slot0 = 4 + 2*iota
	slot1
	slot2
	slot3
	slot4
	slot5
)

// arrowGuard counts what the schema of a file describes.
type arrowGuard struct {
	file   *randomFile
	fields int
	zstd   *zstd.Decoder
}

func (g *arrowGuard) close() {
	if g.zstd != nil {
		g.zstd.Close()
	}
}

// table is the table that an offset at a place of a buffer leads to.
func table(b []byte, at flatbuffers.UOffsetT) *flatbuffers.Table {
	return &flatbuffers.Table{Bytes: b, Pos: at + flatbuffers.GetUOffsetT(b[at:])}
}

// inside is the table in a field, nil where it is not there.
func inside(t *flatbuffers.Table, slot flatbuffers.VOffsetT) *flatbuffers.Table {
	o := flatbuffers.UOffsetT(t.Offset(slot))
	if o == 0 {
		return nil
	}
	return table(t.Bytes, t.Pos+o)
}

// vector is where a list in a field begins and how long it is; it lies within the buffer.
func vector(t *flatbuffers.Table, slot flatbuffers.VOffsetT, each int) (start flatbuffers.UOffsetT, n int) {
	o := flatbuffers.UOffsetT(t.Offset(slot))
	if o == 0 {
		return 0, 0
	}
	start, n = t.Vector(o), t.VectorLen(o)
	if n < 0 || int(start) > len(t.Bytes) || n > (len(t.Bytes)-int(start))/each {
		panic(errClaim)
	}
	return start, n
}

// schema looks at a schema.
func (g *arrowGuard) schema(t *flatbuffers.Table) error {
	if t == nil {
		return errors.New("it has no schema")
	}
	vector(t, slot2, 4)
	vector(t, slot3, 8)
	return g.children(t, slot1, 0)
}

// mostNested is how deep columns may lie in columns.
const mostNested = 32

// children looks at the descriptions of columns.
func (g *arrowGuard) children(t *flatbuffers.Table, slot flatbuffers.VOffsetT, depth int) error {
	start, n := vector(t, slot, 4)
	if g.fields += n; depth > mostNested || g.fields > len(t.Bytes)/8 {
		return errClaim
	}
	for k := range n {
		field := table(t.Bytes, start+flatbuffers.UOffsetT(4*k))
		vector(field, slot0, 1)
		vector(field, 16, 4)
		const union = 14
		if kind := flatbuffers.UOffsetT(field.Offset(slot2)); kind != 0 && field.GetByte(field.Pos+kind) == union {
			if u := inside(field, slot3); u != nil {
				vector(u, slot1, 4)
			}
		}
		if err := g.children(field, slot5, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// message looks at the header of a message whose body begins at a byte of the file, and returns how long that is.
func (g *arrowGuard) message(b []byte, at int64) (body int64, err error) {
	if len(b) < 8 {
		return 0, io.ErrUnexpectedEOF
	}
	t := table(b, 0)
	body = t.GetInt64Slot(slot3, 0)
	if body < 0 || body > g.file.size-at {
		return 0, errClaim
	}
	header := inside(t, slot2)
	vector(t, slot4, 4)
	switch kind := t.GetByteSlot(slot1, 0); {
	case header == nil:
	case kind == 1:
		err = g.schema(header)
	case kind == 2: // a dictionary: its values are a batch
		if batch := inside(header, slot1); batch != nil {
			err = g.batch(batch, at, body)
		}
	case kind == 3:
		err = g.batch(header, at, body)
	}
	return body, err
}

// batch looks at the description of a batch with that body.
func (g *arrowGuard) batch(t *flatbuffers.Table, at, body int64) error {
	if n := t.GetInt64Slot(slot0, 0); n < 0 || n > 1<<40 {
		return errClaim
	}
	start, n := vector(t, slot1, 16)
	for k := range n {
		if rows := t.GetInt64(start + flatbuffers.UOffsetT(16*k)); rows < 0 || rows > 1<<40 {
			return errClaim
		}
	}
	first, buffers := vector(t, slot2, 16)
	start, n = vector(t, slot4, 8)
	for k := range n {
		if v := t.GetInt64(start + flatbuffers.UOffsetT(8*k)); v < 0 || v > int64(buffers) {
			return errClaim
		}
	}
	packing := inside(t, slot3)
	for k := range buffers {
		offset, length := t.GetInt64(first+flatbuffers.UOffsetT(16*k)), t.GetInt64(first+flatbuffers.UOffsetT(16*k+8))
		if offset < 0 || length < 0 || offset > body || length > body-offset {
			return errClaim
		}
		if packing == nil || length == 0 {
			continue
		}
		if err := g.unpack(packing.GetInt8Slot(slot0, 0), at+offset, length); err != nil {
			return err
		}
	}
	return nil
}

// unpack makes sure that a buffer unpacks to as much as it says, and to what was packed where it has a checksum, which
// the library does not look at.
func (g *arrowGuard) unpack(codec int8, at, length int64) error {
	head, err := g.part(at, min(length, 8))
	if err != nil || length < 8 {
		return errors.Join(err, errClaim)
	}
	size := int64(binary.LittleEndian.Uint64(head))
	if size == -1 {
		return nil
	}
	if size < 0 || size > mostBuffer+mostBuffers*g.file.size {
		return errClaim
	}
	var unpacked io.Reader
	packed := bufio.NewReaderSize(io.NewSectionReader(g.file, at+8, length-8), 1<<16)
	switch {
	case codec == 0:
		unpacked = lz4.NewReader(packed)
	case codec == 1 && g.zstd == nil:
		if g.zstd, err = zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(mostBuffer)); err != nil {
			return err
		}
		unpacked = g.zstd
	case codec == 1:
		unpacked = g.zstd
		if err := g.zstd.Reset(packed); err != nil {
			return err
		}
	default:
		return fmt.Errorf("packed by method %d: expected LZ4 or Zstandard", codec)
	}
	n, err := io.Copy(io.Discard, io.LimitReader(unpacked, size+1))
	if err == nil && n != size {
		err = errClaim
	}
	return err
}

// part reads n bytes of headers.
func (g *arrowGuard) part(at, n int64) ([]byte, error) {
	if at < 0 || n < 0 || n > g.file.size-at || n > 64<<20 {
		return nil, errClaim
	}
	b := make([]byte, n)
	_, err := io.ReadFull(io.NewSectionReader(g.file, at, n), b)
	return b, err
}

// whole looks at the footer of a file and at the messages that it names.
func (g *arrowGuard) whole() error {
	end, err := g.part(g.file.size-10, 10)
	if err != nil {
		return err
	}
	if string(end[4:]) != "ARROW1" {
		return errors.New("it does not end as Arrow does")
	}
	n := int64(binary.LittleEndian.Uint32(end))
	footer, err := g.part(g.file.size-10-n, n)
	if err != nil {
		return err
	}
	if len(footer) < 8 {
		return io.ErrUnexpectedEOF
	}
	t := table(footer, 0)
	vector(t, slot4, 4)
	if err := g.schema(inside(t, slot1)); err != nil {
		return err
	}
	left := g.file.size
	for _, slot := range []flatbuffers.VOffsetT{slot2, slot3} {
		start, n := vector(t, slot, 24)
		for k := range n {
			at := start + flatbuffers.UOffsetT(24*k)
			size, body := int64(t.GetInt32(at+8)), t.GetInt64(at+16)
			if size < 8 || body < 0 || body > left-size {
				return errClaim
			}
			left -= size + body // what is named twice would be unpacked twice
			b, err := g.part(t.GetInt64(at), size)
			if err != nil {
				return err
			}
			if _, err := g.message(unprefixed(b), t.GetInt64(at)+size); err != nil {
				return err
			}
		}
	}
	return nil
}

// unprefixed leaves out the length before a message.
func unprefixed(b []byte) []byte {
	if binary.LittleEndian.Uint32(b) == 0xffffffff {
		return b[8:]
	}
	return b[4:]
}

// stream looks at the messages of a stream.
func (g *arrowGuard) stream() error {
	for at := int64(0); at < g.file.size; {
		head, err := g.part(at, min(8, g.file.size-at))
		if err != nil || len(head) < 4 {
			return err
		}
		n := binary.LittleEndian.Uint32(head)
		at += 4
		if n == 0xffffffff && len(head) == 8 {
			n = binary.LittleEndian.Uint32(head[4:])
			at += 4
		}
		if n == 0 {
			return nil
		}
		b, err := g.part(at, int64(n))
		if err != nil {
			return err
		}
		at += int64(n)
		body, err := g.message(b, at)
		if err != nil {
			return err
		}
		at += body
	}
	return io.ErrUnexpectedEOF
}
