package data

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// FuzzContent reads bytes without a name, from standard input and as two files of a folder: a set that is consistent, or
// an error about what was given.
func FuzzContent(f *testing.F) {
	f.Add([]byte("a,b\n1,x\n2,y\n"), []byte("b,a\nz,3\n"))
	f.Add([]byte("1;2,5\n3;4\n"), []byte("5;6\n"))
	f.Add([]byte("\x93NUMPY\x01\x00\x02\x00{}"), []byte("PK\x03\x04"))
	f.Add([]byte("\x00\x00\x08\x02\x00\x00\x00\x01\x00\x00\x00\x01\x07"), []byte("\x00\x00\x08\x02\x00\x00\x00\x01\x00\x00\x00\x01\x08"))
	f.Add([]byte("\x1f\x8b"), []byte("\x00"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		check := func(src *Source, err error) {
			var e *Error
			if err != nil {
				if !errors.As(err, &e) && !errors.Is(err, fs.ErrNotExist) {
					t.Fatalf("%v (%T): expected an *Error", err, err)
				}
				return
			}
			for _, s := range []*Set{src.Train, src.Val, src.Test} {
				if s == nil {
					continue
				}
				if err := s.Validate(); err != nil {
					t.Fatal(err)
				}
			}
		}
		check(Describe(WithInput(t.Context(), bytes.NewReader(a)), StandardInput, Reading{}))
		dir := t.TempDir()
		for name, text := range map[string][]byte{"part-1": a, "part-2": b} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		check(Describe(t.Context(), dir, Reading{}))
	})
}
