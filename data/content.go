package data

import (
	"bytes"
	"context"
	"io"
	"os"
)

// pictureMagic are what pictures start with.
var pictureMagic = []string{"\x89PNG\r\n\x1a\n", "\xff\xd8\xff", "GIF8"}

// kindByContent tells what a file holds by how it starts: idx, picture, or "" where that does not say.
func kindByContent(ctx context.Context, path string) string {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	if isPictureName(path) {
		return "picture"
	}
	kind := ""
	_ = withFile(ctx, path, func(s *stream) error { // reading it will say what is wrong
		var head [12]byte
		n, _ := io.ReadFull(s, head[:])
		for _, magic := range pictureMagic {
			if bytes.HasPrefix(head[:n], []byte(magic)) {
				kind = "picture"
			}
		}
		if _, typed := idxTypes[head[2]]; n >= 8 && typed && head[0] == 0 && head[1] == 0 && head[3] > 0 {
			kind = "idx"
		}
		return nil
	})
	return kind
}
