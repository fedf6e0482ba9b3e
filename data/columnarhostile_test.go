package data

import (
	"bytes"
	"encoding/binary"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"
)

// TestHostileHeaders changes every run of bytes that may be a count, in headers and footers, to huge ones: what is taken
// stays within 100 MiB, and a second.
func TestHostileHeaders(t *testing.T) {
	for _, name := range []string{"table.parquet", "index.parquet", "types-gzip.parquet", "types-brotli.parquet", "types-zstd.parquet", "types-lz4.parquet",
		"table.feather", "named.feather", "types-zstd.feather", "types-stream.arrow"} {
		content, err := os.ReadFile("testdata/columnar/" + name)
		if err != nil {
			t.Fatal(err)
		}
		tries := 0
		for at := 4; at < len(content)-8; at += 1 + at/97%13 {
			bad := slices.Clone(content)
			switch at % 3 {
			case 0: // a varint, of Thrift
				copy(bad[at:], binary.AppendUvarint(nil, 1<<31-2))
			case 1: // a count of FlatBuffers
				copy(bad[at&^3:], []byte{0xf0, 0xff, 0xff, 0x7f})
			case 2:
				copy(bad[at&^7:], []byte{0, 0, 0, 0, 1, 0, 0, 0})
			}
			if tries++; tries > 250 {
				break
			}
			before, start := taken(), time.Now()
			hold(t, name, bad, readerOf(name))
			if n := taken() - before; n > 100<<20 {
				t.Errorf("%s, byte %d: %d MiB were taken", name, at, n>>20)
			}
			if d := time.Since(start); d > 3*time.Second {
				t.Errorf("%s, byte %d: %v", name, at, d)
			}
		}
	}
}

// taken is how many bytes were ever asked of Go.
func taken() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// TestManyRowsOfNothing holds a file whose pages say more than its bytes can mean to be refused.
func TestManyRowsOfNothing(t *testing.T) {
	s := &Set{Name: "same", Rows: 1 << 16, Cols: 3, F32: make([]float32, 3<<16), Columns: columnsNamed([]string{"a", "b", "c"})}
	for i := range s.F32 {
		s.F32[i] = float32(i % 3)
	}
	path := t.TempDir() + "/a.parquet"
	if err := Write(path, s); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := hold(t, "whole", content, readColumns("parquet")); got == nil || got.Rows != s.Rows {
		t.Error("a file of equal rows is not read")
	}
	// The number of rows of the group, a varint in the footer.
	old, more := binary.AppendVarint(nil, 1<<16), binary.AppendVarint(nil, 1<<17)
	if got := hold(t, "more", bytes.ReplaceAll(content, old, more[:len(old)]), readColumns("parquet")); got != nil {
		t.Error("a file with other counts is read")
	}
}
