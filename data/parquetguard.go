package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
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

// isParquet says whether a file begins as Parquet does.
func isParquet(f *randomFile) bool {
	var magic [4]byte
	f.ReadAt(magic[:], 0)
	return string(magic[:]) == "PAR1"
}
