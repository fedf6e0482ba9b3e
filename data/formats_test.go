package data

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sbinet/npyio/npy"
	"github.com/sbinet/npyio/npz"
)

// open opens a file and returns its training part.
func open(t *testing.T, path string) *Set {
	t.Helper()
	src, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := src.Train.Validate(); err != nil {
		t.Fatal(err)
	}
	return src.Train
}

// packed is content as gzip.
func packed(content string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(content))
	z.Close()
	return b.String()
}

// array is an NPY file of version 1.
func array(descr string, shape []int, elements any) string {
	var b bytes.Buffer
	b.Write(formatNPYHeader(descr, shape))
	binary.Write(&b, binary.LittleEndian, elements)
	return b.String()
}

func TestWhatIsWrittenReadsBack(t *testing.T) {
	images := &Set{Name: "images", Rows: 2, Cols: 6, Height: 2, Width: 3, Channels: 1,
		U8: []uint8{0, 50, 100, 150, 200, 255, 1, 2, 3, 4, 5, 6}, Labels: []int32{1, 0}, Classes: []string{"cat", "dog"}}
	colour := &Set{Name: "colour", Rows: 1, Cols: 6, Height: 1, Width: 2, Channels: 3, U8: []uint8{9, 8, 7, 6, 5, 4}}
	floats := &Set{Name: "floats", Rows: 3, Cols: 2, F32: []float32{0.1, -1e-30, math.MaxFloat32, 1. / 3, 16777217, 0},
		Columns: []string{"width, in cm", `the "other"`}, Labels: []int32{0, 2, 1}, Classes: []string{"0", "1", "2"}}
	for _, s := range []*Set{images, colour, floats} {
		for _, name := range []string{"a.npy", "a.npy.gz", "a.npz", "a.csv", "a.csv.gz", "a.tsv", "a.TSV.GZ", "a.idx", "a.idx.gz"} {
			path := filepath.Join(t.TempDir(), name)
			if err := Write(path, s); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			kind := format(name)
			if kind == "idx" && s.U8 == nil {
				continue // floats become bytes: TestIDXRoundsFloats
			}
			got := open(t, path)
			want, have := s.Dense().Data(), got.Dense().Data()
			if got.Rows != s.Rows || !slices.Equal(have.([]float32), want.([]float32)) {
				t.Errorf("%s as %s: %v, want %v", s.Name, name, have, want)
			}
			table := kind == "csv" || kind == "tsv"
			if !table && (got.Height != s.Height || got.Width != s.Width || got.Channels != s.Channels) {
				t.Errorf("%s as %s: image of %dx%dx%d", s.Name, name, got.Height, got.Width, got.Channels)
			}
			if table && s.Columns != nil && !slices.Equal(got.Columns, s.Columns) {
				t.Errorf("%s as %s: columns %q", s.Name, name, got.Columns)
			}
			if (table || kind == "npz") && !slices.Equal(got.Labels, s.Labels) {
				t.Errorf("%s as %s: labels %v, want %v", s.Name, name, got.Labels, s.Labels)
			}
			if table && !slices.Equal(got.Classes, s.Classes) {
				t.Errorf("%s as %s: classes %v, want %v", s.Name, name, got.Classes, s.Classes)
			}
		}
	}
}

func TestTheSameSetGivesTheSameBytes(t *testing.T) {
	for _, name := range []string{"a.npz", "a.npy.gz"} {
		a, b := filepath.Join(t.TempDir(), name), filepath.Join(t.TempDir(), name)
		for _, p := range []string{a, b} {
			if err := Write(p, small()); err != nil {
				t.Fatal(err)
			}
		}
		x, _ := os.ReadFile(a)
		y, _ := os.ReadFile(b)
		if !bytes.Equal(x, y) {
			t.Errorf("%s: two files of the same set differ", name)
		}
	}
}

func TestIDXRoundsFloats(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.idx")
	if err := Write(path, &Set{Rows: 1, Cols: 5, F32: []float32{-1, 0.4 / 255, 1.6 / 255, 1, 7}}); err != nil {
		t.Fatal(err)
	}
	if got := open(t, path).U8; !slices.Equal(got, []uint8{0, 0, 2, 255, 255}) {
		t.Errorf("got %v", got)
	}
}

// Another implementation reads our arrays, and we read its.
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
		{"float64", array("<f8", []int{2, 1}, []float64{1, -2}), 2, 1, []float32{1, -2}},
		{"big end float32", be(">f4", []int{1}, 0x3f, 0x80, 0, 0), 1, 1, []float32{1}},
		{"big end int16", be(">i2", []int{2}, 0xff, 0xfe, 0, 3), 2, 1, []float32{-2, 3}},
		{"float16", array("<f2", []int{5}, []uint16{0x3c00, 0xc000, 0x0001, 0x7bff, 0x8000}), 5, 1, []float32{1, -2, 1. / (1 << 24), 65504, 0}},
		{"bool", array("|b1", []int{3}, []uint8{0, 1, 1}), 3, 1, []float32{0, 1, 1}},
		{"uint64", array("<u8", []int{1, 2}, []uint64{1, 1 << 40}), 1, 2, []float32{1, 1 << 40}},
		{"four dimensions", array("<i4", []int{1, 2, 1, 2}, []int32{1, 2, 3, 4}), 1, 4, []float32{1, 2, 3, 4}},
		{"column-major", string(column), 2, 3, []float32{0, 1, 2, 3, 4, 5}},
		{"Python 2", string(python2), 2, 1, []float32{1, 2}},
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

// flip returns s with one byte changed; at counts from the end where it is negative.
func flip(s string, at int) string {
	b := []byte(s)
	b[(at+len(b))%len(b)] ^= 0xff
	return string(b)
}

func TestNPZArrays(t *testing.T) {
	write := func(arrays map[string]any) string {
		path := filepath.Join(t.TempDir(), "a.npz")
		w, err := npz.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		for name, v := range arrays {
			if err := w.Write(name, v); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return path
	}
	s := open(t, write(map[string]any{"X.npy": []float64{1, 2, 3}, "y.npy": []float64{-1, 1, -1}}))
	if !slices.Equal(s.Labels, []int32{0, 1, 0}) || !slices.Equal(s.Classes, []string{"-1", "1"}) {
		t.Errorf("labels %v of %v", s.Labels, s.Classes)
	}
	if s := open(t, write(map[string]any{"codes.npy": []float64{1, 2, 3}})); s.Rows != 3 || s.Labels != nil {
		t.Errorf("one array: %+v", s)
	}
	src, err := Open(context.Background(), write(map[string]any{"x_train.npy": []uint8{1, 2, 3}, "y_train.npy": []int64{0, 1, 5},
		"x_test.npy": []uint8{4, 5}, "y_test.npy": []int64{2, 0}}))
	if err != nil {
		t.Fatal(err)
	}
	if src.Test == nil || src.Test.Rows != 2 || !slices.Equal(src.Test.Labels, []int32{2, 0}) || len(src.Train.Classes) != 6 {
		t.Errorf("two parts: %+v, %+v", src.Train, src.Test)
	}
	for _, c := range []struct {
		arrays map[string]any
		words  []string
	}{
		{map[string]any{"a.npy": []int8{1}, "b.npy": []int8{1}}, []string{"no array named X", "a.npy"}},
		{map[string]any{"X.npy": []int8{1}, "y.npy": []int8{1, 2}}, []string{"a.npz/y", "2 labels: expected 1"}},
		{map[string]any{"X.npy": []int8{1}, "y.npy": []float64{math.NaN()}}, []string{"a.npz/y", "row 1", "NaN"}},
		{map[string]any{"X.npy": []float64{math.Inf(1)}}, []string{"a.npz/X", "row 1", "infinite"}},
	} {
		_, err := Open(context.Background(), write(c.arrays))
		wantError(t, err, c.words...)
	}
}

func TestNPZRefusesDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npz")
	if err := Write(path, counted(2000)); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range map[string]string{
		"text": "hello", "empty": "", "cut": string(whole[:len(whole)/2]), "changed": flip(string(whole), len(whole)/2),
	} {
		_, err := Open(context.Background(), file(t, "a.npz", content))
		wantError(t, err, "a.npz", "expected")
	}
}

func TestIDXTypesAndLabels(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"train-images-idx3-ubyte":   "\x00\x00\x08\x03\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x02\x01\x02\x03\x04",
		"train-labels-idx1-ubyte":   packed("\x00\x00\x08\x01\x00\x00\x00\x02\x00\x02"),
		"t10k-images-idx3-ubyte.gz": packed("\x00\x00\x08\x03\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x02\x09\x08"),
		"t10k-labels-idx1-ubyte.gz": "\x00\x00\x08\x01\x00\x00\x00\x01\x03",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	src, err := Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(src.Train.Labels, []int32{0, 2}) || !slices.Equal(src.Test.Labels, []int32{3}) || len(src.Test.Classes) != 4 {
		t.Errorf("labels %v and %v of %v", src.Train.Labels, src.Test.Labels, src.Test.Classes)
	}
	if s := open(t, filepath.Join(dir, "t10k-images-idx3-ubyte.gz")); !slices.Equal(s.Labels, []int32{3}) || !slices.Equal(s.U8, []uint8{9, 8}) {
		t.Errorf("one file: %+v", s)
	}
	_, err = Open(context.Background(), filepath.Join(dir, "train-labels-idx1-ubyte"))
	wantError(t, err, "one dimension", "expected examples")
	os.WriteFile(filepath.Join(dir, "t10k-labels-idx1-ubyte.gz"), []byte("\x00\x00\x08\x01\x00\x00\x00\x02\x03\x03"), 0o644)
	_, err = Open(context.Background(), dir)
	wantError(t, err, "t10k-labels", "2 labels: expected 1")

	for content, want := range map[string][]float32{
		"\x00\x00\x09\x02\x00\x00\x00\x01\x00\x00\x00\x02\xff\x02":                         {-1, 2},
		"\x00\x00\x0b\x02\x00\x00\x00\x01\x00\x00\x00\x01\xff\xfe":                         {-2},
		"\x00\x00\x0c\x02\x00\x00\x00\x01\x00\x00\x00\x01\x00\x01\x00\x00":                 {65536},
		"\x00\x00\x0d\x02\x00\x00\x00\x01\x00\x00\x00\x01\x3f\x80\x00\x00":                 {1},
		"\x00\x00\x0e\x02\x00\x00\x00\x01\x00\x00\x00\x01\x3f\xf0\x00\x00\x00\x00\x00\x00": {1},
	} {
		if s := open(t, file(t, "a.idx", content)); !slices.Equal(s.F32, want) {
			t.Errorf("% x: %v, want %v", content, s.F32, want)
		}
	}
}

func TestIDXRefuses(t *testing.T) {
	good := "\x00\x00\x08\x02\x00\x00\x00\x02\x00\x00\x00\x02\x01\x02\x03\x04"
	for _, c := range []struct {
		name, content string
		words         []string
	}{
		{"empty", "", []string{"the data ends inside the IDX header"}},
		{"text", "hello, world", []string{"starts with 68 65", "expected an IDX header"}},
		{"type", "\x00\x00\x0a\x01", []string{"expected an IDX header"}},
		{"header cut", good[:10], []string{"byte 10", "IDX header"}},
		{"no rows", "\x00\x00\x08\x02\x00\x00\x00\x00\x00\x00\x00\x02", []string{"byte 4", "above 0"}},
		{"overflow", "\x00\x00\x08\x03" + string(bytes.Repeat([]byte{0xff}, 12)), []string{"byte 4", "product fits"}},
		{"huge", "\x00\x00\x08\x02\x00\xff\xff\xff\x0f\xff\xff\xff", []string{"byte 12", "at most 0"}},
		{"huge, packed", packed("\x00\x00\x08\x02\x00\xff\xff\xff\x00\x00\xff\xff"), []string{"byte 12", "cut short or damaged"}},
		{"cut", good[:15], []string{"byte 12", "expected 4 bytes", "at most 3"}},
		{"cut, packed", packed(good[:15]), []string{"byte 15", "found 3"}},
		{"more", good + "x", []string{"byte 16", "expected the end"}},
		{"packed, cut", packed(good)[:len(packed(good))-6], []string{"cut short"}},
		{"packed, damaged", flip(packed(good), 11), []string{"a.idx"}},
		{"packed, checksum", flip(packed(good), -8), []string{"checksum"}},
		{"NaN", "\x00\x00\x0d\x02\x00\x00\x00\x01\x00\x00\x00\x01\x7f\xff\xff\xff", []string{"row 1: column 1: NaN"}},
	} {
		_, err := Open(context.Background(), file(t, "a.idx", c.content))
		wantError(t, err, c.words...)
	}
}
