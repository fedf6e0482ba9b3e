//go:build unix

package data

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// readWith reads a file with a Disk for so much memory.
func readWith(t *testing.T, path string, memory int64) (*Set, *Disk) {
	t.Helper()
	d := NewDisk(memory, t.TempDir())
	t.Cleanup(d.Close)
	src, err := Read(WithDisk(context.Background(), d), path, Reading{})
	if err != nil {
		t.Fatal(err)
	}
	return src.Train, d
}

// Bytes that a model takes as numbers are still there for others who read them.
func TestBytesAsNumbersStayOnDisk(t *testing.T) {
	const rows, side = 40, 8
	pictures := &Set{Rows: rows, Cols: side * side, Height: side, Width: side, Channels: 1, U8: make([]uint8, rows*side*side)}
	numbers := &Set{Rows: rows, Cols: side * side, Height: side, Width: side, Channels: 1, F32: make([]float32, rows*side*side)}
	for i := range pictures.U8 {
		pictures.U8[i] = uint8(i * 7)
		numbers.F32[i] = float32(pictures.U8[i])
	}
	path := filepath.Join(t.TempDir(), "bytes.npy")
	if err := Write(path, pictures); err != nil {
		t.Fatal(err)
	}
	p, err := FitPreparation(numbers, PreparationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s, _ := readWith(t, path, 0)
	for range 2 {
		m, err := p.Match(s)
		if err != nil {
			t.Fatal(err)
		}
		if !s.OnDisk() || !bytes.Equal(s.U8, pictures.U8) {
			t.Fatal("the bytes are gone")
		}
		for i, v := range numbers.F32 {
			if got := m.At(i/m.Cols, i%m.Cols); got != float64(v) {
				t.Fatalf("value %d is %g, want %g", i, got, v)
			}
		}
	}
}

// What a model sees of a few rows takes no room that others need, of memory or disk.
func TestPartsAreNotKept(t *testing.T) {
	set := &Set{Rows: 300, Cols: 64, Height: 8, Width: 8, Channels: 1, U8: make([]uint8, 300*64)}
	like := &Set{Rows: 2, Cols: 64, Height: 8, Width: 8, Channels: 1, F32: make([]float32, 2*64)}
	like.F32[0] = 255
	path := filepath.Join(t.TempDir(), "bytes.npy")
	if err := Write(path, set); err != nil {
		t.Fatal(err)
	}
	p, err := FitPreparation(like, PreparationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, memory := range []int64{0, 1 << 20} {
		s, d := readWith(t, path, memory)
		left := d.left
		_, all := d.Kept()
		for start := 0; start < s.Rows; start += 10 {
			if _, err := p.Apply(s.Part(start, 10)); err != nil {
				t.Fatal(err)
			}
		}
		if _, now := d.Kept(); d.left != left || now != all {
			t.Errorf("with %d bytes of memory, %d are left and %d are on disk: want %d and %d", memory, d.left, now, left, all)
		}
	}
}

// The parts of a folder of tables are on disk as the table is.
func TestPartsOfShardsOnDisk(t *testing.T) {
	dir := t.TempDir()
	for name, rows := range map[string]string{"train-0.csv": "a,b\n1,2\n3,4.5\n", "train-1.csv": "a,b\n5,6\n", "val-0.csv": "a,b\n7,8\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(rows), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	d := NewDisk(0, t.TempDir())
	defer d.Close()
	src, err := Read(WithDisk(context.Background(), d), dir, Reading{})
	if err != nil {
		t.Fatal(err)
	}
	if src.Train.Rows != 3 || !src.Train.OnDisk() || src.Val.Rows != 1 || !src.Val.OnDisk() {
		t.Errorf("%d rows, on disk %v, and %d, %v: want 3 and 1 on disk", src.Train.Rows, src.Train.OnDisk(), src.Val.Rows, src.Val.OnDisk())
	}
}

// The range of numbers on disk is that of numbers in memory, bit for bit.
func TestRangeOnDisk(t *testing.T) {
	for _, first := range []float32{0, float32(math.Copysign(0, -1))} {
		set := &Set{Rows: 2, Cols: 2, F32: []float32{first, -first, 3, -first}}
		path := filepath.Join(t.TempDir(), "zeros.npy")
		if err := Write(path, set); err != nil {
			t.Fatal(err)
		}
		s, _ := readWith(t, path, 0)
		lo, hi := s.Range()
		if !s.OnDisk() || math.Float32bits(lo) != math.Float32bits(first) || hi != 3 {
			t.Errorf("range is [%g, %g] on disk, want [%g, 3]", lo, hi, first)
		}
	}
}

// What reading takes of a Disk's memory is what is left of it: the numbers of the set.
func TestDiskCountsOnce(t *testing.T) {
	const rows, cols = 20000, 5
	dir := t.TempDir()
	set := &Set{Rows: rows, Cols: cols, F32: make([]float32, rows*cols)}
	for i := range set.F32 {
		set.F32[i] = float32(i%977) / 8
	}
	const numbers = 4 * rows * cols
	for _, name := range []string{"rows.npy", "rows.csv", "quoted.csv", "rows.parquet"} {
		path := filepath.Join(dir, name)
		if name != "quoted.csv" {
			if err := Write(path, set); err != nil {
				t.Fatal(err)
			}
		} else { // read line by line
			text, err := os.ReadFile(filepath.Join(dir, "rows.csv"))
			if err != nil {
				t.Fatal(err)
			}
			quoted := strings.ReplaceAll(string(text), "\n", "\n#\n")
			if err := os.WriteFile(path, []byte(quoted), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		for _, memory := range []int64{64 << 20, 1 << 20} { // the second holds some of a table's float64
			s, d := readWith(t, path, memory)
			want := memory
			if !s.OnDisk() {
				want -= numbers
			}
			if own, all := d.Kept(); d.left > want || memory == 64<<20 && (d.left != want || own+all != 0) {
				t.Errorf("%s: %d bytes are left of %d, %d of %d on disk: want %d left", name, d.left, memory, own, all, want)
			}
		}
	}
	// An array that fits is in memory, where half of it would not.
	if s, _ := readWith(t, filepath.Join(dir, "rows.npy"), numbers*3/2); s.OnDisk() {
		t.Error("an array that fits is on disk")
	}
}
