package data

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sbinet/npyio/npy"
	"github.com/sbinet/npyio/npz"
)

func array(descr string, shape []int, elements any) string {
	var b bytes.Buffer
	b.Write(formatNPYHeader(descr, shape))
	binary.Write(&b, binary.LittleEndian, elements)
	return b.String()
}

func TestNPYAgainstNpyio(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npz")
	if err := Write(path, counted(100).Head(7)); err != nil {
		t.Fatal(err)
	}
	r, err := npz.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var x []float32
	if err := r.Read("X.npy", &x); err != nil || !slices.Equal(x, counted(7).F32) {
		t.Errorf("npyio reads %v, %v", x, err)
	}
	if h := r.Header("X.npy"); !slices.Equal(h.Descr.Shape, []int{7, 1}) {
		t.Errorf("npyio reads shape %v", h.Descr.Shape)
	}
	for _, v := range []any{[]float64{1, 2, 3}, []float32{1, 2, 3}, []int64{1, 2, 3}, []uint16{1, 2, 3}, []int8{1, 2, 3}} {
		var b bytes.Buffer
		if err := npy.Write(&b, v); err != nil {
			t.Fatal(err)
		}
		if s := open(t, file(t, "a.npy", b.String())); !slices.Equal(s.F32, []float32{1, 2, 3}) || s.Rows != 3 || s.Cols != 1 {
			t.Errorf("%T: %d x %d %v", v, s.Rows, s.Cols, s.F32)
		}
	}
}

func TestNPYTypesAndLayouts(t *testing.T) {
	be := func(descr string, shape []int, bytes ...byte) string {
		return string(formatNPYHeader(descr, shape)) + string(bytes)
	}
	column := bytes.Replace([]byte(array("<f4", []int{2, 3}, []float32{0, 3, 1, 4, 2, 5})),
		[]byte("'fortran_order': False"), []byte("'fortran_order': True "), 1)
	python2 := bytes.Replace([]byte(array("<f4", []int{2, 1}, []float32{1, 2})), []byte("(2, 1)"), []byte("(2L,1)"), 1)
	for _, c := range []struct {
		name, content string
		rows, cols    int
		want          []float32
	}{
		{name: "float64", content: array("<f8", []int{2, 1}, []float64{1, -2}), rows: 2, cols: 1, want: []float32{1, -2}},
		{name: "big end float32", content: be(">f4", []int{1}, 0x3f, 0x80, 0, 0), rows: 1, cols: 1, want: []float32{1}},
		{name: "big end int16", content: be(">i2", []int{2}, 0xff, 0xfe, 0, 3), rows: 2, cols: 1, want: []float32{-2, 3}},
		{name: "float16", content: array("<f2", []int{5}, []uint16{0x3c00, 0xc000, 0x0001, 0x7bff, 0x8000}), rows: 5, cols: 1, want: []float32{1, -2, 1. / (1 << 24), 65504, 0}},
		{name: "bool", content: array("|b1", []int{3}, []uint8{0, 1, 1}), rows: 3, cols: 1, want: []float32{0, 1, 1}},
		{name: "uint64", content: array("<u8", []int{1, 2}, []uint64{1, 1 << 40}), rows: 1, cols: 2, want: []float32{1, 1 << 40}},
		{name: "four dimensions", content: array("<i4", []int{1, 2, 1, 2}, []int32{1, 2, 3, 4}), rows: 1, cols: 4, want: []float32{1, 2, 3, 4}},
		{name: "column-major", content: string(column), rows: 2, cols: 3, want: []float32{0, 1, 2, 3, 4, 5}},
		{name: "Python 2", content: string(python2), rows: 2, cols: 1, want: []float32{1, 2}},
	} {
		for _, content := range []string{c.content, packed(c.content)} {
			s := open(t, file(t, "a.npy", content))
			if s.Rows != c.rows || s.Cols != c.cols || !slices.Equal(s.F32, c.want) {
				t.Errorf("%s: %d x %d %v, want %d x %d %v", c.name, s.Rows, s.Cols, s.F32, c.rows, c.cols, c.want)
			}
		}
	}
}

func TestNPYRefuses(t *testing.T) {
	good := array("<f4", []int{2, 2}, []float32{1, 2, 3, 4})
	nan := float32(math.NaN())
	for _, c := range []struct {
		name, content string
		words         []string
	}{
		{"empty", "", []string{"a.npy", "the data ends inside the NPY header"}},
		{"text", "hello, world", []string{"starts with 68 65", "expected an NPY header"}},
		{"version", "\x93NUMPY\x09\x00\x00\x00", []string{"byte 6", "version 9"}},
		{"long header", "\x93NUMPY\x02\x00\xff\xff\xff\xff", []string{"byte 8", "4294967295"}},
		{"no keys", "\x93NUMPY\x01\x00\x02\x00{}", []string{"descr"}},
		{"record", array("[('a', '<f4')]", []int{1}, []float32{1}), []string{"type"}},
		{"text elements", array("<U3", []int{1}, []uint8{0}), []string{`"<U3"`, "expected booleans"}},
		{"objects", array("|O", []int{1}, []uint8{0}), []string{`"|O"`}},
		{"scalar", array("<f4", nil, []float32{1}), []string{"without dimensions"}},
		{"no rows", array("<f4", []int{0, 3}, []float32{}), []string{"above 0"}},
		{"overflow", array("<f4", []int{1 << 40, 1 << 40}, []float32{}), []string{"product fits"}},
		{"size", array("<f4", []int{99999999999999999}, []float32{}), []string{"expected 399999999999999996 bytes"}},
		{"huge bytes", array("|u1", []int{1 << 50}, []uint8{}), []string{"at most 0 can follow"}},
		{"short", good[:len(good)-1], []string{"byte 128", "expected 16 bytes", "at most 15"}},
		{"long", good + "x", []string{"byte 144", "expected the end"}},
		{"NaN", array("<f4", []int{2, 2}, []float32{1, 2, nan, 4}), []string{"row 2: column 1: NaN"}},
		{"too large", array("<f8", []int{1, 2}, []float64{1, 1e39}), []string{"row 1: column 2", "too large"}},
		{"packed short", packed(good)[:40], []string{"the data ends"}},
		{"packed checksum", flip(packed(good), -8), []string{"checksum"}},
		{"packed header", "\x1f\x8b\x07", []string{"a.npy", "cut short"}},
	} {
		_, err := Open(context.Background(), file(t, "a.npy", c.content))
		wantError(t, err, c.words...)
	}
}
