package data

import (
	"context"
	"os"
	"testing"
)

// BenchmarkReadFile reads the file that AEGPU_FILE names, as train does.
func BenchmarkReadFile(b *testing.B) {
	name := os.Getenv("AEGPU_FILE")
	info, err := os.Stat(name)
	if err != nil {
		b.Skip("AEGPU_FILE names no file")
	}
	b.SetBytes(info.Size())
	for b.Loop() {
		if _, err := Open(context.Background(), name); err != nil {
			b.Fatal(err)
		}
	}
}
