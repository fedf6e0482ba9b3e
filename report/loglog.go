package report

import (
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
)

// Format is how a plot is written.
type Format uint8

// The formats.
const (
	PNG Format = iota
	SVG        // without fonts in it: where Liberation Sans is not there, another stands in
)

// FormatOf is the format that a file's name ends in.
func FormatOf(path string) (Format, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png":
		return PNG, nil
	case ".svg":
		return SVG, nil
	}
	return 0, errors.New("expected a name ending in .png or .svg")
}

// LogLine is a line through points of positive numbers. Lines of one name have one
// colour in all panels.
type LogLine struct {
	Name      string
	X, Y      []float64
	Low, High []float64 // of a bar at every point; may be nil
	Labels    []string  // beside the points; may be nil
	Dots      bool      // on the points
	Dashed    bool      // and grey: what the others are compared with
}

// LogPanel is lines in axes that are logarithmic both.
type LogPanel struct {
	Title, XLabel, YLabel string
	Doubling              bool // the horizontal axis is labelled at powers of two
	Lines                 []LogLine
}

// LogLog draws panels, two in a row, under a title.
func LogLog(w io.Writer, format Format, title string, panels []LogPanel) error {
	if len(panels) == 0 {
		return errors.New("report: no panels")
	}
	var names []string
	for _, p := range panels {
		for _, l := range p.Lines {
			if len(l.X) != len(l.Y) || l.Low != nil && (len(l.Low) != len(l.X) || len(l.High) != len(l.X)) || l.Labels != nil && len(l.Labels) != len(l.X) {
				return fmt.Errorf("report: line %q of panel %q: %d x, %d y, %d low, %d high, %d labels", l.Name, p.Title, len(l.X), len(l.Y), len(l.Low), len(l.High), len(l.Labels))
			}
			if !slices.Contains(names, l.Name) {
				names = append(names, l.Name)
			}
		}
	}
	var plots []*chart
	keys := make([]key, len(names))
	for _, p := range panels {
		plots = append(plots, logChart(p, names, keys))
	}
	columns := min(len(plots), 2)
	rows := (len(plots) + columns - 1) / columns
	return figureAs(w, format, float64(columns)*430+32, float64(rows)*330+90, func(c canvas) {
		tile(caption(c, title), plots, columns, keys)
	})
}

// logChart is the chart of one panel, and notes its lines' keys.
func logChart(p LogPanel, names []string, keys []key) *chart {
	lines := newChart(p.Title, p.XLabel, p.YLabel)
	xs, ys := newSpan(), newSpan()
	for _, l := range p.Lines {
		i := slices.Index(names, l.Name)
		line := curvePen(i, len(names))
		if l.Dashed {
			line = levelPen(0)
		}
		keys[i] = key{name: l.Name, line: line}
		t := trace{x: l.X, y: l.Y, line: line}
		if l.Dots {
			t.dots = 2.6
		}
		lines.parts = append(lines.parts, t)
		if l.Low != nil {
			lines.parts = append(lines.parts, bars{l.X, l.Low, l.High, line.colour})
		}
		if l.Labels != nil {
			lines.parts = append(lines.parts, tags{l.X, l.Y, l.Labels})
		}
		for k := range l.X {
			if positive(l.X[k]) && positive(l.Y[k]) {
				xs.see(l.X[k])
				ys.see(l.Y[k])
				if l.Low != nil && positive(l.Low[k]) {
					ys.see(l.Low[k], l.High[k])
				}
			}
		}
	}
	for _, a := range []struct {
		*axis
		seen span
	}{{&lines.x, xs}, {&lines.y, ys}} {
		a.logarithmic, a.ticker = true, logTicks{}
		a.min, a.max = 1, 10
		if a.seen.lo <= a.seen.hi {
			a.min, a.max = a.seen.lo/1.25, a.seen.hi*1.25
		}
	}
	if p.Doubling {
		lines.x.ticker = doublingTicks{}
	}
	return lines
}

func positive(v float64) bool { return v > 1e-300 && finite(v) }

// bars are vertical, from low to high, with feet.
type bars struct {
	x, low, high []float64
	colour       color.Color
}

func (b bars) draw(c canvas, p *chart) {
	thin := pen{colour: b.colour, width: 1}
	for i, x := range b.x {
		low, isLow := p.at(c, x, b.low[i])
		high, isHigh := p.at(c, x, b.high[i])
		if !isLow || !isHigh || !c.contains(low) || !c.contains(high) {
			continue
		}
		c.line([]point{low, high}, thin)
		c.line([]point{{low.x - 3, low.y}, {low.x + 3, low.y}}, thin)
		c.line([]point{{high.x - 3, high.y}, {high.x + 3, high.y}}, thin)
	}
}

// tags are words below and to the right of points; one that would lie on the one
// before, or outside, is left out.
type tags struct {
	x, y []float64
	text []string
}

func (t tags) draw(c canvas, p *chart) {
	const size = 9
	last := point{-1e9, -1e9}
	for i, x := range t.x {
		at, ok := p.at(c, x, t.y[i])
		if !ok {
			continue
		}
		at.x, at.y = at.x+4, at.y-4
		width := c.letters.width(size, t.text[i])
		near := math.Abs(at.x-last.x) < 6+width && math.Abs(at.y-last.y) < 11
		if near || !c.contains(at) || at.x+width > c.max.x || at.y-10 < c.min.y {
			continue
		}
		c.write(at, size, atLeft, below, t.text[i])
		last = at
	}
}
