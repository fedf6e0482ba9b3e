package report

import (
	"image/color"
	"math"
)

// The look of axes, in units of 1/72 inch.
const (
	labelSize  = 11
	tickSize   = 10
	tickLength = 4
	tickRoom   = 3 // between a tick and its label
	labelRoom  = 6 // between the ticks' labels and the axis's
	lineHeight = ascent + descent
)

var (
	axisPen = pen{colour: color.RGBA{150, 150, 150, 255}, width: .5}
	gridPen = pen{colour: color.RGBA{228, 228, 228, 255}, width: .6}
)

// axis says where values are between its ends.
type axis struct {
	label       string
	min, max    float64
	logarithmic bool
	ticker      interface{ Ticks(lo, hi float64) []tick }
}

// tick is a mark of an axis; one without a label is short and has no line in the grid.
type tick struct {
	Value float64
	Label string
}

// settle makes a range that a picture can have of any other.
func (a *axis) settle() {
	if a.min > a.max {
		a.min, a.max = a.max, a.min
	}
	if !(a.min < a.max) {
		a.min--
		a.max++
	}
}

// at is where v is, as a fraction of the axis's length; not a number where it is nowhere.
func (a *axis) at(v float64) float64 {
	if a.logarithmic {
		return math.Log(v/a.min) / math.Log(a.max/a.min)
	}
	return (v - a.min) / (a.max - a.min)
}

// marks visits the ticks that are on the axis.
func (a *axis) marks(visit func(at float64, label string)) {
	for _, t := range a.ticker.Ticks(a.min, a.max) {
		if at := a.at(t.Value); at > -1e-9 && at < 1+1e-9 {
			visit(at, t.Label)
		}
	}
}

// part is something drawn between a chart's axes.
type part interface{ draw(c canvas, p *chart) }

// chart is parts between two axes under a title.
type chart struct {
	title string
	x, y  axis
	parts []part
}

func newChart(title, x, y string) *chart {
	return &chart{title: title, x: axis{label: x, ticker: linearTicks{}}, y: axis{label: y, ticker: linearTicks{}}}
}

// at is where the values are on c, if they are anywhere.
func (p *chart) at(c canvas, x, y float64) (point, bool) {
	at := point{c.min.x + p.x.at(x)*(c.max.x-c.min.x), c.min.y + p.y.at(y)*(c.max.y-c.min.y)}
	return at, finite(at.x) && finite(at.y)
}

// leftRoom is what ticks and labels take beside the data.
func (p *chart) leftRoom(l *letters) float64 {
	room := 0.
	p.y.marks(func(_ float64, label string) { room = math.Max(room, l.width(tickSize, label)) })
	room += tickLength + tickRoom
	if p.y.label != "" {
		room += labelRoom + lineHeight*labelSize
	}
	return room
}

// bottomRoom is what ticks and labels take below the data.
func (p *chart) bottomRoom() float64 {
	room := tickLength + 1 + lineHeight*tickSize
	if p.x.label != "" {
		room += labelRoom/2 + lineHeight*labelSize // the lines have room of their own
	}
	return room
}

// rightRoom is how far a label of the horizontal axis reaches beyond the data where that is so wide.
func (p *chart) rightRoom(l *letters, width float64) float64 {
	room := 0.
	p.x.marks(func(at float64, label string) {
		room = math.Max(room, l.width(tickSize, label)/2-(1-at)*width)
	})
	return room
}

// draw draws the chart, its data on all of c and the rest around it.
func (p *chart) draw(c canvas) {
	c.line([]point{c.min, {c.max.x, c.min.y}}, axisPen)
	c.line([]point{c.min, {c.min.x, c.max.y}}, axisPen)
	p.x.marks(func(at float64, label string) {
		x, length := c.min.x+at*(c.max.x-c.min.x), tickLength/2.
		if label != "" {
			length = tickLength
			c.line([]point{{x, c.min.y}, {x, c.max.y}}, gridPen)
			c.write(point{x, c.min.y - tickLength - 1}, tickSize, atCentre, below, label)
		}
		c.line([]point{{x, c.min.y}, {x, c.min.y - length}}, axisPen)
	})
	p.y.marks(func(at float64, label string) {
		y, length := c.min.y+at*(c.max.y-c.min.y), tickLength/2.
		if label != "" {
			length = tickLength
			c.line([]point{{c.min.x, y}, {c.max.x, y}}, gridPen)
			c.write(point{c.min.x - tickLength - tickRoom, y}, tickSize, atRight, inMiddle, label)
		}
		c.line([]point{{c.min.x, y}, {c.min.x - length, y}}, axisPen)
	})
	middle := point{(c.min.x + c.max.x) / 2, (c.min.y + c.max.y) / 2}
	c.write(point{middle.x, c.min.y - p.bottomRoom()}, labelSize, atCentre, onTop, p.x.label)
	if p.y.label != "" {
		c.writeUpwards(point{c.min.x - p.leftRoom(c.letters) + ascent*labelSize, middle.y}, labelSize, p.y.label)
	}
	c.write(point{middle.x, c.max.y + 5}, titleSize, atCentre, onTop, p.title)
	for _, part := range p.parts {
		part.draw(c, p)
	}
}
