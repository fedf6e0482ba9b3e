package report

import (
	"fmt"
	"image/color"
	"io"
	"math"
)

const (
	titleSize   = 12
	captionSize = 13
)

// palette tells ten things apart (Tableau 10), also side by side on white.
var palette = []color.RGBA{
	{78, 121, 167, 255}, {242, 142, 43, 255}, {225, 87, 89, 255}, {118, 183, 178, 255}, {89, 161, 79, 255},
	{237, 201, 72, 255}, {176, 122, 161, 255}, {255, 157, 167, 255}, {156, 117, 95, 255}, {137, 137, 137, 255},
}

// colourOf is the colour of number i of n: the palette's, or hues all around where
// it does not reach.
func colourOf(i, n int) color.RGBA {
	if n <= len(palette) {
		return palette[i%len(palette)]
	}
	return hue(float64(i) / float64(n))
}

// hue is a colour of the wheel, t in [0, 1), of even saturation.
func hue(t float64) color.RGBA {
	h := t * 6
	channel := func(shift float64) uint8 {
		v := h + shift
		for v >= 6 {
			v -= 6
		}
		up := min(max(min(v, 4-v), 0), 1) // trapezium over the wheel
		return uint8(50 + 170*up)
	}
	return color.RGBA{channel(2), channel(0), channel(4), 255}
}

// figure makes a PNG of that size in units of 1/72 inch, margins included, and lets fill draw on it.
func figure(w io.Writer, width, height float64, fill func(c canvas)) error {
	return figureAs(w, PNG, width, height, fill)
}

func figureAs(w io.Writer, format Format, width, height float64, fill func(c canvas)) error {
	l, err := newLetters()
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	var to painter = newRaster(width, height, l)
	if format == SVG {
		to = newSVG(width, height)
	}
	fill(canvas{painter: to, letters: l, max: point{width, height}}.cropped(14, 18, 12, 14))
	if err := to.writeTo(w); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// caption writes the title at the top left and returns what is left of c below.
func caption(c canvas, title string) canvas {
	if title == "" {
		return c
	}
	c.write(point{c.min.x, c.max.y}, captionSize, atLeft, below, title)
	return c.cropped(0, 0, 0, 26)
}

// key is an entry of a legend.
type key struct {
	name string
	line pen
	disc bool // a disc of the line's colour instead of a line
}

// legend writes keys in rows from the top left of c and returns what is left of c
// below. It stands outside of the charts, where it hides nothing.
func legend(c canvas, keys []key) canvas {
	if len(keys) == 0 {
		return c
	}
	const swatch, apart, height = 22, 18, 18
	x, y := c.min.x, c.max.y-height/2
	for _, k := range keys {
		width := swatch + 5 + c.letters.width(labelSize, k.name)
		if x > c.min.x && x+width > c.max.x {
			x, y = c.min.x, y-height
		}
		if k.disc {
			c.disc(point{x + swatch - 6, y}, 4, k.line.colour)
		} else {
			c.line([]point{{x, y}, {x + swatch, y}}, k.line)
		}
		c.write(point{x + swatch + 5, y}, labelSize, atLeft, inMiddle, k.name)
		x += width + apart
	}
	c.max.y = y - height
	return c
}

// tile draws charts in rows of columns below the legend. Their data is of one size and aligned.
func tile(c canvas, charts []*chart, columns int, keys []key) {
	const apart, below = 16, 14
	c = legend(c, keys)
	rows := (len(charts) + columns - 1) / columns
	width, height := c.max.x-c.min.x-apart*float64(columns-1), c.max.y-c.min.y-below*float64(rows-1)
	left, right, bottom := make([]float64, columns), make([]float64, columns), make([]float64, rows)
	head := tickSize / 2.
	for i, p := range charts {
		p.x.settle()
		p.y.settle()
		col, row := i%columns, i/columns
		left[col] = math.Max(left[col], p.leftRoom(c.letters))
		right[col] = math.Max(right[col], p.rightRoom(c.letters, .8*width/float64(columns)))
		bottom[row] = math.Max(bottom[row], p.bottomRoom())
		if p.title != "" {
			head = 20
		}
	}
	for col := range columns {
		width -= left[col] + right[col]
	}
	for row := range rows {
		height -= head + bottom[row]
	}
	width, height = width/float64(columns), height/float64(rows)
	corner := point{c.min.x, c.max.y}
	for i, p := range charts {
		col, row := i%columns, i/columns
		at := c
		at.min = point{corner.x + left[col], corner.y - head - height}
		at.max = point{at.min.x + width, at.min.y + height}
		p.draw(at)
		corner.x = at.max.x + right[col] + apart
		if col == columns-1 {
			corner = point{c.min.x, at.min.y - bottom[row] - below}
		}
	}
}
