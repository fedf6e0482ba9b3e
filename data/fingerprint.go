package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
)

// Fingerprint returns the sha256, as hexadecimal digits, of all that a training sees of the parts: their shapes, values
// as they are stored, labels, classes and columns. Names of sets and of rows are left out. A part may be nil.
func Fingerprint(parts ...*Set) string {
	return fingerprint(parts, func(k int) blockTasks {
		if k == 0 { // what is trained on
			return parts[k].summary()
		}
		return nil
	})
}

// blockTasks make tasks of the next rows, which are in memory.
type blockTasks func(start int, block *Set) []func()

// fingerprint is Fingerprint that does also what there is to do for a part, nil for nothing.
func fingerprint(parts []*Set, also func(part int) blockTasks) string {
	h := sha256.New()
	for k, s := range parts {
		if s == nil {
			fmt.Fprintln(h, "none")
			continue
		}
		s.describe(h)
		more := also(k)
		s.walk(func(start int, block *Set) []func() {
			tasks := []func(){func() { block.addNumbers(h) }}
			if more != nil {
				tasks = append(tasks, more(start, block)...)
			}
			return tasks
		})
		if s.Target != nil {
			fmt.Fprintln(h, "targets", Fingerprint(s.Target))
		}
		addValues(h, s.Labels, 4, func(b []byte, v int32) { binary.LittleEndian.PutUint32(b, uint32(v)) })
		s.addCondition(h)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// littleEndian says whether the machine keeps numbers as fingerprints take them.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// addNumbers adds the values as they are stored.
func (s *Set) addNumbers(h hash.Hash) {
	h.Write(s.U8)
	if littleEndian {
		h.Write(asBytesOf(s.F32))
		h.Write(asBytesOf(s.F64))
		return
	}
	addValues(h, s.F32, 4, func(b []byte, v float32) { binary.LittleEndian.PutUint32(b, math.Float32bits(v)) })
	addValues(h, s.F64, 8, func(b []byte, v float64) { binary.LittleEndian.PutUint64(b, math.Float64bits(v)) })
}

// describe adds what there is beside the values.
func (s *Set) describe(h hash.Hash) {
	var stored [3]int
	switch n := s.Rows * s.Cols; {
	case s.IsBytes():
		stored[0] = n
	case s.IsFloat64():
		stored[2] = n
	default:
		stored[1] = n
	}
	fmt.Fprintln(h, s.Rows, s.Cols, s.Height, s.Width, s.Channels, s.Gaps, stored[0], stored[1], stored[2], len(s.Labels))
	for _, c := range s.Columns {
		kind := c.Kind
		if c.events { // other versions do not make that guess, and the values are the same
			kind = Real
		}
		fmt.Fprintf(h, "%q %d %q\n", c.Name, kind, c.Levels)
	}
	fmt.Fprintf(h, "%q\n", s.Classes)
}

// addValues adds values by their bytes, a buffer at a time.
func addValues[T any](h hash.Hash, values []T, size int, put func([]byte, T)) {
	const many = 4096
	buffer := make([]byte, 0, min(many, len(values))*size)
	for len(values) > 0 {
		n := min(many, len(values))
		buffer = buffer[:n*size]
		for i, v := range values[:n] {
			put(buffer[i*size:], v)
		}
		h.Write(buffer)
		values = values[n:]
	}
}
