package data

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"unicode"
)

// WritePictures writes a new folder with a PNG file for each row of images that come a few at a time, as [WriteRows]
// takes them: 0 is black and 1 white, or what the set says. A file is called as its row, without what an operating
// system could object to, and else by the row's number from 0. The folder is there when all files are, or not at all; one
// that is there must be empty. Rows that are no images are an [*Error].
func WritePictures(dir string, rows int, each func(use func(*Set) error) error) error {
	dir = filepath.Clean(dir)
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return wrong(dir, "a folder that is not empty: expected a new one, or one that is empty")
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return pathError(dir, err)
	}
	temp, unlock, err := createTemporaryFolder(filepath.Dir(dir))
	if err != nil {
		return pathError(dir, err)
	}
	defer unlock()
	unfinished.Store(temp, nil)
	defer func() {
		os.RemoveAll(temp)
		unfinished.Delete(temp)
	}()
	w := pictureWriter{dir: temp, rows: rows}
	if err := each(w.part); err != nil {
		return err
	}
	if w.at != rows {
		return wrong(dir, "%d rows were given to write: expected %d", w.at, rows)
	}
	if runtime.GOOS == "windows" {
		unlock()
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return pathError(dir, err)
	}
	if err := os.Rename(temp, dir); err != nil {
		return pathError(dir, err)
	}
	return syncFolder(filepath.Dir(dir))
}

// pictureWriter writes rows as files of a folder.
type pictureWriter struct {
	dir      string
	rows, at int // in all, and so far
}

func (w *pictureWriter) part(s *Set) error {
	if err := s.Validate(); err != nil {
		return err
	}
	if m := s.images(); m == nil || !isChannels(m.Channels) {
		return wrong(s.Name, "rows of %d numbers: expected images", s.Cols)
	}
	if s.Rows > w.rows-w.at {
		return wrong(s.Name, "more than %d rows were given to write", w.rows)
	}
	row := make([]float32, s.Cols)
	for i := range s.Rows {
		s.Grey(row, i)
		if err := w.write(w.name(s, i), pictureOf(row, s.images())); err != nil {
			return err
		}
		w.at++
	}
	return nil
}

// name is what the file of row i of a part is called, without its ending, with slashes.
func (w *pictureWriter) name(s *Set, i int) string {
	if s.IDs == nil {
		return fmt.Sprintf("%0*d", len(strconv.Itoa(w.rows-1)), w.at)
	}
	words := strings.FieldsFunc(s.IDs[i], func(r rune) bool { return r == '/' || r == '\\' })
	var names []string
	for _, n := range words {
		if n = plainName(n); n != "" {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		return strconv.Itoa(w.at)
	}
	last := &names[len(names)-1]
	if isPictureName(*last) {
		*last = strings.TrimSuffix(*last, filepath.Ext(*last))
	}
	return strings.Join(names, "/")
}

// plainName is a name without what operating systems object to; "" where nothing is left.
func plainName(n string) string {
	n = strings.TrimLeft(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_.+=@", r) {
			return r
		}
		return '_'
	}, strings.ToValidUTF8(n, "_")), ".")
	const most = 120 // of 255 bytes
	for len(n) > most {
		runes := []rune(n)
		n = string(runes[:len(runes)-1])
	}
	return strings.TrimRight(n, ".")
}

// write writes a picture under a name, with the row's number behind it where it is taken.
func (w *pictureWriter) write(name string, img image.Image) error {
	path := filepath.Join(w.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return pathError(name, err)
	}
	open := func(path string) (*os.File, error) {
		return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	}
	f, err := open(path + ".png")
	for extra := "-" + strconv.Itoa(w.at); errors.Is(err, fs.ErrExist) && len(extra) < 64; extra += "-" {
		f, err = open(path + extra + ".png")
	}
	if err != nil {
		return pathError(name+".png", err)
	}
	b := bufio.NewWriter(f)
	return errors.Join(png.Encode(b, img), b.Flush(), f.Sync(), f.Close())
}

// pictureOf is one image whose values are 0 for black to 1 for white.
func pictureOf(v []float32, m *Images) image.Image {
	byteOf := func(e float32) uint8 { return uint8(min(max(e, 0), 1)*255 + 0.5) }
	frame := image.Rect(0, 0, m.Width, m.Height)
	if m.Channels == 1 {
		img := image.NewGray(frame)
		for i, e := range v {
			img.Pix[i] = byteOf(e)
		}
		return img
	}
	img := image.NewNRGBA(frame)
	for i := range m.Height * m.Width {
		p := v[i*m.Channels:][:m.Channels]
		c := color.NRGBA{byteOf(p[0]), byteOf(p[1]), byteOf(p[2]), 255}
		if m.Channels == 4 {
			c.A = byteOf(p[3])
		}
		img.SetNRGBA(i%m.Width, i/m.Width, c)
	}
	return img
}
