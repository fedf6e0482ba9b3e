package report

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"slices"

	"golang.org/x/image/font"
)

const maxFilters = 100

// Filters draws the weights of a layer's first 100 units, each g.Len() values, as
// images on one colour scale that is symmetric about 0: blue is negative, red
// positive. For RGB data 0 is mid grey and a channel's weight moves that channel.
// Data that is not images gives a heat map with a row a unit and a column a
// feature.
//
// The scale ends at the 99.5th percentile of the magnitudes, so that a single
// large weight does not pale all others.
func Filters(w io.Writer, g Geometry, weights []float32) error {
	n, err := g.count(weights)
	if err != nil {
		return err
	}
	if n == 0 {
		return notice(w, "no filters")
	}
	n = min(n, maxFilters)
	top := symmetricRange(weights[:n*g.Len()])
	if !g.IsImage() {
		return png.Encode(w, heatMap(g, weights, n, top))
	}
	s := newSheet(g, n, 64)
	s.columns = int(math.Ceil(math.Sqrt(float64(n) * 1.6)))
	s.wrap(min(n, s.columns), maxSheetWidth)
	rows := (n + s.columns - 1) / s.columns
	height := rows*s.pitchY() - s.gap
	img := s.canvas(height)
	if g.Channels < 3 {
		img = withBar(img, s.face, max(height, minBar), top)
	}
	for i := range n {
		at := image.Pt(margin+i%s.columns*s.pitchX(), margin+i/s.columns*s.pitchY())
		v := weights[i*g.Len() : (i+1)*g.Len()]
		paint(img, at, g.Width, g.Height, s.scale, func(x, y int) color.RGBA { return g.weight(v, x, y, top) })
		frame(img, image.Rectangle{at, at.Add(s.cell)})
	}
	return png.Encode(w, img)
}

// weight is the colour of a filter's pixel.
func (g Geometry) weight(v []float32, x, y int, top float32) color.RGBA {
	p := v[(y*g.Width+x)*g.Channels:][:g.Channels]
	if g.Channels < 3 {
		return diverging(p[0] / top)
	}
	var rgb [3]float32
	for i := range rgb {
		rgb[i] = .5 + p[i]/top/2
	}
	return Geometry{1, 1, 3}.pixel(rgb[:], 0, 0)
}

// symmetricRange is the 99.5th percentile of the finite magnitudes, 1 where all
// are 0.
func symmetricRange(v []float32) float32 {
	m := make([]float32, 0, len(v))
	for _, e := range v {
		if e-e == 0 {
			m = append(m, float32(math.Abs(float64(e))))
		}
	}
	if len(m) == 0 {
		return 1
	}
	slices.Sort(m)
	for _, top := range []float32{m[(len(m)-1)*995/1000], m[len(m)-1]} {
		if top > 0 {
			return top
		}
	}
	return 1
}

// diverging is the colour of v in [-1, 1]: blue, white, red (the ends of
// ColorBrewer's RdBu), linear between.
func diverging(v float32) color.RGBA {
	if v != v {
		return noNumber
	}
	end := [3]float32{178, 24, 43}
	if v < 0 {
		end, v = [3]float32{33, 102, 172}, -v
	}
	v = min(v, 1)
	mix := func(e float32) uint8 { return uint8(250 + (e-250)*v + .5) }
	return color.RGBA{mix(end[0]), mix(end[1]), mix(end[2]), 255}
}

// frame outlines r from outside, so that a filter near 0 can be told from the paper.
func frame(img *image.RGBA, r image.Rectangle) {
	grey := color.RGBA{205, 205, 205, 255}
	for x := r.Min.X - 1; x <= r.Max.X; x++ {
		img.SetRGBA(x, r.Min.Y-1, grey)
		img.SetRGBA(x, r.Max.Y, grey)
	}
	for y := r.Min.Y - 1; y <= r.Max.Y; y++ {
		img.SetRGBA(r.Min.X-1, y, grey)
		img.SetRGBA(r.Max.X, y, grey)
	}
}

// minBar is the least height of a colour bar that its three labels fit.
const minBar = 3 * textSize

// withBar makes room at the right of a picture that is still white and draws the
// colour bar of -top to top there.
func withBar(img *image.RGBA, f font.Face, height int, top float32) *image.RGBA {
	labels := []string{fmt.Sprintf("%+.2g", top), "0", fmt.Sprintf("%+.2g", -top)}
	text := 0
	for _, l := range labels {
		text = max(text, textWidth(f, l))
	}
	const width, apart = 16, 20
	x := img.Rect.Dx() - margin + apart
	height = min(height, 320)
	wide := blank(x+width+8+text+margin, max(img.Rect.Dy(), height+2*margin))
	for y := range height {
		c := diverging(1 - 2*float32(y)/float32(max(height-1, 1)))
		for i := range width {
			wide.SetRGBA(x+i, margin+y, c)
		}
	}
	frame(wide, image.Rect(x, margin, x+width, margin+height))
	for i, l := range labels {
		// The first hangs from the bar's top, the last stands on its foot.
		y := margin + []int{textSize * 3 / 4, height/2 + textSize*3/8, height}[i]
		write(wide, f, x+width+8, y, l)
	}
	return wide
}

// heatMap has a row a unit and a column a feature, the first 2,000 of them.
func heatMap(g Geometry, weights []float32, n int, top float32) *image.RGBA {
	columns := min(g.Width, 2000)
	cell := image.Pt(min(max(900/columns, 1), 24), min(max(600/n, 6), 20))
	f := face()
	const caption = 26
	width, height := columns*cell.X, n*cell.Y
	img := withBar(blank(width+2*margin, height+2*margin+caption), f, max(height, minBar), top)
	for y := range height {
		for x := range width {
			img.SetRGBA(margin+x, margin+y, diverging(weights[y/cell.Y*g.Width+x/cell.X]/top))
		}
	}
	frame(img, image.Rect(margin, margin, margin+width, margin+height))
	text := fmt.Sprintf("%d features across, %d units down", columns, n)
	return captioned(img, f, margin+height+textSize+6, text)
}

// captioned writes text at the left margin, widening the picture where it must.
func captioned(img *image.RGBA, f font.Face, y int, text string) *image.RGBA {
	need := 2*margin + textWidth(f, text)
	wide := blank(max(img.Rect.Dx(), need), max(img.Rect.Dy(), y+margin))
	for row := range img.Rect.Dy() {
		copy(wide.Pix[row*wide.Stride:], img.Pix[row*img.Stride:(row+1)*img.Stride])
	}
	write(wide, f, margin, y, text)
	return wide
}
