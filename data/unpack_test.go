package data

import (
	"bytes"
	"context"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func zstdPacked(content string, options ...zstd.EOption) string {
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, append([]zstd.EOption{zstd.WithEncoderConcurrency(1)}, options...)...)
	if err != nil {
		panic(err)
	}
	z.Write([]byte(content))
	z.Close()
	return b.String()
}

// tensorsOf is a safetensors file of a header and elements.
func tensorsOf(header, elements string) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))) + header + elements
}

func TestZstdIsFoundByContent(t *testing.T) {
	table := "a,b\n" + strings.Repeat("1,2\n3,4\n", 1000)
	for _, name := range []string{"a.csv", "a.csv.zst", "a.CSV.ZST", "a.csv.gz"} {
		if s := open(t, file(t, name, zstdPacked(table))); s.Rows != 2000 || s.Cols != 2 {
			t.Errorf("%s: %d x %d", name, s.Rows, s.Cols)
		}
	}
	whole := zstdPacked(table)
	for _, c := range map[string]struct{ content, word string }{
		"cut":         {whole[:len(whole)-5], "cut short"},
		"head":        {whole[:5], "cut short"},
		"checksum":    {flip(whole, -2), "checksum"},
		"window":      {zstdPacked(strings.Repeat(table, 1000), zstd.WithWindowSize(128<<20), zstd.WithSingleSegment(false)), "64 MiB"},
		"block":       {whole[:9] + "\xff\xff\xff\xff" + whole[13:], "damaged"},
		"not at once": {whole + "more", "damaged"},
	} {
		_, err := Open(context.Background(), file(t, "a.csv.zst", c.content))
		wantError(t, err, "a.csv.zst", c.word)
	}
}
