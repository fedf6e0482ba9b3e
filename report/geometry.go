package report

import (
	"fmt"
	"image"
	"image/color"
)

// Geometry is the shape of one example: Height x Width pixels of Channels values
// side by side (1 grey, 3 RGB, 4 RGB and alpha). Height 0 stands for data that is
// not images, with Width features an example.
type Geometry struct {
	Height, Width, Channels int
}

// IsImage reports whether examples are pictures.
func (g Geometry) IsImage() bool { return g.Height > 0 }

// Len is the number of values of an example.
func (g Geometry) Len() int {
	if g.IsImage() {
		return g.Height * g.Width * g.Channels
	}
	return g.Width
}

// count is the number of examples in x.
func (g Geometry) count(x []float32) (int, error) {
	d := g.Len()
	if d < 1 || g.Height < 0 || g.Width < 0 || g.Channels < 0 || g.Channels > 4 {
		return 0, fmt.Errorf("report: examples of %dx%dx%d: expected height x width x 1, 3 or 4 channels, or 0 x features", g.Height, g.Width, g.Channels)
	}
	if len(x)%d != 0 {
		return 0, fmt.Errorf("report: %d values: expected examples of %d", len(x), d)
	}
	return len(x) / d, nil
}

// noNumber marks what is not a number: no palette here has this colour.
var noNumber = color.RGBA{255, 0, 200, 255}

// shade is a value in [0, 1] as a grey level; what is outside is clamped.
func shade(v float32) uint8 { return uint8(min(max(v, 0), 1)*255 + .5) }

// pixel is the colour of pixel (x, y) of an example with values in [0, 1].
func (g Geometry) pixel(v []float32, x, y int) color.RGBA {
	p := v[(y*g.Width+x)*g.Channels:][:g.Channels]
	for _, e := range p {
		if e != e {
			return noNumber
		}
	}
	if g.Channels < 3 {
		s := shade(p[0])
		return color.RGBA{s, s, s, 255}
	}
	alpha := float32(1)
	if g.Channels == 4 {
		alpha = min(max(p[3], 0), 1)
	}
	over := func(e float32) uint8 { return shade(min(max(e, 0), 1)*alpha + 1 - alpha) } // on white
	return color.RGBA{over(p[0]), over(p[1]), over(p[2]), 255}
}

// paint draws a width x height picture at a corner, each pixel a square of scale x scale.
func paint(dst *image.RGBA, at image.Point, width, height, scale int, pixel func(x, y int) color.RGBA) {
	for y := range height * scale {
		for x := range width * scale {
			dst.SetRGBA(at.X+x, at.Y+y, pixel(x/scale, y/scale))
		}
	}
}
