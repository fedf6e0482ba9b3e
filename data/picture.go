package data

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/gif" // the formats that are read
	_ "image/jpeg"
	_ "image/png"
	"io"
	"os"
	"strings"

	_ "golang.org/x/image/bmp"
	resample "golang.org/x/image/draw"
	_ "golang.org/x/image/webp"
)

// A picture has so many pixels at most, and one of more than largePicture pixels at least a byte of file for each
// pixelsPerByte of them, so that a small file cannot ask for much memory.
const (
	maxPixels     = 1 << 27
	maxResized    = 1 << 24 // of what --resize asks for
	largePicture  = 1 << 23
	pixelsPerByte = 64
)

// pictureHead is what a picture says of itself.
type pictureHead struct {
	width, height int // as it is looked at, turned
	channels      int // 1, 3 or 4
	deep          bool
	kind          string // gif, png and so on
	turn          int    // how it is to be turned, 1 for not at all (Exif's orientation)
}

// size is the width and height in words.
func (h pictureHead) size() string { return fmt.Sprintf("%dx%d", h.width, h.height) }

// withPicture opens a picture and hands it to use; what use says of it becomes an [*Error] about its path.
func withPicture(path string, use func(f io.ReadSeeker, size int64) error) (err error) {
	f, info, err := openStat(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if !info.Mode().IsRegular() {
		return wrong(path, "neither a folder nor a plain file: expected a picture")
	}
	return pictureUse(path, f, info.Size(), use)
}

// pictureUse is withPicture of an open file.
func pictureUse(path string, f io.ReadSeeker, size int64, use func(f io.ReadSeeker, size int64) error) (err error) {
	defer func() {
		if gone := recover(); gone != nil { // the decoders are others', the files may be anybody's
			err = wrong(path, "damaged: it cannot be decoded: expected a whole picture")
		}
		err = pictureError(path, err)
	}()
	return use(f, size)
}

// pictureError turns a decoder's complaint into an Error about the file; the system's own errors pass as they are.
func pictureError(path string, err error) error {
	var own *Error
	var system *os.PathError
	switch {
	case err == nil, errors.As(err, &own), errors.As(err, &system):
		return err
	case errors.Is(err, image.ErrFormat):
		return &Error{Path: path, Msg: "unknown kind of picture: expected PNG, JPEG, GIF, BMP or WebP", Err: err}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return &Error{Path: path, Msg: "the picture is cut short: expected more bytes", Err: err}
	}
	return &Error{Path: path, Msg: "the picture cannot be decoded (" + clip(strings.Join(strings.Fields(err.Error()), " ")) + "): expected a whole one", Err: err}
}

// readHead reads what a picture says of itself, and refuses one that is too large.
func readHead(path string, f io.ReadSeeker, size int64) (h pictureHead, err error) {
	c, kind, err := image.DecodeConfig(bufio.NewReader(f))
	if err != nil {
		return h, err
	}
	h = pictureHead{width: c.Width, height: c.Height, kind: kind, turn: 1}
	h.channels, h.deep = channelsOf(c.ColorModel)
	if kind == "gif" {
		h.channels = max(h.channels, 3) // frames may have colours of their own
	}
	if h.channels == 4 && isOpaqueWebP(f) {
		h.channels = 3
	}
	switch n := product([]int{max(h.width, 0), max(h.height, 0)}); {
	case n == 0:
		return h, wrong(path, "a picture of %s pixels: expected one or more", h.size())
	case n < 0 || n > maxPixels:
		return h, wrong(path, "a picture of %s pixels: expected %d million at most", h.size(), maxPixels>>20)
	case n > largePicture && int64(n)/pixelsPerByte > size:
		return h, wrong(path, "a picture of %s pixels in %d bytes, as made to fill the memory: expected a byte for %d pixels or fewer", h.size(), size, pixelsPerByte)
	}
	if kind == "jpeg" {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return h, err
		}
		if h.turn = orientation(bufio.NewReader(f)); h.turn > 4 {
			h.width, h.height = h.height, h.width
		}
	}
	return h, nil
}

// isOpaqueWebP says whether a picture is lossless WebP that says that its alpha is not used.
func isOpaqueWebP(f io.ReadSeeker) bool {
	head := make([]byte, 25) // RIFF, its size, WEBP, VP8L, its size, 0x2f, two sides of 14 bits and the bit of alpha
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return false
	}
	_, err := io.ReadFull(f, head)
	return err == nil && string(head[8:16]) == "WEBPVP8L" && head[24]&0x10 == 0
}

// channelsOf tells the channels that colours of a model need, and whether they have more than 8 bits.
func channelsOf(m color.Model) (channels int, deep bool) {
	switch m {
	case color.GrayModel:
		return 1, false
	case color.Gray16Model:
		return 1, true
	case color.RGBA64Model:
		return 3, true
	case color.NRGBA64Model:
		return 4, true
	case color.NRGBAModel, color.NYCbCrAModel, color.AlphaModel:
		return 4, false
	}
	palette, ok := m.(color.Palette)
	if !ok {
		return 3, false
	}
	channels = 1
	for _, c := range palette {
		r, g, b, a := c.RGBA()
		switch {
		case a != 0xffff:
			return 4, false
		case r != g || g != b:
			channels = 3
		}
	}
	return channels, false
}

// decodePicture appends the pixels of a picture to dst, as bytes, with so many channels, brought to width x height.
func decodePicture(dst []byte, path string, f io.Reader, h pictureHead, width, height, channels int) ([]byte, error) {
	img, _, err := image.Decode(bufio.NewReader(f))
	if err != nil {
		return dst, err
	}
	w, ht := h.width, h.height // as it is stored
	if h.turn > 4 {
		w, ht, width, height = ht, w, height, width
	}
	if whole := image.Rect(0, 0, w, ht); img.Bounds() != whole {
		if h.kind != "gif" {
			return dst, wrong(path, "a picture of %v pixels that says to be of %s: expected a whole one", img.Bounds().Size(), h.size())
		}
		canvas := image.NewRGBA(whole)
		draw.Draw(canvas, whole, img, image.Point{}, draw.Src)
		img = canvas
	}
	if width != w || height != ht {
		scaled := image.NewRGBA(image.Rect(0, 0, width, height))
		resample.CatmullRom.Scale(scaled, scaled.Rect, img, img.Bounds(), resample.Src, nil)
		img = scaled
	}
	return turned(dst, pixelsOf(img, channels), width, height, channels, h.turn), nil
}

// pixelsOf returns the pixels of an image as bytes, row after row.
func pixelsOf(img image.Image, channels int) []byte {
	b := img.Bounds()
	switch channels {
	case 1:
		grey, ok := img.(*image.Gray)
		if !ok {
			grey = image.NewGray(b)
			draw.Draw(grey, b, onWhite(img), b.Min, draw.Src)
		}
		return rowsOf(grey.Pix, grey.Stride, b.Dx(), b.Dy())
	case 3:
		rgba, ok := onWhite(img).(*image.RGBA)
		if !ok {
			rgba = image.NewRGBA(b)
			draw.Draw(rgba, b, img, b.Min, draw.Src)
		}
		four := rowsOf(rgba.Pix, rgba.Stride, 4*b.Dx(), b.Dy())
		three := make([]byte, 0, len(four)/4*3)
		for ; len(four) > 0; four = four[4:] {
			three = append(three, four[:3]...)
		}
		return three
	}
	nrgba, ok := img.(*image.NRGBA)
	if !ok {
		nrgba = image.NewNRGBA(b)
		draw.Draw(nrgba, b, img, b.Min, draw.Src)
	}
	return rowsOf(nrgba.Pix, nrgba.Stride, 4*b.Dx(), b.Dy())
}

// onWhite returns the image where it is opaque, else on white.
func onWhite(img image.Image) image.Image {
	if o, ok := img.(interface{ Opaque() bool }); ok && o.Opaque() {
		return img
	}
	rgba := image.NewRGBA(img.Bounds())
	draw.Draw(rgba, rgba.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(rgba, rgba.Rect, img, rgba.Rect.Min, draw.Over)
	return rgba
}

// rowsOf returns rows of so many bytes that lie stride apart, without what is between them.
func rowsOf(pix []byte, stride, wide, rows int) []byte {
	if stride == wide {
		return pix[:wide*rows]
	}
	out := make([]byte, 0, wide*rows)
	for y := range rows {
		out = append(out, pix[y*stride:][:wide]...)
	}
	return out
}
