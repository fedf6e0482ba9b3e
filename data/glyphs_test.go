package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"runtime"
	"slices"
	"testing"
)

func digest(s *Set) string {
	h := sha256.New()
	h.Write(s.U8)
	for _, l := range s.Labels {
		h.Write([]byte{byte(l)})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// The pinned bytes are the data set: results with builtin:glyphs compare only while they hold.
func TestGlyphsAreTheSameForEveryone(t *testing.T) {
	src, err := Open(context.Background(), "builtin:glyphs")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		set  *Set
		rows int
		want string
	}{
		{src.Train, 60000, "6dee8e9a1eba23eaa4d5c0477cb0e5568d9483ba8fc5beb592cc94f466e32682"},
		{src.Test, 10000, "4efb808d19ca1733c9a4d0b5f363c7608eba1616e1fb6df39f040e9ccd96e622"},
	} {
		if err := c.set.Validate(); err != nil {
			t.Error(err)
		}
		if c.set.Rows != c.rows || c.set.Cols != 784 || c.set.Height != 28 || c.set.Width != 28 || c.set.Channels != 1 {
			t.Errorf("%s: %d x %d as %dx%dx%d", c.set.Name, c.set.Rows, c.set.Cols, c.set.Height, c.set.Width, c.set.Channels)
		}
		if got := digest(c.set); got != c.want {
			t.Errorf("%s: images and labels have sha256 %s, want %s", c.set.Name, got, c.want)
		}
	}
}

func TestGlyphsDoNotDependOnHowTheyAreDrawn(t *testing.T) {
	ctx := context.Background()
	many, err := Glyphs(ctx, 1500, 700)
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	few, err := Glyphs(ctx, 600, 0)
	if err != nil {
		t.Fatal(err)
	}
	if few.Test != nil {
		t.Errorf("asked for no test rows, got %d", few.Test.Rows)
	}
	if !slices.Equal(few.Train.U8, many.Train.U8[:600*784]) || !slices.Equal(few.Train.Labels, many.Train.Labels[:600]) {
		t.Error("the first 600 rows depend on the number of rows or processors")
	}
}

func TestGlyphsAreBalancedAndInsideTheFrame(t *testing.T) {
	src, err := Glyphs(context.Background(), 20000, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := src.Train
	var count [10]int
	framed := 0
	for i := range s.Rows {
		count[s.Labels[i]]++
		img, ink := s.U8[i*784:(i+1)*784], 0
		for k, v := range img {
			x, y := k%28, k/28
			if v > 0 && (x == 0 || y == 0 || x == 27 || y == 27) {
				framed++
			}
			ink += int(v)
		}
		if mean := ink / 784; mean < 5 || mean > 130 {
			t.Errorf("row %d (a %d): mean grey %d", i, s.Labels[i], mean)
		}
	}
	for d, n := range count {
		if n < 1850 || n > 2150 {
			t.Errorf("digit %d: %d of 20000 rows", d, n)
		}
	}
	// A stroke may touch the outermost pixels now and then, as it does in MNIST, and no more.
	if share := float64(framed) / float64(s.Rows) / 108; share > 1e-3 {
		t.Errorf("%.2g of the outermost pixels have ink", share)
	}
}

func TestGlyphsEndWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Open(ctx, "builtin:glyphs"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

// AEGPU_SHEET=FILE.png draws the first 400 digits for a person to look at.
func TestGlyphSheet(t *testing.T) {
	path := os.Getenv("AEGPU_SHEET")
	if path == "" {
		t.Skip("AEGPU_SHEET names no file to draw to")
	}
	src, err := Glyphs(context.Background(), 400, 0)
	if err != nil {
		t.Fatal(err)
	}
	sheet := image.NewGray(image.Rect(0, 0, 25*28, 16*28))
	for i := range 400 {
		for k, v := range src.Train.U8[i*784 : (i+1)*784] {
			sheet.SetGray(i%25*28+k%28, i/25*28+k/28, color.Gray{Y: v})
		}
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, sheet); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkOpenGlyphs(b *testing.B) {
	for b.Loop() {
		if _, err := Open(context.Background(), "builtin:glyphs"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGlyphFields(b *testing.B) {
	for b.Loop() {
		if _, err := glyphFields(); err != nil {
			b.Fatal(err)
		}
	}
}
