package report

import (
	"image/color"
	"io"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
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
	var plots []panel
	for _, title := range panels {
		plots = append(plots, panel{title, curveAxes(title, names, series, o)})
	}
	columns := min(len(plots), 3)
	width, height := vg.Length(640), vg.Length(380)
	if columns > 1 {
		width, height = vg.Length(columns)*330+32, 290
	}
	rows := (len(plots) + columns - 1) / columns
	return figure(w, width, vg.Length(rows)*height+40, func(c draw.Canvas) {
		tile(c, plots, columns, curveKeys(panels, names, o.Levels))
	})
}

// curveAxes is the plot of one panel's series and levels.
func curveAxes(panel string, names []string, series []Series, o CurveOptions) *plot.Plot {
	if o.XLabel == "" {
		o.XLabel = "epoch"
	}
	p := newAxes(o.XLabel, o.YLabel)
	p.X.Tick.Marker = linearTicks{whole: true}
	xs, ys := newSpan(), newSpan()
	for _, s := range series {
		if s.Panel != panel {
			continue
		}
		n := min(len(s.X), len(s.Y))
		i := slices.Index(names, s.Name)
		p.Add(trace{x: s.X[:n], y: s.Y[:n], line: curveStyle(i, len(names))})
		xs.see(s.X[:n]...)
		ys.see(s.Y[:n]...)
	}
	for i, l := range o.Levels {
		if l.Panel == panel && finite(l.Value) {
			ys.see(l.Value)
			p.Add(across{l.Value, levelStyle(i)})
		}
	}
	p.X.Min, p.X.Max = xs.lo, xs.hi
	if !(xs.lo < xs.hi) {
		p.X.Min, p.X.Max = xs.padded()
	}
	p.Y.Min, p.Y.Max = ys.padded()
	if ys.lo > 1e-300 && ys.hi >= logRange*ys.lo && !math.IsInf(ys.hi/ys.lo, 0) {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, logTicks{}
		p.Y.Min, p.Y.Max = ys.paddedLog()
	}
	return p
}

func curveKeys(panels, names []string, levels []Level) (keys []key) {
	for i, name := range names {
		if name != "" {
			keys = append(keys, key{name: name, line: curveStyle(i, len(names))})
		}
	}
	for i, l := range levels {
		if slices.Contains(panels, l.Panel) && finite(l.Value) {
			keys = append(keys, key{name: l.Name, line: levelStyle(i)})
		}
	}
	return keys
}

func curveStyle(i, n int) draw.LineStyle {
	return draw.LineStyle{Color: colourOf(i, n), Width: vg.Points(1.8)}
}

// levelStyle tells levels apart by their dashes.
func levelStyle(i int) draw.LineStyle {
	dashes := [][]vg.Length{{6, 4}, {2, 3}, {8, 3, 2, 3}}
	return draw.LineStyle{Color: color.RGBA{90, 90, 90, 255}, Width: vg.Points(1.2), Dashes: dashes[i%len(dashes)]}
}

// across is a horizontal line over the whole width.
type across struct {
	y    float64
	line draw.LineStyle
}

// Plot is plot.Plotter.
func (a across) Plot(c draw.Canvas, p *plot.Plot) {
	_, ty := p.Transforms(&c)
	c.StrokeLine2(a.line, c.Min.X, ty(a.y), c.Max.X, ty(a.y))
}
