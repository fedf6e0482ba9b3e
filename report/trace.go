package report

import "math"

// trace is a line through points. Where a value is not finite, or not positive on
// a logarithmic axis, the line has a gap; a point between two gaps is a dot.
type trace struct {
	x, y []float64
	line pen
	dots float64 // radius of a dot on every point; 0 for none
}

func (t trace) draw(c canvas, p *chart) {
	var run []point
	end := func() {
		c.lineWithin(run, t.line)
		radius := t.dots
		if len(run) == 1 {
			radius = max(radius, 2*t.line.width)
		}
		for _, at := range run {
			if radius > 0 && c.contains(at) {
				c.disc(at, radius, t.line.colour)
			}
		}
		run = nil
	}
	for i, y := range t.y {
		at, ok := p.at(c, t.x[i], y)
		if !ok || !finite(t.x[i]) || !finite(y) {
			end()
			continue
		}
		run = append(run, at)
	}
	end()
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
