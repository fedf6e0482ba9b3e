package report

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// trace is a line through points. Where a value is not finite, or not positive on
// a logarithmic axis, the line has a gap; a point between two gaps is a dot.
type trace struct {
	x, y []float64
	line draw.LineStyle
	dots vg.Length // radius of a dot on every point; 0 for none
}

// Plot is plot.Plotter.
func (t trace) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	_, logarithmic := p.Y.Scale.(plot.LogScale)
	var run []vg.Point
	end := func() {
		if len(run) > 1 {
			c.StrokeLines(t.line, c.ClipLinesXY(run)...)
		}
		radius := t.dots
		if len(run) == 1 {
			radius = max(radius, 2*t.line.Width)
		}
		for _, at := range run {
			if radius > 0 && c.Contains(at) {
				disc(c, at, radius, t.line.Color)
			}
		}
		run = nil
	}
	for i, y := range t.y {
		if !finite(t.x[i]) || !finite(y) || logarithmic && y <= 0 {
			end()
			continue
		}
		run = append(run, vg.Point{X: tx(t.x[i]), Y: ty(y)})
	}
	end()
}

func disc(c draw.Canvas, at vg.Point, radius vg.Length, colour color.Color) {
	c.DrawGlyphNoClip(draw.GlyphStyle{Color: colour, Radius: radius, Shape: draw.CircleGlyph{}}, at)
}

// finite reports whether v can be drawn: a number, and one whose distance from
// any other is one too.
func finite(v float64) bool { return math.Abs(v) < 1e300 }

// span is the range of the finite values seen.
type span struct{ lo, hi float64 }

func newSpan() span { return span{math.Inf(1), math.Inf(-1)} }

func (s *span) see(values ...float64) {
	for _, v := range values {
		if finite(v) {
			s.lo, s.hi = math.Min(s.lo, v), math.Max(s.hi, v)
		}
	}
}

// padded is the range with a little room, and some range where there is none.
func (s span) padded() (lo, hi float64) {
	if s.lo > s.hi {
		return 0, 1
	}
	room := .05 * (s.hi - s.lo)
	if room == 0 {
		room = math.Max(.1*math.Abs(s.lo), 1e-6)
	}
	return s.lo - room, s.hi + room
}

// paddedLog is padded on a logarithmic axis; the range is positive.
func (s span) paddedLog() (lo, hi float64) {
	room := math.Pow(s.hi/s.lo, .05)
	return s.lo / room, s.hi * room
}
