package data

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// smallEnough says whether decoding the content takes no time to speak of.
func smallEnough(f io.ReadSeeker, size int64) bool {
	h, err := readHead("fuzz", f, size)
	f.Seek(0, io.SeekStart)
	return err != nil || h.width*h.height <= 1<<16
}

// FuzzPicture reads pictures and single pictures with and without --resize: pixels of the size that was said, or an
// *Error that names the file, never a panic.
func FuzzPicture(f *testing.F) {
	for _, s := range []string{pngOf(f, grey(3, 2)), pngOf(f, coloured(2, 2, glass)), jpegOf(f, grey(9, 7), 6), jpegOf(f, coloured(8, 8, color.White), 0), claiming(60000, 2000),
		"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"} {
		f.Add([]byte(s), uint8(0))
		f.Add([]byte(s), uint8(5))
	}
	f.Fuzz(func(t *testing.T, content []byte, resize uint8) {
		r := bytes.NewReader(content)
		var pix []byte
		want := 0
		err := pictureUse("fuzz.png", r, int64(len(content)), func(f io.ReadSeeker, size int64) error {
			h, err := readHead("fuzz.png", f, size)
			if err != nil || h.width*h.height > 1<<16 { // larger ones take the fuzzer's time
				return err
			}
			w, ht := h.width, h.height
			if resize > 0 {
				w, ht = int(resize%9)+1, int(resize/9)+1
			}
			want = w * ht * h.channels
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				return err
			}
			pix, err = decodePicture(nil, "fuzz.png", f, h, w, ht, h.channels)
			return err
		})
		var bad *Error
		switch {
		case err == nil && len(pix) != want:
			t.Fatalf("%d bytes: expected %d", len(pix), want)
		case err != nil && (!errors.As(err, &bad) || bad.Path != "fuzz.png" || strings.Contains(err.Error(), "\n")):
			t.Fatalf("%q (%T)", err, err)
		}
	})
}

// FuzzFolder reads a folder of files of those names and contents, each line a name.
func FuzzFolder(f *testing.F) {
	g := pngOf(f, grey(3, 2))
	f.Add("a/1.png\nb/2.png\n.hidden\nreadme", []byte(g))
	f.Add("train/a/1.png\ntest/b/2.png\nval/3.png", []byte(g))
	f.Add("train/1.jpg\n2.png", []byte(jpegOf(f, grey(3, 2), 3)))
	f.Fuzz(func(t *testing.T, names string, content []byte) {
		files := map[string]string{}
		for _, n := range strings.Split(names, "\n") {
			if n = filepath.Clean("/" + n)[1:]; n == "" || len(n) > 100 || strings.ContainsAny(n, "\x00\\") || len(files) > 8 {
				continue
			}
			for have := range files { // a name is that of a file or of a folder
				if strings.HasPrefix(have, n+"/") || strings.HasPrefix(n, have+"/") {
					return
				}
			}
			files[n] = string(content)
		}
		if !smallEnough(bytes.NewReader(content), int64(len(content))) {
			return
		}
		src, err := Read(t.Context(), folder(t, files), Reading{})
		var bad *Error
		if err != nil && !errors.As(err, &bad) {
			t.Fatalf("%q (%T)", err, err)
		}
		if err != nil {
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
	})
}

// FuzzLayout lays arrays out, reads what it wrote again, and finds the same.
func FuzzLayout(f *testing.F) {
	f.Add([]byte{2, 3, 4, 5}, "auto", true)
	f.Add([]byte{2, 12}, "3x4", false)
	f.Add([]byte{1, 3, 2, 2}, "chw", true)
	f.Fuzz(func(t *testing.T, dims []byte, layout string, small bool) {
		shape, head := []int{}, []byte{0, 0, 0x08, byte(len(dims))}
		for _, d := range dims {
			shape = append(shape, int(d%16)+1)
			head = binary.BigEndian.AppendUint32(head, uint32(shape[len(shape)-1]))
		}
		if len(dims) < 2 || len(dims) > 5 || product(shape) > 1<<14 {
			return
		}
		values := upTo[uint8](product(shape))
		if !small {
			head[2] = 0x0d
			content := make([]byte, 0, 4*len(values))
			for _, v := range values {
				content = binary.BigEndian.AppendUint32(content, math.Float32bits(float32(v)/3))
			}
			values = content
		}
		src, err := Read(t.Context(), file(t, "any", string(append(head, values...))), Reading{Layout: layout})
		var bad *Error
		var choice *ReadingError
		if err != nil {
			if !errors.As(err, &bad) && !errors.As(err, &choice) {
				t.Fatalf("%q (%T)", err, err)
			}
			return
		}
		if err := src.Train.Validate(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "a.npy")
		if err := Write(path, src.Train); err != nil {
			t.Fatal(err)
		}
		if again := read(t, path, Reading{Layout: layout}).Train; src.Train.Height > 0 && (again.At(0, 0) != src.Train.At(0, 0) || again.Layout != src.Train.Layout) {
			t.Fatalf("%v as %q: %+v, then %+v", shape, layout, src.Train.images(), again.images())
		}
	})
}
