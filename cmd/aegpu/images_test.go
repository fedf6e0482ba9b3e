package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/data"
)

// pictureFolder is a folder of pictures of 10 x 8 in two classes: red ones, blue ones, each with a band of white.
func pictureFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for i := range 40 {
		class, c := "red", color.NRGBA{220, 20, 20, 255}
		if i%2 == 1 {
			class, c = "blue", color.NRGBA{20, 20, 220, 255}
		}
		img := image.NewNRGBA(image.Rect(0, 0, 10, 8))
		for y := range 8 {
			for x := range 10 {
				if img.SetNRGBA(x, y, c); y == i/2%8 {
					img.SetNRGBA(x, y, color.NRGBA{255, 255, 255, 255})
				}
			}
		}
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, class, fmt.Sprintf("%02d.png", i)), b.String())
	}
	put(t, filepath.Join(dir, "readme.txt"), "not a picture")
	return dir
}

// decoded is a picture.
func decoded(t *testing.T, path ...string) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(contents(t, path...)))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// colourful says whether a pixel is far from grey.
func colourful(img image.Image) bool {
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			if max(r, g, b)-min(r, g, b) > 0x6000 {
				return true
			}
		}
	}
	return false
}

func TestFolderOfPicturesThroughTheCommands(t *testing.T) {
	pictures, out := pictureFolder(t), t.TempDir()
	at := func(name string) string { return filepath.Join(out, name) }
	run := trainTiny(t, pictures, "--epochs", "30", "--lr", "0.01")
	must(t, "encode", run, pictures, "-o", at("codes.csv"))
	if lines := strings.Split(string(contents(t, at("codes.csv"))), "\n"); !strings.HasPrefix(lines[0], "file,code_0,") || !strings.HasSuffix(lines[0], ",label") ||
		!strings.HasPrefix(lines[1], "blue/01.png,") || !strings.HasSuffix(lines[1], ",blue") || len(lines) != 42 {
		t.Errorf("%d lines, %q, %q", len(lines), lines[0], lines[1])
	}
	must(t, "reconstruct", run, pictures, "-o", at("x.npy"))
	src, err := data.Open(t.Context(), at("x.npy"))
	if err != nil {
		t.Fatal(err)
	}
	if s := src.Train; s.Rows != 40 || s.Height != 8 || s.Width != 10 || s.Channels != 3 {
		t.Errorf("%d rows of %dx%dx%d", s.Rows, s.Height, s.Width, s.Channels)
	}
	must(t, "sample", run, "-n", "9", "-o", at("grid.png"))
	must(t, "interpolate", run, "--between", "0,1", "-o", at("walk.png"))
	for _, img := range []image.Image{decoded(t, at("grid.png")), decoded(t, at("walk.png")), decoded(t, run, "reconstructions.png")} {
		if !colourful(img) {
			t.Errorf("a picture of %v has no colours", img.Bounds())
		}
	}

	must(t, "reconstruct", run, pictures, "-o", at("each")+"/")
	if img := decoded(t, at("each"), "red", "00.png"); img.Bounds().Dx() != 10 || img.Bounds().Dy() != 8 {
		t.Errorf("%v", img.Bounds())
	}
	must(t, "encode", run, at("each"), "-o", at("again.csv")) // it is a folder of classes itself
	must(t, "sample", run, "-n", "11", "-o", at("new")+"/")
	if img := decoded(t, at("new"), "10.png"); !colourful(img) {
		t.Error("no colours")
	}
	for _, c := range []struct{ path, want string }{{at("each") + "/", "is there already"}, {at("no/where") + "/", "there is no folder"}} {
		if o := command(t.Context(), "sample", run, "-o", c.path); o.code != 2 || !strings.Contains(o.err, c.want) {
			t.Errorf("%s: exit %d, %s", c.path, o.code, o.err)
		}
	}
	if names, err := filepath.Glob(at(".tmp*")); err != nil || names != nil {
		t.Errorf("left behind: %v, %v", names, err)
	}
}

// TestImagesOfCases trains on images with their channels first and values 0 to 255: they come back as they were.
func TestImagesOfCases(t *testing.T) {
	for name, shape := range map[string]string{"images-nchw-255.npy": "(60, 3, 8, 8)", "images-n1hw-255.npy": "(60, 1, 8, 8)"} {
		in, out := filepath.Join("testdata", "cases", name), t.TempDir()
		run := trainTiny(t, in, "--epochs", "40", "--lr", "0.01")
		for _, words := range [][]string{{"reconstruct", run, in}, {"sample", run, "-n", "60"}} {
			path := filepath.Join(out, words[0]+".npy")
			must(t, append(words, "-o", path)...)
			if head := contents(t, path)[:128]; !bytes.Contains(head, []byte("'shape': "+shape)) {
				t.Errorf("%s %s: %q", words[0], name, head)
			}
			src, err := data.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			if lo, hi := src.Train.Range(); lo < 0 || hi > 255 || hi < 150 {
				t.Errorf("%s %s: values within [%g, %g]", words[0], name, lo, hi)
			}
		}
		was, err := data.Open(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		is, err := data.Open(t.Context(), filepath.Join(out, "reconstruct.npy"))
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i := range was.Train.Rows * was.Train.Cols {
			sum += math.Abs(was.Train.At(i/was.Train.Cols, i%was.Train.Cols) - is.Train.At(i/was.Train.Cols, i%was.Train.Cols))
		}
		if mean := sum / float64(was.Train.Rows*was.Train.Cols); mean > 60 {
			t.Errorf("%s: off by %g of 255 on average", name, mean)
		}
		must(t, "sample", run, "-n", "4", "-o", filepath.Join(out, "s.png"))
		for _, img := range []image.Image{decoded(t, out, "s.png"), decoded(t, run, "reconstructions.png")} {
			if white := share(img, 0xf000); white > 0.7 || strings.Contains(shape, "3, 8") && !colourful(img) {
				t.Errorf("%s: %.2f of a picture is white", name, white)
			}
		}
	}
}

// TestImagesOfAnotherRange encodes the same images as bytes, whole numbers and numbers up to 255 with models of bytes and
// of numbers: the codes have the same bits. What comes out has the images' range, and goes in again.
func TestImagesOfAnotherRange(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	bytesOf := &data.Set{Rows: 60, Cols: 64, Height: 8, Width: 8, Channels: 1}
	numbers, unit := *bytesOf, *bytesOf
	for i := range 60 * 64 {
		v := uint8((i*i/64 + 3*i) % 256)
		bytesOf.U8, numbers.F32, unit.F32 = append(bytesOf.U8, v), append(numbers.F32, float32(v)), append(unit.F32, float32(v)/255)
	}
	for name, s := range map[string]*data.Set{"u8.npy": bytesOf, "f32.npy": &numbers, "unit.npy": &unit, "x.idx": bytesOf} {
		if err := data.Write(at(name), s); err != nil {
			t.Fatal(err)
		}
	}
	for _, trained := range []string{"u8.npy", "f32.npy"} {
		run := trainTiny(t, at(trained), "--epochs", "20", "--lr", "0.01")
		must(t, "encode", run, at(trained), "-o", at("codes.npy"))
		want := contents(t, at("codes.npy"))
		for _, other := range []string{"u8.npy", "f32.npy", "x.idx"} {
			must(t, "encode", run, at(other), "-o", at("other.npy"))
			if !bytes.Equal(contents(t, at("other.npy")), want) {
				t.Errorf("trained on %s: other codes of %s", trained, other)
			}
			must(t, "score", run, at(other), "-o", at("score.csv"))
		}
		if trained == "f32.npy" {
			o := command(t.Context(), "encode", run, at("unit.npy"), "-o", at("no.npy"))
			if o.code != 2 || !strings.Contains(o.err, "images with values within [0, 1]: expected [0, 255]") {
				t.Errorf("exit %d: %s", o.code, o.err)
			}
		}
		for _, words := range [][]string{{"reconstruct", run, at("u8.npy")}, {"sample", run}, {"decode", run, at("codes.npy")}, {"interpolate", run}} {
			for _, ending := range []string{".npy", ".npz", ".csv", ".parquet", ".safetensors"} {
				out := at(words[0] + ending)
				must(t, append(words, "-o", out)...)
				src, err := data.Open(t.Context(), out)
				if err != nil {
					t.Fatal(err)
				}
				if lo, hi := src.Train.Range(); lo < 0 || hi > 255 || hi < 100 {
					t.Errorf("trained on %s, %s: within [%g, %g]", trained, filepath.Base(out), lo, hi)
				}
			}
		}
		must(t, "encode", run, at("reconstruct.npy"), "-o", at("again.npy"))
	}
}

// share is how much of a picture is lighter than that.
func share(img image.Image, than uint32) float64 {
	b, n := img.Bounds(), 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if r, g, b, _ := img.At(x, y).RGBA(); min(r, g, b) > than {
				n++
			}
		}
	}
	return float64(n) / float64(b.Dx()*b.Dy())
}

// TestTableOfBytes trains on bytes in two dimensions: they are numbers of their own range.
func TestTableOfBytes(t *testing.T) {
	in, out := filepath.Join("testdata", "cases", "u8-table.npy"), filepath.Join(t.TempDir(), "x.npy")
	raw := open(t, in)
	for _, loss := range []string{"auto", "bernoulli"} {
		run := trainTiny(t, in, "--epochs", "30", "--lr", "0.01", "--loss", loss)
		must(t, "reconstruct", run, in, "-o", out)
		back := open(t, out)
		if lo, hi := back.Range(); hi < 5 || loss == "bernoulli" && (lo < -1 || hi > 16) {
			t.Errorf("%s: values within [%g, %g]", loss, lo, hi)
		}
		if off := distance(raw, back); !(off < 1) {
			t.Errorf("%s: values are off by %g", loss, off)
		}
		must(t, "sample", run, "-n", "200", "-o", out)
		for j, mean := range means(open(t, out)) { // draws are in the units of the data too
			if want := means(raw)[j]; !(math.Abs(mean-want) < 1.5) {
				t.Errorf("%s: samples of column %d are %g in the mean, the data %g", loss, j+1, mean, want)
			}
		}
	}
	run := trainTiny(t, in, "--layout", "4x4")
	if _, err := os.Stat(filepath.Join(run, "filters.png")); err != nil {
		t.Error(err)
	}
	o := command(t.Context(), append([]string{"train", in, "--layout", "5x5", "--out", filepath.Join(t.TempDir(), "r")}, tiny...)...)
	if o.code != 2 || !strings.Contains(o.err, "--layout is 5x5, 25 numbers") {
		t.Errorf("exit %d: %s", o.code, o.err)
	}
}

// distance is the root of the mean squared difference of values, those of bytes as they are.
func distance(a, b *data.Set) float64 {
	sum := 0.0
	for i := range a.Rows {
		for j := range a.Cols {
			d := cell(a, i, j) - cell(b, i, j)
			sum += d * d
		}
	}
	return math.Sqrt(sum / float64(a.Rows*a.Cols))
}

// means are those of columns, of bytes as they are.
func means(s *data.Set) []float64 {
	all := make([]float64, s.Cols)
	for i := range s.Rows {
		for j := range all {
			all[j] += cell(s, i, j) / float64(s.Rows)
		}
	}
	return all
}

// cell is a value, a byte as it is.
func cell(s *data.Set, i, j int) float64 {
	if s.IsBytes() {
		return float64(s.U8[i*s.Cols+j])
	}
	return s.At(i, j)
}

// TestSizesDiffer names two pictures of different sizes, and trains on them as --resize brings them to one.
func TestSizesDiffer(t *testing.T) {
	dir := pictureFolder(t)
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 7, 9))); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "red", "odd.png"), b.String())
	run := filepath.Join(t.TempDir(), "run")
	o := command(t.Context(), append([]string{"train", dir, "--out", run}, tiny...)...)
	if o.code != 2 || !strings.Contains(o.err, "odd.png: a picture of 7x9, but ") || !strings.Contains(o.err, "--resize 10x8") || strings.Count(o.err, "\n") != 1 {
		t.Errorf("exit %d: %s", o.code, o.err)
	}
	must(t, append([]string{"train", dir, "--out", run, "--resize", "6x6"}, tiny...)...)
	must(t, "evaluate", run)
	if names, _ := filepath.Glob(filepath.Join(run, "*.png")); !slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(n, "reconstructions.png") }) {
		t.Errorf("%v", names)
	}
}
