package report

import (
	"image/color"
	"io"
	"math"
	"slices"
)

// Series is a curve: Y[i] at epoch X[i]. Curves of one name have one colour in
// all panels; curves of one panel share its axes.
type Series struct {
	Panel string // title of the panel, "loss", "kl"; may be empty
	Name  string // "training", "validation"
	X, Y  []float64
}

// Level is a value to compare a panel's curves with, such as PCA's error: a dashed
// line across it.
type Level struct {
	Panel string
	Name  string
	Value float64
}

// CurveOptions are the rest of the picture.
type CurveOptions struct {
	XLabel string // "" means "epoch"
	YLabel string // "" for none
	Levels []Level
}

// logRange is the ratio of the largest to the smallest value from which on an axis
// is logarithmic.
const logRange = 8

// LossCurves draws the series, a panel for each panel's name in the order of
// their first appearance, three in a row. A panel whose values are all positive
// and spread by more than 8 to 1 has a logarithmic axis.
func LossCurves(w io.Writer, series []Series, o CurveOptions) error {
	var panels, names []string
	for _, s := range series {
		if !slices.Contains(panels, s.Panel) {
			panels = append(panels, s.Panel)
		}
		if !slices.Contains(names, s.Name) {
			names = append(names, s.Name)
		}
	}
	if len(panels) == 0 {
		return notice(w, "no curves")
	}
	var plots []*chart
	for _, title := range panels {
		plots = append(plots, curveChart(title, names, series, o))
	}
	columns := min(len(plots), 3)
	width, height := 640., 380.
	if columns > 1 {
		width, height = float64(columns)*330+32, 290
	}
	rows := (len(plots) + columns - 1) / columns
	return figure(w, width, float64(rows)*height+40, func(c canvas) {
		tile(c, plots, columns, curveKeys(panels, names, o.Levels))
	})
}

// curveChart is the chart of one panel's series and levels.
func curveChart(panel string, names []string, series []Series, o CurveOptions) *chart {
	if o.XLabel == "" {
		o.XLabel = "epoch"
	}
	p := newChart(panel, o.XLabel, o.YLabel)
	p.x.ticker = linearTicks{whole: true}
	xs, ys := newSpan(), newSpan()
	for _, s := range series {
		if s.Panel != panel {
			continue
		}
		n := min(len(s.X), len(s.Y))
		x, y := thinned(s.X[:n]), thinned(s.Y[:n])
		i := slices.Index(names, s.Name)
		p.parts = append(p.parts, trace{x: x, y: y, line: curvePen(i, len(names))})
		xs.see(x...)
		ys.see(y...)
	}
	for i, l := range o.Levels {
		if l.Panel == panel && finite(l.Value) {
			ys.see(l.Value)
			p.parts = append(p.parts, across{l.Value, levelPen(i)})
		}
	}
	p.x.min, p.x.max = xs.lo, xs.hi
	if !(xs.lo < xs.hi) {
		p.x.min, p.x.max = xs.padded()
	}
	p.y.min, p.y.max = ys.padded()
	if ys.lo > 1e-300 && ys.hi >= logRange*ys.lo && !math.IsInf(ys.hi/ys.lo, 0) {
		p.y.logarithmic, p.y.ticker = true, logTicks{}
		p.y.min, p.y.max = ys.paddedLog()
	}
	return p
}

// mostPoints is how many points of a curve are drawn: more of them would lie side by side.
const mostPoints = 500

// thinned returns so many of the values, as far apart, the first and the last among them.
func thinned(v []float64) []float64 {
	if len(v) <= mostPoints {
		return v
	}
	some := make([]float64, mostPoints)
	for i := range some {
		some[i] = v[i*(len(v)-1)/(mostPoints-1)]
	}
	return some
}

func curveKeys(panels, names []string, levels []Level) (keys []key) {
	for i, name := range names {
		if name != "" {
			keys = append(keys, key{name: name, line: curvePen(i, len(names))})
		}
	}
	for i, l := range levels {
		if slices.Contains(panels, l.Panel) && finite(l.Value) {
			keys = append(keys, key{name: l.Name, line: levelPen(i)})
		}
	}
	return keys
}

func curvePen(i, n int) pen {
	return pen{colour: colourOf(i, n), width: 1.8}
}

// levelPen tells levels apart by their dashes.
func levelPen(i int) pen {
	dashes := [][]float64{{6, 4}, {2, 3}, {8, 3, 2, 3}}
	return pen{colour: color.RGBA{90, 90, 90, 255}, width: 1.2, dashes: dashes[i%len(dashes)]}
}

// across is a horizontal line over the whole width.
type across struct {
	y    float64
	line pen
}

func (a across) draw(c canvas, p *chart) {
	at, ok := p.at(c, p.x.min, a.y)
	if ok && c.contains(at) {
		c.line([]point{at, {c.max.x, at.y}}, a.line)
	}
}
