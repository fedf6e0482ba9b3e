package report

import (
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
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
	var plots []panel
	keys := make([]key, len(names))
	for _, p := range panels {
		plots = append(plots, panel{p.Title, logAxes(p, names, keys)})
	}
	columns := min(len(plots), 2)
	rows := (len(plots) + columns - 1) / columns
	return figureAs(w, format, vg.Length(columns)*430+32, vg.Length(rows)*330+90, func(c draw.Canvas) {
		tile(caption(c, title), plots, columns, keys)
	})
}

// caption writes the title at the top left and returns what is left of c below.
func caption(c draw.Canvas, title string) draw.Canvas {
	if title == "" {
		return c
	}
	style := legendText()
	style.Font, style.YAlign = sans(13), draw.YTop
	c.FillText(style, vg.Point{X: c.Min.X, Y: c.Max.Y}, title)
	c.Max.Y -= 26
	return c
}

// logAxes is the plot of one panel, and notes its lines' keys.
func logAxes(p LogPanel, names []string, keys []key) *plot.Plot {
	axes := newAxes(p.XLabel, p.YLabel)
	xs, ys := newSpan(), newSpan()
	for _, l := range p.Lines {
		i := slices.Index(names, l.Name)
		style := curveStyle(i, len(names))
		if l.Dashed {
			style = levelStyle(0)
		}
		keys[i] = key{name: l.Name, line: style}
		t := trace{x: l.X, y: l.Y, line: style}
		if l.Dots {
			t.dots = 2.6
		}
		axes.Add(t)
		if l.Low != nil {
			axes.Add(bars{l.X, l.Low, l.High, style})
		}
		if l.Labels != nil {
			axes.Add(tags{l.X, l.Y, l.Labels})
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
		*plot.Axis
		seen span
	}{{&axes.X, xs}, {&axes.Y, ys}} {
		a.Scale, a.Tick.Marker = plot.LogScale{}, logTicks{}
		a.Min, a.Max = 1, 10
		if a.seen.lo <= a.seen.hi {
			a.Min, a.Max = a.seen.lo/1.25, a.seen.hi*1.25
		}
	}
	if p.Doubling {
		axes.X.Tick.Marker = doublingTicks{}
	}
	return axes
}

func positive(v float64) bool { return v > 1e-300 && finite(v) }

// bars are vertical, from low to high, with feet.
type bars struct {
	x, low, high []float64
	line         draw.LineStyle
}

// Plot is plot.Plotter.
func (b bars) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	line := draw.LineStyle{Color: b.line.Color, Width: vg.Points(1)}
	for i, x := range b.x {
		if !positive(x) || !positive(b.low[i]) || !positive(b.high[i]) {
			continue
		}
		at, low, high := tx(x), ty(b.low[i]), ty(b.high[i])
		if at < c.Min.X || at > c.Max.X || low < c.Min.Y || high > c.Max.Y {
			continue
		}
		c.StrokeLine2(line, at, low, at, high)
		c.StrokeLine2(line, at-3, low, at+3, low)
		c.StrokeLine2(line, at-3, high, at+3, high)
	}
}

// tags are words below and to the right of points; one that would lie on the one
// before, or outside, is left out.
type tags struct {
	x, y []float64
	text []string
}

// Plot is plot.Plotter.
func (t tags) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	style := legendText()
	style.Font, style.YAlign = sans(9), draw.YTop
	last := vg.Point{X: -1e9, Y: -1e9}
	for i, x := range t.x {
		if !positive(x) || !positive(t.y[i]) {
			continue
		}
		at := vg.Point{X: tx(x) + 4, Y: ty(t.y[i]) - 4}
		near := math.Abs(float64(at.X-last.X)) < 6+float64(style.Width(t.text[i])) && math.Abs(float64(at.Y-last.Y)) < 11
		if near || at.X+style.Width(t.text[i]) > c.Max.X || at.Y-10 < c.Min.Y {
			continue
		}
		c.FillText(style, at, t.text[i])
		last = at
	}
}
