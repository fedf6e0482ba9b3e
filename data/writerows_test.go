package data

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// written are sets of every kind that a file can hold, of some thousand rows.
func written() []*Set {
	const rows = 2500
	floats := &Set{Name: "floats", Rows: rows, Cols: 12, Height: 2, Width: 2, Channels: 3, Labels: make([]int32, rows), Classes: []string{"cat", "dog"}}
	wide := &Set{Name: "wide", Rows: rows, Cols: 3, IDName: "row", Gaps: true,
		Columns: []Column{{Name: "width, in cm"}, {Name: "n", Kind: Count}, {Name: "colour", Kind: Category, Levels: []string{"red", `"blue"`}}}}
	bytes := &Set{Name: "bytes", Rows: rows, Cols: 7}
	for i := range rows * floats.Cols {
		floats.F32 = append(floats.F32, float32(i%1009)/1009)
	}
	for i := range rows {
		floats.Labels[i] = int32(i * i % 3 % 2)
		wide.F64 = append(wide.F64, 1.7e12+float64(i)/3, float64(i), float64(i%2))
		wide.IDs = append(wide.IDs, "r"+strings.Repeat("x", i%5))
		for j := range bytes.Cols {
			bytes.U8 = append(bytes.U8, uint8(i*j))
		}
	}
	wide.F64[3] = math.NaN()
	return []*Set{floats, wide, bytes}
}

func hashOf(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:6])
}

// TestPartsMakeTheSameBytes holds files that were written in parts against those written at once, and these against
// the bytes of earlier versions, which wrote everything at once.
func TestPartsMakeTheSameBytes(t *testing.T) {
	for _, s := range written() {
		for _, name := range []string{"a.npy", "a.npy.gz", "a.npz", "a.csv", "a.csv.gz", "a.tsv", "a.idx", "a.idx.gz", "a.npy.zst", "a.safetensors", "a.safetensors.gz", "a.parquet", "a.arrow"} {
			if s.Gaps && strings.HasPrefix(name, "a.idx") {
				continue
			}
			want := filepath.Join(t.TempDir(), name)
			if err := Write(want, s); err != nil {
				t.Fatal(err)
			}
			// How gzip packs is the Go version's, how tables with types are packed their libraries'.
			if got, kept := hashOf(t, want), writtenHashes[s.Name+" "+name]; got != kept && !strings.Contains(name, "z") && !strings.Contains(name, "ar") {
				t.Errorf("%s as %s: %s, want %s", s.Name, name, got, kept)
			}
			for _, size := range []int{1, 1000, 2500} {
				got := filepath.Join(t.TempDir(), name)
				err := WriteRows(got, s.Rows, func(use func(*Set) error) error {
					for at := 0; at < s.Rows; at += size {
						if err := use(s.Part(at, min(size, s.Rows-at))); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				if a, b := hashOf(t, got), hashOf(t, want); a != b {
					t.Errorf("%s as %s in parts of %d: other bytes", s.Name, name, size)
				}
			}
		}
	}
}

func TestWriteRowsRefuses(t *testing.T) {
	s := written()[0]
	var wrong *Error
	gone := errors.New("gone")
	for name, c := range map[string]struct {
		file string
		rows int
		each func(use func(*Set) error) error
		want string
	}{
		"too few":             {"a.csv", 5, func(use func(*Set) error) error { return use(s.Head(4)) }, "1 rows too few"},
		"none":                {"a.csv", 5, func(func(*Set) error) error { return nil }, "5 rows too few"},
		"too many":            {"a.npy", 5, func(use func(*Set) error) error { return use(s.Head(6)) }, "1 rows too many"},
		"columns":             {"a.npy", 9, func(use func(*Set) error) error { return errors.Join(use(s.Head(4)), use(written()[2].Head(5))) }, "does not go on"},
		"inconsistent":        {"a.csv", 5, func(use func(*Set) error) error { return use(&Set{Rows: 5, Cols: 2}) }, "0 values"},
		"ending":              {"a.doc", 5, func(use func(*Set) error) error { return use(s.Head(5)) }, "unknown kind of file"},
		"NPY of 2^63":         {"a.npy", math.MaxInt, func(use func(*Set) error) error { return use(s.Head(5)) }, "more than an NPY array can hold"},
		"safetensors of 2^63": {"a.safetensors", math.MaxInt, func(use func(*Set) error) error { return use(s.Head(5)) }, "more than a safetensors file can hold"},
		"IDX of 2^63":         {"a.idx", math.MaxInt, func(use func(*Set) error) error { return use(s.Head(5)) }, "IDX can hold"},
		"each":                {"a.csv", 5, func(use func(*Set) error) error { return errors.Join(use(s.Head(5)), gone) }, "gone"},
	} {
		dir := t.TempDir()
		err := WriteRows(filepath.Join(dir, c.file), c.rows, c.each)
		if err == nil || !strings.Contains(err.Error(), c.want) || name != "each" && !errors.As(err, &wrong) || name == "each" && !errors.Is(err, gone) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if n := names(t, dir); len(n) != 0 {
			t.Errorf("%s: left %v", name, n)
		}
	}
}

// fullDisk refuses every byte.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// TestAFullDiskEndsTheStream holds every format to end soon after bytes that cannot be written.
func TestAFullDiskEndsTheStream(t *testing.T) {
	for _, kind := range []string{"npy", "npz", "csv", "tsv", "idx", "safetensors", "parquet", "arrow"} {
		used, s := 0, written()[0]
		if kind == "safetensors" { // whose rows wait elsewhere where labels come first
			s = written()[2]
		}
		err := (&parts{w: newPartWriter(kind, io.Writer(fullDisk{})), left: math.MaxInt32}).write(func(use func(*Set) error) error {
			for ; used < 100; used++ {
				if err := use(s); err != nil {
					return err
				}
			}
			return nil
		})
		if !errors.Is(err, syscall.ENOSPC) || used > 50 {
			t.Errorf("%s: %v after %d parts", kind, err, used)
		}
	}
}

// writtenHashes are the first bytes of the SHA-256 of the files.
var writtenHashes = map[string]string{
	"floats a.npy": "6b8f6ef88801",
	"floats a.csv": "15358fe25120",
	"floats a.tsv": "3eafb2157cea",
	"floats a.idx": "076ba84c6a83",
	"wide a.npy":   "24732bc661d1",
	"wide a.csv":   "4f6602945e96",
	"wide a.tsv":   "39aed6fe6b2d",
	"bytes a.npy":  "7f762459d944",
	"bytes a.csv":  "7b856c0293c2",
	"bytes a.tsv":  "ac51bb47ceee",
	"bytes a.idx":  "a0271fabe42a",

	"floats a.safetensors": "5581a99865a8",
	"wide a.safetensors":   "81e21375a665",
	"bytes a.safetensors":  "378e36836859",
}
