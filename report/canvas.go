package report

import (
	"image/color"
	"io"
	"math"
)

// point is a place on a figure, in units of 1/72 inch from its lower left corner.
type point struct{ x, y float64 }

// pen is how a line is drawn; widths and dashes (drawn, left out, drawn, ...) are in units of 1/72 inch.
type pen struct {
	colour color.Color
	width  float64
	dashes []float64
}

// painter makes a picture of the few things that figures are made of.
type painter interface {
	line(points []point, p pen)
	disc(at point, radius float64, colour color.Color)
	text(baseline point, size float64, upwards bool, text string) // from the left end of its baseline
	writeTo(w io.Writer) error
}

// canvas is a part of a figure.
type canvas struct {
	painter
	letters  *letters
	min, max point
}

// cropped is c without so much at its edges.
func (c canvas) cropped(left, right, bottom, top float64) canvas {
	c.min.x, c.min.y = c.min.x+left, c.min.y+bottom
	c.max.x, c.max.y = c.max.x-right, c.max.y-top
	return c
}

func (c canvas) contains(p point) bool {
	const slack = 1e-6 // what rounding puts outside of an edge is on it
	return p.x >= c.min.x-slack && p.x <= c.max.x+slack && p.y >= c.min.y-slack && p.y <= c.max.y+slack
}

// Where a text lies about a point, as fractions of its width and of its size.
const (
	atLeft, atCentre, atRight = 0, .5, 1

	onTop    = -descent // above the point
	inMiddle = .36      // half of a capital's height
	below    = ascent
)

// write writes a text about a point.
func (c canvas) write(at point, size, across, down float64, text string) {
	at.x -= across * c.letters.width(size, text)
	at.y -= down * size
	c.text(at, size, false, text)
}

// writeUpwards writes a text turned to the left, the middle of its baseline at a point.
func (c canvas) writeUpwards(at point, size float64, text string) {
	at.y -= c.letters.width(size, text) / 2
	c.text(at, size, true, text)
}

// lineWithin draws those parts of a line that lie on c.
func (c canvas) lineWithin(points []point, p pen) {
	var run []point
	end := func() {
		if len(run) > 1 {
			c.line(run, p)
		}
		run = nil
	}
	for i := 1; i < len(points); i++ {
		a, b, seen := c.clipped(points[i-1], points[i])
		if !seen {
			end()
			continue
		}
		if a != points[i-1] || run == nil {
			end()
			run = []point{a}
		}
		run = append(run, b)
		if b != points[i] {
			end()
		}
	}
	end()
}

// clipped is the part of the line from a to b that lies on c (Liang and Barsky 1984).
func (c canvas) clipped(a, b point) (from, to point, seen bool) {
	t0, t1 := 0., 1.
	dx, dy := b.x-a.x, b.y-a.y
	for _, edge := range [4][2]float64{{-dx, a.x - c.min.x}, {dx, c.max.x - a.x}, {-dy, a.y - c.min.y}, {dy, c.max.y - a.y}} {
		towards, room := edge[0], edge[1]
		switch {
		case towards == 0 && room < 0:
			return a, b, false
		case towards < 0:
			t0 = math.Max(t0, room/towards)
		case towards > 0:
			t1 = math.Min(t1, room/towards)
		}
	}
	if t0 > t1 {
		return a, b, false
	}
	from, to = a, b
	if t0 > 0 {
		from = point{a.x + t0*dx, a.y + t0*dy}
	}
	if t1 < 1 {
		to = point{a.x + t1*dx, a.y + t1*dy}
	}
	return from, to, true
}
