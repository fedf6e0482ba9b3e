package data

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func packed(content string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(content))
	z.Close()
	return b.String()
}

func flip(s string, at int) string {
	b := []byte(s)
	b[(at+len(b))%len(b)] ^= 0xff
	return string(b)
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
