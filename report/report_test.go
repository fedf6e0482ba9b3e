package report

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"testing"
)

// drawn is the picture that f writes.
func drawn(t *testing.T, f func(w io.Writer) error) image.Image {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func ramp(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(i%7)/6*1.4 - .2 // also outside [0, 1]
	}
	return x
}

func rgba(img image.Image, x, y int) color.RGBA {
	return color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
}

// TestReconstructionPixels looks the examples' pixels up in the sheet.
func TestReconstructionPixels(t *testing.T) {
	g := Geometry{4, 3, 1}
	a := make([]float32, 2*12)
	b := make([]float32, 2*12)
	a[0], a[12+11] = 1, .5
	b[0], b[1], b[2] = 2, -1, float32(math.NaN())
	img := drawn(t, func(w io.Writer) error { return Reconstructions(w, g, Strip{"original", a}, Strip{"x", b}) })
	s := newSheet(g, 2, 84)
	if s.scale != 21 {
		t.Fatalf("scale %d, want 21", s.scale)
	}
	left := textWidth(s.face, "original") + 12
	if want := image.Rect(0, 0, 2*margin+left+2*63+4, 2*margin+2*84+4); img.Bounds() != want {
		t.Errorf("bounds %v, want %v", img.Bounds(), want)
	}
	white, black := color.RGBA{255, 255, 255, 255}, color.RGBA{0, 0, 0, 255}
	x, y := margin+left, margin
	for name, c := range map[string]struct {
		x, y int
		want color.RGBA
	}{
		"first pixel":          {x, y, white},
		"its last corner":      {x + 20, y + 20, white},
		"next pixel":           {x + 21, y, black},
		"last pixel, second":   {x + 67 + 62, y + 83, color.RGBA{128, 128, 128, 255}},
		"gap":                  {x + 64, y + 5, white},
		"clamped above":        {x + 3, y + 88 + 3, white},
		"clamped below":        {x + 24, y + 88 + 3, black},
		"not a number":         {x + 45, y + 88 + 3, noNumber},
		"the margin":           {x + 67 + 63, y + 50, white},
		"below the first row":  {x + 30, y + 85, white},
		"second strip, second": {x + 67, y + 88, black},
	} {
		if got := rgba(img, c.x, c.y); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestColourPixels(t *testing.T) {
	rgb := Geometry{1, 1, 3}
	img := drawn(t, func(w io.Writer) error { return Samples(w, rgb, []float32{1, .5, 0}) })
	if got := rgba(img, margin+3, margin+3); got != (color.RGBA{255, 128, 0, 255}) {
		t.Errorf("RGB: %v", got)
	}
	img = drawn(t, func(w io.Writer) error { return Samples(w, Geometry{1, 1, 4}, []float32{0, 0, 0, .5}) })
	if got := rgba(img, margin+3, margin+3); got != (color.RGBA{128, 128, 128, 255}) {
		t.Errorf("half transparent black: %v", got)
	}
}

func TestFilterColours(t *testing.T) {
	img := drawn(t, func(w io.Writer) error { return Filters(w, Geometry{1, 3, 1}, []float32{-2, 0, 2}) })
	for i, want := range []color.RGBA{{33, 102, 172, 255}, {250, 250, 250, 255}, {178, 24, 43, 255}} {
		if got := rgba(img, margin+21*i+10, margin+10); got != want {
			t.Errorf("weight %d: %v, want %v", i-1, got, want)
		}
	}
}

// TestLongStripsAreBroken keeps sheets within their width.
func TestLongStripsAreBroken(t *testing.T) {
	g := Geometry{28, 28, 1}
	for _, n := range []int{1, 16, 17, 64, 500} {
		x := make([]float32, n*g.Len())
		img := drawn(t, func(w io.Writer) error {
			return Reconstructions(w, g, Strip{"original", x}, Strip{"reconstruction", x})
		})
		if img.Bounds().Dx() > maxSheetWidth {
			t.Errorf("%d examples: %v", n, img.Bounds())
		}
	}
}

// TestAnyAmount draws every kind of picture of 0, 1 and many examples of several
// shapes, with values that are no numbers among them.
func TestAnyAmount(t *testing.T) {
	for _, g := range []Geometry{{28, 28, 1}, {1, 1, 1}, {5, 40, 3}, {120, 90, 3}, {2, 3, 4}, {3, 3, 2}, {0, 1, 0}, {Width: 18}, {Width: 300}} {
		for _, n := range []int{0, 1, 14} {
			x := ramp(n * g.Len())
			for i, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 3e38, -3e38} {
				if i*3 < len(x) {
					x[i*3] = float32(bad)
				}
			}
			t.Run(fmt.Sprint(g, n), func(t *testing.T) {
				drawn(t, func(w io.Writer) error {
					return Reconstructions(w, g, Strip{"original", x}, Strip{"shorter", x[:n/2*g.Len()]}, Strip{})
				})
				drawn(t, func(w io.Writer) error { return Samples(w, g, x) })
				drawn(t, func(w io.Writer) error { return Interpolation(w, g, x, max(n/2, 1)) })
				drawn(t, func(w io.Writer) error { return Filters(w, g, x) })
			})
		}
	}
	drawn(t, func(w io.Writer) error { return Reconstructions(w, Geometry{28, 28, 1}) })
	drawn(t, func(w io.Writer) error { return Filters(w, Geometry{Width: 4}, make([]float32, 8)) })
}

func TestCurvesOfAnyValues(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for i, y := range [][]float64{
		nil, {3}, {nan}, {inf, -inf}, {0, 0, 0}, {1, nan, 3, nan, nan, 4, 5}, {1e-320, 1}, {1e-290, 1e290},
		{-1e308, 1e308}, {1e16, 1e16 + 2}, {5, 5}, {-3, -2, 100}, {1, 1e9}, {100, 101, 100.5}, {1e-9, 3e-9},
	} {
		x := make([]float64, len(y)+1) // a longer x is no reason to fail
		for j := range x {
			x[j] = float64(j + 1)
		}
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			img := drawn(t, func(w io.Writer) error {
				return LossCurves(w, []Series{{Name: "training", X: x, Y: y}, {Panel: "kl", Name: "validation", X: x, Y: y}},
					CurveOptions{YLabel: "nats", Levels: []Level{{"", "PCA", 13.2}, {"kl", "other", nan}, {"absent", "none", -1}}})
			})
			if img.Bounds().Dx() < 500 || img.Bounds().Dy() < 300 {
				t.Errorf("bounds %v", img.Bounds())
			}
		})
	}
	drawn(t, func(w io.Writer) error { return LossCurves(w, nil, CurveOptions{}) })
	var many []Series
	for i := range 25 {
		many = append(many, Series{Panel: fmt.Sprint(i % 7), Name: fmt.Sprintf("curve with a long name %d", i), X: []float64{1, 2}, Y: []float64{1, float64(i)}})
	}
	drawn(t, func(w io.Writer) error { return LossCurves(w, many, CurveOptions{}) })
}

// TestCurveIsThere finds the curve's colour in the plot, and the level's dashes.
func TestCurveIsThere(t *testing.T) {
	img := drawn(t, func(w io.Writer) error {
		return LossCurves(w, []Series{{Name: "training", X: []float64{1, 2, 3}, Y: []float64{3, 2, 1}}}, CurveOptions{Levels: []Level{{"", "PCA", 1.5}}})
	})
	for name, want := range map[string]color.RGBA{"curve": palette[0], "level": {90, 90, 90, 255}} {
		found, b := 0, img.Bounds()
		for y := b.Min.Y; y < b.Max.Y; y++ {
			for x := b.Min.X; x < b.Max.X; x++ {
				if rgba(img, x, y) == want {
					found++
				}
			}
		}
		if found < 200 {
			t.Errorf("%s: %d pixels of its colour", name, found)
		}
	}
}

func TestCodesOfAnyAmount(t *testing.T) {
	for _, n := range []int{0, 1, 10, 20000} {
		x := ramp(2 * n)
		labels := make([]int32, n)
		for i := range labels {
			labels[i] = int32(i%40) - 1 // below 0 is no reason to fail
		}
		if n > 5 {
			x[3], x[4] = float32(math.NaN()), float32(math.Inf(1))
		}
		drawn(t, func(w io.Writer) error { return Codes2D(w, x, labels, nil) })
		drawn(t, func(w io.Writer) error { return Codes2D(w, x, nil, nil) })
		drawn(t, func(w io.Writer) error { return Codes2D(w, x, labels, []string{"zero", "one"}) })
	}
}

func TestRefusals(t *testing.T) {
	g := Geometry{2, 2, 1}
	w := io.Discard
	for name, err := range map[string]error{
		"ragged strip":    Reconstructions(w, g, Strip{"a", make([]float32, 5)}),
		"ragged samples":  Samples(w, g, make([]float32, 5)),
		"zero geometry":   Samples(w, Geometry{}, make([]float32, 5)),
		"5 channels":      Samples(w, Geometry{1, 1, 5}, make([]float32, 5)),
		"negative":        Samples(w, Geometry{-1, -1, 1}, make([]float32, 5)),
		"ragged path":     Interpolation(w, g, make([]float32, 12), 2),
		"no steps":        Interpolation(w, g, make([]float32, 12), 0),
		"ragged filters":  Filters(w, g, make([]float32, 5)),
		"ragged codes":    Codes2D(w, make([]float32, 5), nil, nil),
		"too few labels":  Codes2D(w, make([]float32, 4), make([]int32, 1), nil),
		"failing samples": Samples(full{}, g, make([]float32, 4)),
		"failing curves":  LossCurves(full{}, []Series{{X: []float64{1}, Y: []float64{1}}}, CurveOptions{}),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// full is a writer that has no room.
type full struct{}

var errFull = errors.New("full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestTicks(t *testing.T) {
	for _, c := range []struct{ lo, hi float64 }{{0, 1}, {-3, 8}, {1e-5, 9e-5}, {100, 101}, {0, 60000}, {-1e300, 1e300}} {
		n := 0
		last := math.Inf(-1)
		for _, k := range (linearTicks{}).Ticks(c.lo, c.hi) {
			if k.Value <= last || k.Value < c.lo-1e-9*math.Abs(c.lo) || k.Value > c.hi+1e-9*math.Abs(c.hi) {
				t.Errorf("%v: tick at %v after %v", c, k.Value, last)
			}
			last = k.Value
			n++
		}
		if n < 4 || n > 10 {
			t.Errorf("%v: %d ticks", c, n)
		}
	}
	for _, c := range []struct{ lo, hi float64 }{{1, 9}, {.3, 4}, {5, 4000}, {1e-9, 1e9}, {1e-200, 1e200}} {
		labels := 0
		for _, k := range (logTicks{}).Ticks(c.lo, c.hi) {
			if k.Label != "" {
				labels++
			}
		}
		if labels < 2 || labels > 12 {
			t.Errorf("%v: %d labels", c, labels)
		}
	}
}
