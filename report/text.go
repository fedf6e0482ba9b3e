package report

import (
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"sync"

	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// Sizes of the pictures that are drawn pixel by pixel.
const (
	margin   = 20 // around everything
	textSize = 15 // pixels an em
)

var ink = color.RGBA{51, 51, 51, 255}

// face is the typeface of labels. It has state of its own, so each picture takes
// a new one from the font that is parsed once.
func face() font.Face {
	f, err := labelFont()
	if err != nil {
		return basicfont.Face7x13
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: textSize, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return basicfont.Face7x13
	}
	return face
}

var labelFont = sync.OnceValues(func() (*opentype.Font, error) {
	return opentype.Parse(liberationsansregular.TTF)
})

// write draws text with the left end of its baseline at (x, y).
func write(dst *image.RGBA, f font.Face, x, y int, text string) {
	d := font.Drawer{Dst: dst, Src: image.NewUniform(ink), Face: f, Dot: fixed.P(x, y)}
	d.DrawString(text)
}

func textWidth(f font.Face, text string) int { return font.MeasureString(f, text).Ceil() }

// blank is a white picture.
func blank(width, height int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	return img
}

// notice is a picture that only says something.
func notice(w io.Writer, text string) error {
	f := face()
	img := blank(textWidth(f, text)+4*margin, 4*margin)
	write(img, f, 2*margin, 2*margin+textSize/3, text)
	return png.Encode(w, img)
}
