package data

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// read reads with those choices.
func read(t *testing.T, path string, how Reading) *Source {
	t.Helper()
	src, err := Read(t.Context(), path, how)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// upTo is the values 0, 1, 2 and so on.
func upTo[T uint8 | float32](n int) []T {
	values := make([]T, n)
	for i := range values {
		values[i] = T(i % 251)
	}
	return values
}

// shapes are those of arrays, and what becomes of them.
var shapes = []struct {
	shape  []int
	layout string
	want   Images
	said   string // in Found or Doubts; "" for a refusal
}{
	{[]int{2, 3, 4}, "", Images{3, 4, 1, "", 0, 0, false, false}, "3 x 4, grey (--layout rows"},
	{[]int{2, 3, 5, 4}, "auto", Images{3, 5, 4, "", 0, 0, false, false}, "--layout chw takes them as first"},
	{[]int{2, 3, 5, 6}, "", Images{5, 6, 3, "chw", 0, 0, false, false}, "5 x 6, RGB (channels first"},
	{[]int{2, 1, 5, 6}, "", Images{5, 6, 1, "chw", 0, 0, false, false}, "5 x 6, grey (channels first"},
	{[]int{2, 5, 6, 3}, "", Images{5, 6, 3, "", 0, 0, false, false}, "5 x 6, RGB (channels last"},
	{[]int{2, 5, 6, 1}, "", Images{5, 6, 1, "hwc", 0, 0, false, false}, "5 x 6, grey (channels last"},
	{[]int{2, 3, 5, 4}, "chw", Images{5, 4, 3, "chw", 0, 0, false, false}, " "},
	{[]int{2, 12}, "3x4", Images{3, 4, 1, "flat", 0, 0, false, false}, " "},
	{[]int{2, 24}, "2x4x3", Images{2, 4, 3, "flat", 0, 0, false, false}, " "},
	{[]int{2, 30}, "3x2x5", Images{2, 5, 3, "flat-chw", 0, 0, false, false}, " "},
	{[]int{2, 16}, "", Images{}, "may be images; --layout 4x4"},
	{[]int{2, 15}, "", Images{}, " "},
	{[]int{2, 5, 6, 7}, "", Images{}, " "},
	{[]int{6, 4}, "rows", Images{}, " "},
	{[]int{2, 5, 6, 7}, "hwc", Images{}, ""},
	{[]int{2, 12}, "3x5", Images{}, ""},
	{[]int{2, 12}, "chw", Images{}, ""},
	{[]int{2, 3, 4}, "4x3", Images{}, ""},
}

// TestLayouts reads arrays of all shapes and writes them again as they were.
func TestLayouts(t *testing.T) {
	for _, c := range shapes {
		n := product(c.shape)
		for _, content := range []string{array("|u1", c.shape, upTo[uint8](n)), array("<f4", c.shape, upTo[float32](n))} {
			path := file(t, "a.npy", content)
			src, err := Read(t.Context(), path, Reading{Layout: c.layout})
			if c.said == "" {
				var bad *ReadingError
				if !errors.As(err, &bad) || bad.Field != "Layout" {
					t.Errorf("%v as %q: %v", c.shape, c.layout, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%v as %q: %v", c.shape, c.layout, err)
				continue
			}
			s, said := src.Train, strings.Join(append(src.Found, src.Doubts...), "\n")+" "
			m := Images{}
			if s.Height > 0 {
				m = *s.images()
			}
			if m != c.want || !strings.Contains(said, c.said) {
				t.Errorf("%v as %q: %+v, said %q", c.shape, c.layout, m, said)
			}
			if (s.U8 != nil) != (s.Height > 0 && strings.Contains(content, "u1")) {
				t.Errorf("%v as %q: bytes %v", c.shape, c.layout, s.U8 != nil)
			}
			back := filepath.Join(t.TempDir(), "b.npy")
			if err := Write(back, s); err != nil {
				t.Fatal(err)
			}
			again, err := Read(t.Context(), back, Reading{Layout: c.layout})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(again.Train.F32, s.F32) || !slices.Equal(again.Train.U8, s.U8) || again.Train.Layout != s.Layout {
				t.Errorf("%v as %q: written and read it is another", c.shape, c.layout)
			}
			h, err := shapeIn(t, back)
			if err != nil || !slices.Equal(h, c.shape) && s.Height > 0 {
				t.Errorf("%v as %q: written as %v, %v", c.shape, c.layout, h, err)
			}
		}
	}
}

// shapeIn is the shape that an NPY file says.
func shapeIn(t *testing.T, path string) (shape []int, err error) {
	err = withFile(t.Context(), path, func(s *stream) error {
		h, err := readNPYHeader(s)
		shape = h.shape
		return err
	})
	return shape, err
}

// TestChannelsFirstLieLast finds the red value of the first pixel beside its green one.
func TestChannelsFirstLieLast(t *testing.T) {
	s := read(t, file(t, "a.npy", array("|u1", []int{1, 3, 2, 2}, upTo[uint8](12))), Reading{}).Train
	if !slices.Equal(s.U8, []uint8{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}) {
		t.Errorf("got %v", s.U8)
	}
}

// TestPicturesHaveOneScale prepares images of values as bytes have and of others.
func TestPicturesHaveOneScale(t *testing.T) {
	images := func(scale float32, shift float32) *Set {
		s := &Set{Name: "images", Rows: 3, Cols: 64, Height: 8, Width: 8, Channels: 1}
		for i := range 192 {
			s.F32 = append(s.F32, float32(i%128)/127*scale+shift)
		}
		return s
	}
	for _, c := range []struct {
		scale, shift float32
		options      PreparationOptions
		want         [2]float64 // shift and scale, both 0 for none
		grey         [2]float64
	}{
		{1, 0, PreparationOptions{}, [2]float64{}, [2]float64{0, 1}},
		{250, 0, PreparationOptions{}, [2]float64{0, 255}, [2]float64{0, 255}},
		{250, 0, PreparationOptions{Unit: true}, [2]float64{0, 255}, [2]float64{0, 255}},
		{16, 0, PreparationOptions{Unit: true}, [2]float64{0, 16}, [2]float64{0, 16}},
		{2, -1, PreparationOptions{Unit: true}, [2]float64{-1, 2}, [2]float64{-1, 1}},
		{250, 2, PreparationOptions{Scaling: ScaleMinMax}, [2]float64{2, 250}, [2]float64{0, 255}},
	} {
		s := images(c.scale, c.shift)
		p, err := FitPreparation(s, c.options)
		if err != nil {
			t.Fatal(err)
		}
		got := [2]float64{}
		if p.Shift != nil {
			got = [2]float64{p.Shift[5], p.Scale[7]}
		}
		if got != c.want || p.Images.Black != c.grey[0] || p.Images.White != c.grey[1] {
			t.Errorf("%g, %g: shift and scale %v, %+v", c.scale, c.shift, got, p.Images)
		}
		x, err := p.Apply(s)
		if err != nil {
			t.Fatal(err)
		}
		back, err := p.Undo(x.F32)
		if err != nil {
			t.Fatal(err)
		}
		row := make([]float32, 64)
		back.Grey(row, 0)
		if back.Height != 8 || slices.Min(row) < 0 || slices.Max(row) > 1.0001 || slices.Max(row)-slices.Min(row) < 0.4 {
			t.Errorf("%g, %g: drawn from %g to %g", c.scale, c.shift, slices.Min(row), slices.Max(row))
		}
	}
}

// TestImagesFitTheirModel refuses images of another shape, and takes doubtful ones as those trained on.
func TestImagesFitTheirModel(t *testing.T) {
	doubt := file(t, "a.npy", array("<f4", []int{2, 3, 5, 4}, upTo[float32](120)))
	p, err := FitPreparation(read(t, doubt, Reading{Layout: "chw"}).Train, PreparationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if src := read(t, doubt, Reading{As: p}); src.Train.Layout != LayoutCHW || src.Doubts != nil {
		t.Errorf("%+v, %v", src.Train.images(), src.Doubts)
	}
	_, err = p.Match(read(t, doubt, Reading{}).Train)
	wantError(t, err, "images of 3 x 5, RGB and alpha: expected 5 x 4, RGB")
}

// TestTablesMayBeImages lays out a table of pixels with names, and one whose columns are counts.
func TestTablesMayBeImages(t *testing.T) {
	header, row := "", ""
	for j := range 64 {
		header, row = header+fmt.Sprintf(",pixel%d", j), row+fmt.Sprintf(",%d", 4*j)
	}
	path := file(t, "a.csv", header[1:]+"\n"+row[1:]+"\n"+row[1:]+"\n")
	src := read(t, path, Reading{})
	if src.Train.Height != 0 || !strings.Contains(strings.Join(src.Doubts, " "), "--layout 8x8") {
		t.Errorf("%v, %v", src.Train.images(), src.Doubts)
	}
	s := read(t, path, Reading{Layout: "8x8"}).Train
	p, err := FitPreparation(s, PreparationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if shift, scale, alike := p.Alike(); s.Height != 8 || !alike || shift != 0 || scale != 255 {
		t.Errorf("%v, %g, %g", s.images(), shift, scale)
	}
	again := read(t, path, Reading{As: p}).Train
	if again.Height != 8 || again.Columns[63].Name != "pixel63" {
		t.Errorf("%v, %v", again.images(), again.Columns)
	}
	counts := &Set{Name: "counts", Rows: 1, Cols: 16, F32: make([]float32, 16), Columns: make([]Column, 16)}
	for j := range counts.Columns {
		counts.Columns[j].Kind = Count
	}
	one := &Source{Train: counts}
	if err := one.lay(t.Context(), &Reading{Layout: "4x4"}); err != nil || counts.Height != 4 || !allReal(counts.Columns) {
		t.Errorf("%v, %v, %v", err, counts.images(), counts.Columns)
	}
}
