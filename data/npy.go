package data

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"math"
	"strconv"
	"strings"
)

// openNPY reads the one array of an NPY file as examples.
func openNPY(ctx context.Context, path string) (*Set, error) {
	var set *Set
	err := withFile(ctx, path, func(s *stream) (err error) {
		set, err = readNPY(s)
		return err
	})
	if err != nil {
		return nil, err
	}
	return set, nil
}

// readNPY reads an NPY array of one or more dimensions: the first counts rows, the others make a row. Elements of uint8
// are grey bytes, all other numbers become float32, or float64 where float32 would blur them.
func readNPY(s *stream) (*Set, error) {
	h, err := readNPYHeader(s)
	if err != nil {
		return nil, err
	}
	set := &Set{Name: s.path, Rows: h.shape[0], Cols: product(h.shape[1:])}
	set.setGeometry(h.shape[1:])
	if strings.TrimLeft(h.descr, "<>|=") == "u1" {
		raw, err := s.grow(int64(product(h.shape)), "NPY elements")
		if err != nil {
			return nil, err
		}
		set.U8 = rowMajor(raw, h)
		return set, s.end("NPY array")
	}
	switch strings.TrimLeft(h.descr, "<>|=") {
	case "f8", "i4", "u4", "i8", "u8": // what float32 may not hold
		values, err := npyValues[float64](s, h)
		if err != nil {
			return nil, err
		}
		if err := s.ask(int64(len(values))*4, "numbers"); err != nil {
			return nil, err
		}
		set.keep(rowMajor(values, h))
	default:
		values, err := npyValues[float32](s, h)
		if err != nil {
			return nil, err
		}
		set.F32 = rowMajor(values, h)
	}
	return set, set.checkFinite(s.path)
}

// readNPYNumbers reads an NPY array of any shape as a list of float64, for labels.
func readNPYNumbers(s *stream) ([]float64, error) {
	h, err := readNPYHeader(s)
	if err != nil {
		return nil, err
	}
	values, err := npyValues[float64](s, h)
	return rowMajor(values, h), err
}

// npyValues reads all elements in the order in which they are stored. Memory grows with what arrives.
func npyValues[T float32 | float64](s *stream, h npyHeader) ([]T, error) {
	size, at, err := npyType(s.path, h.descr)
	if err != nil {
		return nil, err
	}
	n := product(h.shape)
	if err := s.can(int64(n)*int64(size), "NPY elements"); err != nil {
		return nil, err
	}
	wide := int64(8) // bytes of a T
	if _, narrow := any(T(0)).(float32); narrow {
		wide = 4
	}
	first := min(int64(n), max(s.hint, 1<<20)/int64(size))
	if err := s.ask(first*wide, "NPY elements"); err != nil {
		return nil, err
	}
	values := make([]T, 0, first)
	piece := make([]byte, size<<12)
	for len(values) < n {
		part := piece[:min(len(piece), (n-len(values))*size)]
		if len(values) == cap(values) { // append grows by a quarter
			if err := s.ask(int64(cap(values))*5/4*wide, "NPY elements"); err != nil {
				return nil, err
			}
		}
		if err := s.full(part, "NPY elements"); err != nil {
			return nil, err
		}
		for ; len(part) > 0; part = part[size:] {
			values = append(values, T(at(part)))
		}
	}
	return values, s.end("NPY array")
}

// npyType returns the width of an element type and how to read one as a number.
func npyType(path, descr string) (size int, at func([]byte) float64, err error) {
	var order binary.ByteOrder = binary.LittleEndian
	kind := descr
	switch {
	case descr == "":
	case descr[0] == '>':
		order, kind = binary.BigEndian, descr[1:]
	case descr[0] == '<' || descr[0] == '|' || descr[0] == '=':
		kind = descr[1:]
	}
	switch kind {
	case "b1", "u1":
		at = func(b []byte) float64 { return float64(b[0]) }
	case "i1":
		at = func(b []byte) float64 { return float64(int8(b[0])) }
	case "u2":
		at = func(b []byte) float64 { return float64(order.Uint16(b)) }
	case "i2":
		at = func(b []byte) float64 { return float64(int16(order.Uint16(b))) }
	case "u4":
		at = func(b []byte) float64 { return float64(order.Uint32(b)) }
	case "i4":
		at = func(b []byte) float64 { return float64(int32(order.Uint32(b))) }
	case "u8":
		at = func(b []byte) float64 { return float64(order.Uint64(b)) }
	case "i8":
		at = func(b []byte) float64 { return float64(int64(order.Uint64(b))) }
	case "f2":
		at = func(b []byte) float64 { return halfToFloat(order.Uint16(b)) }
	case "f4":
		at = func(b []byte) float64 { return float64(math.Float32frombits(order.Uint32(b))) }
	case "f8":
		at = func(b []byte) float64 { return math.Float64frombits(order.Uint64(b)) }
	default:
		return 0, nil, wrong(path, "NPY elements of type %q: expected booleans, integers or floats (b1, u1 to u8, i1 to i8, "+
			"f2, f4, f8)", descr)
	}
	size, err = strconv.Atoi(kind[1:])
	return size, at, err
}

// halfToFloat widens an IEEE binary16.
func halfToFloat(h uint16) float64 {
	sign := 1 - 2*float64(h>>15)
	exp, frac := int(h>>10&0x1f), float64(h&0x3ff)
	switch exp {
	case 0:
		return sign * math.Ldexp(frac, -24)
	case 0x1f:
		if frac != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1024+frac, exp-25)
}

// rowMajor brings values stored with the first index fastest into row-major order; others are returned as they are.
func rowMajor[T any](values []T, h npyHeader) []T {
	if !h.fortran || len(h.shape) < 2 || len(values) == 0 {
		return values
	}
	out := make([]T, len(values))
	at := make([]int, len(h.shape))
	strides := make([]int, len(h.shape)) // of out
	for k, n := len(h.shape)-1, 1; k >= 0; k-- {
		strides[k] = n
		n *= h.shape[k]
	}
	to := 0
	for _, v := range values {
		out[to] = v
		for k := range at {
			to += strides[k]
			if at[k]++; at[k] < h.shape[k] {
				break
			}
			to -= at[k] * strides[k]
			at[k] = 0
		}
	}
	return out
}

// npyWriter writes the features as one array, uint8, float32 or float64, with the images' geometry where it is known. A
// category is the number of its level, a missing cell NaN.
type npyWriter struct{ b *bufio.Writer }

func (n *npyWriter) begin(s *Set, rows int) error {
	descr, size := "<f4", 4
	switch {
	case s.U8 != nil:
		descr, size = "|u1", 1
	case s.F64 != nil:
		descr, size = "<f8", 8
	}
	if product([]int{rows, s.Cols, size}) < 0 {
		return wrong(s.Name, "%d rows of %d numbers are more than an NPY array can hold: expected fewer, or a CSV file", rows, s.Cols)
	}
	_, err := n.b.Write(formatNPYHeader(descr, s.shape(rows)))
	return err
}

func (n *npyWriter) part(s *Set) error {
	if _, err := n.b.Write(s.U8); err != nil {
		return err
	}
	var eight [8]byte
	for _, v := range s.F32 {
		binary.LittleEndian.PutUint32(eight[:], math.Float32bits(v))
		if _, err := n.b.Write(eight[:4]); err != nil {
			return err
		}
	}
	for _, v := range s.F64 {
		binary.LittleEndian.PutUint64(eight[:], math.Float64bits(v))
		if _, err := n.b.Write(eight[:]); err != nil {
			return err
		}
	}
	return nil
}

func (n *npyWriter) end() error { return n.b.Flush() }

// writeNPYLabels writes the labels as a one-dimensional array of int64.
func writeNPYLabels(w io.Writer, labels []int32) error {
	b := bufio.NewWriterSize(w, 1<<16)
	b.Write(formatNPYHeader("<i8", []int{len(labels)}))
	var eight [8]byte
	for _, l := range labels {
		binary.LittleEndian.PutUint64(eight[:], uint64(l))
		b.Write(eight[:])
	}
	return b.Flush()
}
