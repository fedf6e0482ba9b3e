package data

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"math"
)

// idxTypes are the element types of the IDX format by its third byte: how wide they are and how to read one, big end
// first (http://yann.lecun.com/exdb/mnist, "the IDX file format").
var idxTypes = map[byte]struct {
	size int64
	at   func([]byte) float64
}{
	0x08: {1, func(b []byte) float64 { return float64(b[0]) }},
	0x09: {1, func(b []byte) float64 { return float64(int8(b[0])) }},
	0x0B: {2, func(b []byte) float64 { return float64(int16(binary.BigEndian.Uint16(b))) }},
	0x0C: {4, func(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) }},
	0x0D: {4, func(b []byte) float64 { return float64(math.Float32frombits(binary.BigEndian.Uint32(b))) }},
	0x0E: {8, func(b []byte) float64 { return math.Float64frombits(binary.BigEndian.Uint64(b)) }},
}

// openIDX reads the examples of one IDX file, without labels.
func openIDX(ctx context.Context, path string) (*Set, error) {
	var set *Set
	err := withFile(ctx, path, func(s *stream) (err error) {
		set, err = readIDX(s)
		return err
	})
	if err != nil {
		return nil, err
	}
	return set, nil
}

// readIDX reads a whole IDX stream of two or more dimensions, the first of which counts rows.
func readIDX(s *stream) (*Set, error) {
	kind, dims, err := idxHeader(s)
	if err != nil {
		return nil, err
	}
	if len(dims) < 2 {
		return nil, wrong(s.path, "IDX data of one dimension, as labels are: expected examples (two dimensions or more)")
	}
	set := &Set{Name: s.path, Rows: dims[0], Cols: product(dims[1:])}
	set.setGeometry(dims[1:])
	if kind == 0x08 {
		if set.U8, err = bytesOf(s, &arrayInfo{npyHeader: npyHeader{descr: "|u1"}}, product(dims), idxElements); err != nil {
			return nil, err
		}
		set.disk = diskOf(s.ctx)
		return set, s.end(idxData)
	}
	raw, err := idxBody(s, kind, dims)
	if err != nil {
		return nil, err
	}
	typ := idxTypes[kind]
	if err := s.ask(int64(len(raw))/typ.size*(8+4), "numbers"); err != nil {
		return nil, err
	}
	values := make([]float64, int64(len(raw))/typ.size)
	for i := range values {
		values[i] = typ.at(raw[int64(i)*typ.size:])
	}
	set.keep(values)
	return set, set.checkFinite(s.path)
}

// openIDXLabels reads a one-dimensional IDX file as numbers, one a row.
func openIDXLabels(ctx context.Context, path string) ([]float64, error) {
	var labels []float64
	err := withFile(ctx, path, func(s *stream) error {
		kind, dims, err := idxHeader(s)
		if err != nil {
			return err
		}
		if len(dims) != 1 {
			return wrong(path, "IDX data of %d dimensions: expected labels (one dimension)", len(dims))
		}
		raw, err := idxBody(s, kind, dims)
		if err != nil {
			return err
		}
		typ := idxTypes[kind]
		labels = make([]float64, dims[0])
		for i := range labels {
			labels[i] = typ.at(raw[int64(i)*typ.size:])
		}
		return nil
	})
	return labels, err
}

// idxHeader reads the magic number and the dimensions and makes sure that their product can be held.
func idxHeader(s *stream) (kind byte, dims []int, err error) {
	var magic [4]byte
	if err := s.full(magic[:], "IDX header"); err != nil {
		return 0, nil, err
	}
	kind = magic[2]
	if _, ok := idxTypes[kind]; !ok || magic[0] != 0 || magic[1] != 0 || magic[3] == 0 {
		return 0, nil, wrong(s.path, "starts with % x: expected an IDX header (00 00, an element type 08 to 0e, "+
			"the number of dimensions)", magic)
	}
	sizes := make([]byte, 4*int(magic[3]))
	if err := s.full(sizes, "IDX header"); err != nil {
		return 0, nil, err
	}
	dims = make([]int, magic[3])
	for i := range dims {
		dims[i] = int(binary.BigEndian.Uint32(sizes[4*i:]))
	}
	if n := product(dims); n <= 0 || int64(n) > math.MaxInt64/8 {
		return 0, nil, &Error{Path: s.path, Offset: 4, Msg: fmt.Sprintf("dimensions %v: expected sizes above 0 whose product fits", dims)}
	}
	return kind, dims, nil
}

// What errors call the parts of a file.
const (
	idxElements = "IDX elements"
	idxData     = "IDX data"
)

// idxBody reads the elements that the header promises, as bytes, to the end of the stream.
func idxBody(s *stream, kind byte, dims []int) ([]byte, error) {
	raw, err := s.grow(int64(product(dims))*idxTypes[kind].size, idxElements)
	if err != nil {
		return nil, err
	}
	return raw, s.end(idxData)
}

// idxWriter writes the features as IDX bytes: U8 as it is, floats clipped to [0,1], or to the black and white of images,
// and rounded to the nearest v/255. A missing cell is an Error.
type idxWriter struct{ b *bufio.Writer }

func (x *idxWriter) begin(s *Set, rows int) error {
	dims := s.shape(rows)
	head := []byte{0, 0, 0x08, byte(len(dims))}
	for _, d := range dims {
		if int64(d) > math.MaxUint32 {
			return wrong(s.Name, "%d rows or columns: IDX can hold %d", d, uint32(math.MaxUint32))
		}
		head = binary.BigEndian.AppendUint32(head, uint32(d))
	}
	_, err := x.b.Write(head)
	return err
}

func (x *idxWriter) part(s *Set) error {
	if err := s.CheckGaps(); err != nil {
		return err
	}
	if _, err := x.b.Write(s.U8); err != nil {
		return err
	}
	black, white := 0.0, 1.0
	if s.Black < s.White {
		black, white = s.Black, s.White
	}
	for i := range len(s.F32) + len(s.F64) {
		if err := x.b.WriteByte(byte(math.RoundToEven(255 * min(max((s.value(i)-black)/(white-black), 0), 1)))); err != nil {
			return err
		}
	}
	return nil
}

func (x *idxWriter) end() error { return x.b.Flush() }

// product multiplies sizes that are not negative; -1 where it overflows.
func product(dims []int) int {
	n := 1
	for _, d := range dims {
		if d != 0 && n > math.MaxInt/d {
			return -1
		}
		n *= d
	}
	return n
}
