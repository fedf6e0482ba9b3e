package data

import (
	"slices"
	"testing"
)

// ranged are pictures as bytes, as numbers of 0 to 255 and as numbers within [0,1].
func ranged(rows int) (bytes, numbers, unit *Set) {
	image := Set{Name: "images", Rows: rows, Cols: 64, Height: 8, Width: 8, Channels: 1}
	b, n, u := image, image, image
	for i := range rows * 64 {
		v := uint8(i * 7 % 256)
		b.U8, n.F32, u.F32 = append(b.U8, v), append(n.F32, float32(v)), append(u.F32, float32(v)/255)
	}
	return &b, &n, &u
}

// TestImagesOfAnotherRange has a model see the same bits of bytes and of the same numbers, whichever it was fitted to.
func TestImagesOfAnotherRange(t *testing.T) {
	bytes, numbers, unit := ranged(4)
	seen := func(p *Preparation, s *Set) []float32 {
		t.Helper()
		m, err := p.Match(s)
		if err != nil {
			t.Fatal(err)
		}
		x := make([]float32, s.Rows*s.Cols)
		p.Rows(x, m, 0, s.Rows)
		return x
	}
	wide := *numbers
	wide.F32, wide.F64 = nil, make([]float64, len(numbers.F32))
	for i, v := range numbers.F32 {
		wide.F64[i] = float64(v)
	}
	for name, of := range map[string]*Set{"bytes": bytes, "numbers": numbers} {
		for _, scaling := range []Scaling{ScaleAuto, ScaleMinMax, ScaleStandard} {
			p, err := FitPreparation(of, PreparationOptions{Scaling: scaling})
			if err != nil {
				t.Fatal(err)
			}
			want := seen(p, of)
			for other, s := range map[string]*Set{"bytes": bytes, "numbers": numbers, "float64": &wide} {
				if got := seen(p, s); !slices.Equal(got, want) {
					t.Errorf("fitted to %s with %v: other bits of %s", name, scaling, other)
				}
			}
			back, err := p.Undo(want)
			if err != nil {
				t.Fatal(err)
			}
			if lo, hi := back.Range(); lo < -0.01 || lo > 1 || hi < 250 || hi > 255.01 || back.Black != 0 || back.White != 255 {
				t.Errorf("fitted to %s with %v: back within [%g, %g], %g to %g", name, scaling, lo, hi, back.Black, back.White)
			}
			row := make([]float32, 64)
			if back.Grey(row, 1); slices.Max(row) > 1.001 || slices.Max(row) < 0.9 {
				t.Errorf("drawn up to %g", slices.Max(row))
			}
		}
	}

	p, err := FitPreparation(numbers, PreparationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Match(unit)
	wantError(t, err, "images: images with values within [0, 1]: expected [0, 255]")
	if p, err = FitPreparation(bytes, PreparationOptions{}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(seen(p, unit), seen(p, bytes)) {
		t.Error("numbers within [0,1] are not what bytes are to a model of these")
	}
}

// TestDarkRowsOfImages takes a few rows of images as all of them are: a dark one is not one within [0,1].
func TestDarkRowsOfImages(t *testing.T) {
	values := make([]float32, 2*64)
	for i := range 64 {
		values[i], values[64+i] = float32(i%2)/2, float32(4*i)
	}
	src := open(t, file(t, "a.npy", array("<f4", []int{2, 8, 8}, values)))
	bytes, numbers, _ := ranged(4)
	for _, fitted := range []*Set{bytes, numbers} {
		p, err := FitPreparation(fitted, PreparationOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, dark := range []*Set{src.Part(0, 1), src.Head(1), src.Subset([]int{0})} {
			s, err := p.Match(dark)
			if err != nil {
				t.Fatal(err)
			}
			x := make([]float32, 64)
			if p.Rows(x, s, 0, 1); slices.Max(x) != float32(0.5)/255 {
				t.Errorf("up to %g", slices.Max(x))
			}
		}
	}
}

// TestOldImagesOfBytes gives what a file of before bytes were noted says: values within [0,1].
func TestOldImagesOfBytes(t *testing.T) {
	p := &Preparation{Scaling: ScaleNone, Cols: 64, Images: &Images{Height: 8, Width: 8, Channels: 1, White: 1}}
	back, err := p.Undo(slices.Repeat([]float32{0.5}, 64))
	if err != nil || back.F32[3] != 0.5 || back.White != 1 {
		t.Errorf("%v, %v", back, err)
	}
	p.Images.Bytes = true
	wantError(t, p.Validate(), "images of bytes that are black at 0 and white at 1")
}
