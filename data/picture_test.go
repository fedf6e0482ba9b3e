package data

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
)

// pngOf is an image as a file.
func pngOf(t testing.TB, img image.Image) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// jpegOf is an image as a file with that orientation, 0 for none.
func jpegOf(t testing.TB, img image.Image, turn byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	if turn == 0 {
		return b.String()
	}
	exif := "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string([]byte{turn}) + "\x00\x00\x00\x00\x00\x00"
	head := binary.BigEndian.AppendUint16([]byte("\xff\xd8\xff\xe1"), uint16(len(exif)+2))
	return string(head) + exif + b.String()[2:]
}

// grey is an image whose pixel (x, y) is 16 y + x.
func grey(width, height int) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetGray(x, y, color.Gray{uint8(16*y + x)})
		}
	}
	return img
}

// coloured is an image of one colour.
func coloured(width, height int, c color.Color) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.Set(x, y, c)
		}
	}
	return img
}

var red, glass = color.NRGBA{200, 30, 20, 255}, color.NRGBA{10, 200, 30, 100}

// folder makes files in a new folder.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFolderOfClasses(t *testing.T) {
	g := pngOf(t, grey(4, 3))
	dir := folder(t, map[string]string{"train/cat/2.png": g, "train/cat/10.PNG": g, "train/dog/1.png": g, "test/dog/1.png": g, "val/cat/1.png": g,
		"train/cat/notes.txt": "no picture", "train/.DS_Store": "", "cover.png": g})
	src := read(t, dir, Reading{})
	s := src.Train
	if s.Rows != 3 || s.Cols != 12 || s.Height != 3 || s.Width != 4 || s.Channels != 1 || s.U8[4] != 16 {
		t.Errorf("%d x %d, %v", s.Rows, s.Cols, s.images())
	}
	if !slices.Equal(s.IDs, []string{"train/cat/10.PNG", "train/cat/2.png", "train/dog/1.png"}) || !slices.Equal(s.Labels, []int32{0, 0, 1}) {
		t.Errorf("%v %v", s.IDs, s.Labels)
	}
	if src.Test.Rows != 1 || src.Test.Labels[0] != 1 || src.Val.Rows != 1 || src.Val.Labels[0] != 0 || !slices.Equal(src.Val.Classes, []string{"cat", "dog"}) {
		t.Errorf("%+v %+v", src.Test, src.Val)
	}
	said := strings.Join(src.Found, "\n")
	for _, want := range []string{"5 pictures of 3 x 4, grey", "3 are for training, 1 for validation, 1 for the test", `2 classes, named as their sub-folders: "cat" "dog"`, "3 files are left out"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not said in %q", want, said)
		}
	}
	if s := read(t, dir, Reading{Label: "none", ID: "none"}).Train; s.Labels != nil || s.IDs != nil {
		t.Errorf("%v, %v", s.Labels, s.IDs)
	}
}

// TestNumberedClassesAreInTheirOrder reads folders 2, 10 and 9.
func TestNumberedClassesAreInTheirOrder(t *testing.T) {
	g := pngOf(t, grey(2, 2))
	s := read(t, folder(t, map[string]string{"2/a.png": g, "10/a.png": g, "9/a.png": g}), Reading{}).Train
	if !slices.Equal(s.Classes, []string{"2", "9", "10"}) || !slices.Equal(s.Labels, []int32{2, 0, 1}) {
		t.Errorf("%v %v", s.Classes, s.Labels)
	}
}

// TestPictures reads pictures of every kind.
func TestPictures(t *testing.T) {
	deep := image.NewGray16(image.Rect(0, 0, 2, 1))
	deep.SetGray16(1, 0, color.Gray16{0xabcd})
	var b, g bytes.Buffer
	if err := errors.Join(bmp.Encode(&b, coloured(2, 1, red)), gif.Encode(&g, coloured(2, 1, color.White), nil)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		files    map[string]string
		channels int
		want     []uint8
		said     string
	}{
		"grey":   {map[string]string{"a.png": pngOf(t, grey(2, 1))}, 1, []uint8{0, 1}, "grey"},
		"deep":   {map[string]string{"a.png": pngOf(t, deep)}, 1, []uint8{0, 0xab}, "read as 8"},
		"colour": {map[string]string{"a.png": pngOf(t, coloured(1, 1, red))}, 3, []uint8{200, 30, 20}, "RGB"},
		"alpha":  {map[string]string{"a.png": pngOf(t, coloured(1, 1, glass))}, 4, []uint8{10, 200, 30, 100}, "RGB and alpha"},
		"mixed":  {map[string]string{"a.png": pngOf(t, coloured(1, 1, red)), "b.png": pngOf(t, grey(1, 1))}, 3, []uint8{200, 30, 20, 0, 0, 0}, "1 of the pictures have other channels and are brought to RGB"},
		"bmp":    {map[string]string{"a.bmp": b.String()}, 3, []uint8{200, 30, 20, 200, 30, 20}, "RGB"},
		"gif":    {map[string]string{"a.gif": g.String()}, 3, []uint8{255, 255, 255, 255, 255, 255}, "RGB"},
		"jpeg":   {map[string]string{"a.jpg": jpegOf(t, coloured(1, 1, color.White), 0)}, 3, []uint8{255, 255, 255}, "RGB"},
	} {
		src := read(t, folder(t, c.files), Reading{})
		if s := src.Train; s.Channels != c.channels || !slices.Equal(s.U8, c.want) || s.Labels != nil {
			t.Errorf("%s: %v, %v", name, s.images(), s.U8)
		}
		if said := strings.Join(src.Found, "\n"); !strings.Contains(said, c.said) {
			t.Errorf("%s: said %q", name, said)
		}
	}
}

// TestPicturesAreTurned reads an image that is dark but for its upper left corner as every orientation has it.
func TestPicturesAreTurned(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 32, 16))
	for y := range 8 {
		for x := range 8 {
			img.SetGray(x, y, color.Gray{255})
		}
	}
	for turn, corner := range map[byte][2]int{1: {0, 0}, 2: {0, 1}, 3: {1, 1}, 4: {1, 0}, 5: {0, 0}, 6: {0, 1}, 7: {1, 1}, 8: {1, 0}} {
		src := read(t, file(t, "a.jpg", jpegOf(t, img, turn)), Reading{})
		s := src.Train
		if wide := turn < 5; wide != (s.Width == 32) {
			t.Errorf("orientation %d: %v", turn, s.images())
			continue
		}
		at := corner[0]*(s.Height-1)*s.Width + corner[1]*(s.Width-1)
		if s.U8[at] < 200 || turn > 1 && !strings.Contains(strings.Join(src.Found, " "), "Exif") {
			t.Errorf("orientation %d: %d in the corner, %v", turn, s.U8[at], src.Found)
		}
	}
}

func TestPicturesAreResized(t *testing.T) {
	dir := folder(t, map[string]string{"a.png": pngOf(t, coloured(8, 6, red)), "b.png": pngOf(t, coloured(5, 9, red))})
	_, err := Read(t.Context(), dir, Reading{})
	wantError(t, err, "b.png: a picture of 5x9, but ", "a.png is of 8x6: expected one size; --resize 8x6")
	src := read(t, dir, Reading{Resize: "4x2"})
	if s := src.Train; s.Width != 4 || s.Height != 2 || s.Rows != 2 || !slices.Equal(s.U8[:6], []uint8{200, 30, 20, 200, 30, 20}) {
		t.Errorf("%v: %v", s.images(), s.U8)
	}
	p, err := FitPreparation(src.Train, PreparationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if s := read(t, dir, Reading{As: p}).Train; s.Width != 4 || s.Height != 2 { // as the model's
		t.Errorf("%v", s.images())
	}
	half := read(t, folder(t, map[string]string{"a.png": pngOf(t, coloured(9, 9, glass))}), Reading{Resize: "3x3"}).Train
	if v := half.U8[16:20]; half.Channels != 4 || v[3] != 100 || v[1] < 197 || v[1] > 203 {
		t.Errorf("%v", v)
	}
}

// TestPicturesThatAreNone are refused by name.
func TestPicturesThatAreNone(t *testing.T) {
	g := pngOf(t, grey(4, 4))
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"cut":     {map[string]string{"a.png": g, "b.png": g[:40]}, []string{"b.png: the picture is cut short"}},
		"flipped": {map[string]string{"a.png": g[:45] + "x" + g[46:]}, []string{"a.png: the picture cannot be decoded (png: "}},
		"text":    {map[string]string{"a.jpg": "no picture"}, []string{"a.jpg: unknown kind of picture: expected PNG"}},
		"empty":   {map[string]string{"a.jpg": ""}, []string{"a.jpg: "}},
		"mixed":   {map[string]string{"a.png": g, "b/c.png": g}, []string{"a.png lies beside the sub-folder of b/c.png"}},
		"bomb":    {map[string]string{"a.png": claiming(60000, 2000)}, []string{"a.png: a picture of 60000x2000 pixels in", "made to fill the memory"}},
		"huge":    {map[string]string{"a.png": claiming(1<<30, 1<<30)}, []string{"a.png: "}},
	} {
		_, err := Read(t.Context(), folder(t, c.files), Reading{})
		wantError(t, err, c.want...)
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	var bad *ReadingError
	for _, how := range []Reading{{Array: "X"}, {Resize: "60000x60000"}, {Label: "y"}, {Layout: "chw"}} {
		if _, err := Read(t.Context(), folder(t, map[string]string{"a.png": g}), how); !errors.As(err, &bad) {
			t.Errorf("%+v: %v", how, err)
		}
	}
	if _, err := Read(t.Context(), file(t, "a.npy", array("<f4", []int{1, 1}, []float32{1})), Reading{Resize: "2x2"}); !errors.As(err, &bad) {
		t.Errorf("--resize: %v", err)
	}
}

// claiming is the head of a PNG file of that size.
func claiming(width, height uint32) string {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1)))
	head := b.Bytes()[:33]
	binary.BigEndian.PutUint32(head[16:], width)
	binary.BigEndian.PutUint32(head[20:], height)
	return string(withSum(head)) + b.String()[33:]
}

// TestDamagedPictures cuts pictures and flips bits in them: they are refused by name, or read as pictures of that size.
func TestDamagedPictures(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	idx := "\x00\x00\x08\x03\x00\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00\x03abcdefghijkl"
	for name, whole := range map[string]string{"a.png": pngOf(t, grey(9, 7)), "b.png": pngOf(t, coloured(5, 5, glass)), "c.jpg": jpegOf(t, grey(9, 7), 6), "d.bin": idx} {
		for k := range 120 {
			content := []byte(whole)
			if at := rng.IntN(len(content)); k%4 == 0 {
				content = content[:at]
			} else {
				content[at] ^= 1 << rng.IntN(8)
			}
			src, err := Read(t.Context(), file(t, name, string(content)), Reading{})
			var bad *Error
			if err != nil && (!errors.As(err, &bad) || !strings.Contains(err.Error(), name)) {
				t.Fatalf("%s: %v (%T)", name, err, err)
			}
			if err == nil && src.Train.Validate() != nil {
				t.Fatal(src.Train.Validate())
			}
		}
	}
}

func TestIDXByContent(t *testing.T) {
	src := read(t, file(t, "digits", "\x00\x00\x08\x03\x00\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00\x03abcdefghijkl"), Reading{})
	if s := src.Train; s.Rows != 2 || s.Height != 2 || string(s.U8) != "abcdefghijkl" {
		t.Errorf("%+v", s)
	}
	if src := read(t, file(t, "picture", pngOf(t, grey(4, 2))), Reading{}); src.Train.Width != 4 || src.Train.IDs[0] != "picture" {
		t.Errorf("%+v", src.Train)
	}
}

// withSum is the head of a PNG file with its checksum made right.
func withSum(head []byte) []byte {
	binary.BigEndian.PutUint32(head[29:], crc32.ChecksumIEEE(head[12:29]))
	return head
}

// TestPicturesAskBeforeTheyTake ends where memory is refused, which is asked for all pixels.
func TestPicturesAskBeforeTheyTake(t *testing.T) {
	dir := folder(t, map[string]string{"a/1.png": pngOf(t, coloured(40, 30, red)), "b/2.png": pngOf(t, coloured(40, 30, red))})
	refused, most := errors.New("refused"), 0.0
	ctx := WithMemory(t.Context(), func(_ string, bytes float64) error {
		most = max(most, bytes)
		return nil
	})
	if _, err := Open(ctx, dir); err != nil || most < 2*40*30*3 {
		t.Errorf("%v, %g bytes were asked for", err, most)
	}
	ctx = WithMemory(t.Context(), func(string, float64) error { return refused })
	if _, err := Open(ctx, dir); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
}

// TestWritePictures writes folders of pictures: called as the rows, never outside of the folder, whole or not at all.
func TestWritePictures(t *testing.T) {
	s := &Set{Name: "s", Rows: 5, Cols: 4, Height: 2, Width: 2, Channels: 1, White: 255, F32: make([]float32, 20),
		IDs: []string{"a/1.jpg", "../../b", "a/1.png", "...", "c d:?.gif"}}
	for i := range s.F32 {
		s.F32[i] = float32(12 * i)
	}
	once := func(use func(*Set) error) error { return errors.Join(use(s.Part(0, 2)), use(s.Part(2, 3))) }
	dir := filepath.Join(t.TempDir(), "new")
	if err := WritePictures(dir, 5, once); err != nil {
		t.Fatal(err)
	}
	var names []string
	err := filepath.WalkDir(filepath.Dir(dir), func(path string, d os.DirEntry, err error) error {
		if !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil || !slices.Equal(names, []string{"3.png", "a/1-2.png", "a/1.png", "b.png", "c_d__.png"}) {
		t.Errorf("%q, %v", names, err)
	}
	again := read(t, filepath.Join(dir, "b.png"), Reading{}).Train
	if !slices.Equal(again.U8, []uint8{48, 60, 72, 84}) {
		t.Errorf("%v", again.U8)
	}
	wantError(t, WritePictures(dir, 5, once), "not empty")
	fresh := filepath.Join(t.TempDir(), "fresh")
	wantError(t, WritePictures(fresh, 6, once), "expected 6")
	wantError(t, WritePictures(fresh, 1, func(use func(*Set) error) error { return use(&Set{Rows: 1, Cols: 1, F32: []float32{1}}) }), "expected images")
	if entries, err := os.ReadDir(filepath.Dir(fresh)); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
