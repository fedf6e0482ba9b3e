package data

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"
)

// element is how one number of an array is stored.
type element struct {
	size   int // bytes
	at     func([]byte) float64
	single bool // float32 holds every value
	long   bool // an integer that float64 may round
}

// elementOf returns the element type of an NPY description, such as "<f4", false where it is none of real numbers.
// "bf2" is bfloat16, which NPY does not have and safetensors does.
func elementOf(descr string) (e element, ok bool) {
	order := binary.ByteOrder(binary.LittleEndian)
	if strings.HasPrefix(descr, ">") {
		order = binary.BigEndian
	}
	kind := bareType(descr)
	switch kind {
	case "b1":
		e.at = func(b []byte) float64 {
			if b[0] != 0 {
				return 1
			}
			return 0
		}
	case "u1":
		e.at = func(b []byte) float64 { return float64(b[0]) }
	case "i1":
		e.at = func(b []byte) float64 { return float64(int8(b[0])) }
	case "u2":
		e.at = func(b []byte) float64 { return float64(order.Uint16(b)) }
	case "i2":
		e.at = func(b []byte) float64 { return float64(int16(order.Uint16(b))) }
	case "u4":
		e.at = func(b []byte) float64 { return float64(order.Uint32(b)) }
	case "i4":
		e.at = func(b []byte) float64 { return float64(int32(order.Uint32(b))) }
	case "u8":
		e.at = func(b []byte) float64 { return float64(order.Uint64(b)) }
	case "i8":
		e.at = func(b []byte) float64 { return float64(int64(order.Uint64(b))) }
	case "f2":
		e.at = func(b []byte) float64 { return halfToFloat(order.Uint16(b)) }
	case "bf2":
		e.at = func(b []byte) float64 { return float64(math.Float32frombits(uint32(order.Uint16(b)) << 16)) }
	case "f4":
		e.at = func(b []byte) float64 { return float64(math.Float32frombits(order.Uint32(b))) }
	case "f8":
		e.at = func(b []byte) float64 { return math.Float64frombits(order.Uint64(b)) }
	default:
		return element{}, false
	}
	e.size = int(kind[len(kind)-1] - '0')
	e.long = kind == "u8" || kind == "i8"
	e.single = !slices.Contains([]string{"f8", "i4", "u4", "i8", "u8"}, kind)
	return e, true
}

// bareType is a description without its byte order.
func bareType(descr string) string { return strings.TrimLeft(descr, "<>|=") }

// typeName is what numpy calls an element type: float32 for "<f4".
func typeName(descr string) string {
	kind := bareType(descr)
	if kind == "bf2" {
		return "bfloat16"
	}
	if kind == "" {
		return "an unknown type"
	}
	if kind == recordType {
		return kind
	}
	bytes, err := strconv.Atoi(kind[1:])
	switch kind[0] {
	case 'b':
		return "bool"
	case 'O':
		return "objects"
	case 'U', 'S':
		return "text"
	case 'M', 'm':
		return "dates"
	}
	if name := map[byte]string{'u': "uint", 'i': "int", 'f': "float", 'c': "complex"}[kind[0]]; name != "" && err == nil && bytes > 0 && bytes <= 64 {
		return name + strconv.Itoa(8*bytes)
	}
	return clip(strconv.Quote(descr))
}

// notNumbers refuses elements that are no real numbers, and says what to save in their place.
func notNumbers(path, descr string) error {
	const expected = "expected booleans, integers or floats of up to 8 bytes"
	why := ""
	switch kind := bareType(descr); {
	case kind == recordType:
		return wrong(path, "records with named fields: %s; numpy.lib.recfunctions.structured_to_unstructured makes numbers of them", expected)
	case strings.HasPrefix(kind, "O"):
		why = " (Python objects, which are never unpickled): " + expected + "; save a.astype(numpy.float32)"
	case strings.HasPrefix(kind, "c"):
		why = " (complex numbers): " + expected + "; save numpy.abs(a), or numpy.stack([a.real, a.imag], -1)"
	case strings.HasPrefix(kind, "U"), strings.HasPrefix(kind, "S"):
		why = " (text, which only labels may be): " + expected
	case strings.HasPrefix(kind, "M"), strings.HasPrefix(kind, "m"):
		why = " (dates): " + expected + "; save a.astype(numpy.int64)"
	default:
		why = ": " + expected
	}
	return wrong(path, "elements of type %q%s", clip(descr), why)
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

// number is a type that values are kept in.
type number interface {
	uint8 | float32 | float64
}

// numbersOf reads n elements of what, in the order in which they are stored, as blocks: a list that never has to be
// copied to grow. A claim that is plausible gets one block; others grow with what arrives.
func numbersOf[T float32 | float64](s *stream, n int, e element, what string) ([][]T, error) {
	if err := s.can(int64(n)*int64(e.size), what); err != nil {
		return nil, err
	}
	wide := int64(8) // bytes of a T
	if _, narrow := any(T(0)).(float32); narrow {
		wide = 4
	}
	first := int(min(int64(n), max(s.hint, 1<<20)/int64(e.size)))
	var blocks [][]T
	if disk := diskOf(s.ctx); disk != nil && !disk.takes(int64(n)*wide) {
		b, err := disk.spool(int64(n)*wide, true)
		if err != nil {
			return nil, err
		}
		blocks = [][]T{asArray[T](b)[:0]}
	} else {
		if err := s.ask(int64(first)*wide, what); err != nil {
			return nil, err
		}
		blocks = [][]T{make([]T, 0, first)}
	}
	piece := make([]byte, min(n, 1<<12)*e.size)
	for read, last := 0, 0; read < n; {
		if len(blocks[last]) == cap(blocks[last]) {
			if last%someBlocks == 0 { // and the list that all are joined to in the end
				if err := s.ask((someBlocks*blockValues+int64(read))*wide, what); err != nil {
					return nil, err
				}
			}
			blocks, last = append(blocks, make([]T, 0, min(blockValues, n-read))), last+1
		}
		block := blocks[last]
		part := piece[:min(len(piece), (cap(block)-len(block))*e.size)]
		if err := s.full(part, what); err != nil {
			return nil, err
		}
		for at := 0; at < len(part); at += e.size {
			block = append(block, T(e.at(part[at:])))
		}
		read += len(block) - len(blocks[last])
		blocks[last] = block
	}
	return blocks, nil
}

// rowMajor returns the numbers of the blocks, which are an array of that shape, in row-major order. The blocks are let
// go; one that is in order already is returned as it is.
func rowMajor[T, S number](disk *Disk, blocks [][]S, shape []int, fortran bool) ([]T, error) {
	fortran = fortran && len(shape) > 1
	if same, ok := any(blocks).([][]T); ok && len(blocks) == 1 && !fortran {
		return same[0], nil
	}
	out, err := newArray[T](disk, product(shape))
	if err != nil {
		return nil, err
	}
	if fortran {
		return fromFortran(disk, blocks, shape, out), nil
	}
	to := out
	for k, block := range blocks {
		for i, v := range block {
			to[i] = T(v)
		}
		to = to[len(block):]
		release(disk, block)
		blocks[k] = nil
	}
	return out, nil
}

// fromFortran fills out with numbers that are stored with the first index fastest.
func fromFortran[T, S number](disk *Disk, blocks [][]S, shape []int, out []T) []T {
	at := make([]int, len(shape))
	strides := make([]int, len(shape)) // of out
	for k, n := len(shape)-1, 1; k >= 0; k-- {
		strides[k] = n
		n *= shape[k]
	}
	to := 0
	for b, block := range blocks {
		for _, v := range block {
			out[to] = T(v)
			for k := range at {
				to += strides[k]
				if at[k]++; at[k] < shape[k] {
					break
				}
				to -= at[k] * strides[k]
				at[k] = 0
			}
		}
		release(disk, block)
		blocks[b] = nil
	}
	return out
}
