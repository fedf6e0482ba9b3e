package data

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

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

func TestWhatIsWrittenReadsBack(t *testing.T) {
	images := &Set{Name: "images", Rows: 2, Cols: 6, Height: 2, Width: 3, Channels: 1,
		U8: []uint8{0, 50, 100, 150, 200, 255, 1, 2, 3, 4, 5, 6}, Labels: []int32{1, 0}, Classes: []string{"cat", "dog"}}
	colour := &Set{Name: "colour", Rows: 1, Cols: 6, Height: 1, Width: 2, Channels: 3, U8: []uint8{9, 8, 7, 6, 5, 4}}
	floats := &Set{Name: "floats", Rows: 3, Cols: 2, F32: []float32{0.1, -1e-30, math.MaxFloat32, 1. / 3, 16777217, 0},
		Columns: columnsNamed([]string{"width, in cm", `the "other"`}), Labels: []int32{0, 2, 1}, Classes: []string{"0", "1", "2"}}
	for _, s := range []*Set{images, colour, floats} {
		for _, name := range []string{"a.npy", "a.npy.gz", "a.npz", "a.csv", "a.csv.gz", "a.tsv", "a.TSV.GZ", "a.idx", "a.idx.gz",
			"a.npy.zst", "a.csv.zst", "a.safetensors", "a.safetensors.gz", "a.safetensors.zst", "a.parquet", "a.pq", "a.arrow", "a.feather"} {
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
			table := kind == "csv" || kind == "tsv" || kind == "parquet" || kind == "arrow"
			if !table && (got.Height != s.Height || got.Width != s.Width || got.Channels != s.Channels) {
				t.Errorf("%s as %s: image of %dx%dx%d", s.Name, name, got.Height, got.Width, got.Channels)
			}
			if (table || kind == "npz" || kind == "safetensors") && s.Columns != nil && !slices.Equal(namesOf(got.Columns), namesOf(s.Columns)) {
				t.Errorf("%s as %s: columns %+v", s.Name, name, got.Columns)
			}
			if (table || kind == "npz" || kind == "safetensors") && !slices.Equal(got.Labels, s.Labels) {
				t.Errorf("%s as %s: labels %v, want %v", s.Name, name, got.Labels, s.Labels)
			}
			if (table || kind == "npz" || kind == "safetensors") && !slices.Equal(got.Classes, s.Classes) {
				t.Errorf("%s as %s: classes %v, want %v", s.Name, name, got.Classes, s.Classes)
			}
		}
	}
}

func TestTheSameSetGivesTheSameBytes(t *testing.T) {
	for _, name := range []string{"a.npz", "a.npy.gz", "a.npy.zst", "a.safetensors"} {
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
	if got := open(t, path).F32; !slices.Equal(got, []float32{0, 0, 2, 255, 255}) {
		t.Errorf("got %v", got)
	}
}

func TestNumericColumnNamesComeBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	if err := Write(path, &Set{Rows: 1, Cols: 2, F32: []float32{5, 6.5}, Columns: columnsNamed([]string{"0", "1"})}); err != nil {
		t.Fatal(err)
	}
	if s := open(t, path); s.Rows != 1 || !slices.Equal(s.F32, []float32{5, 6.5}) || !slices.Equal(namesOf(s.Columns), []string{"0", "1"}) {
		t.Errorf("%+v", s)
	}
}

func BenchmarkFormats(b *testing.B) {
	s := &Set{Name: "floats", Rows: 5000, Cols: 784, F32: make([]float32, 5000*784), Labels: make([]int32, 5000), Classes: []string{"a"}}
	for i := range s.F32 {
		s.F32[i] = float32(i%1009) / 1009
	}
	for _, name := range []string{"a.npy", "a.npz", "a.csv"} {
		path := filepath.Join(b.TempDir(), name)
		b.Run("write "+name, func(b *testing.B) {
			for b.Loop() {
				if err := Write(path, s); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("open "+name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Open(context.Background(), path); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
