package report

import (
	"fmt"
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// maxPanels is how many examples that are not images one picture shows.
const maxPanels = 12

// stripPanels draws a panel an example with a line a strip over the features; each
// is what an example is called.
func stripPanels(w io.Writer, g Geometry, n int, each string, strips []Strip) error {
	var plots []panel
	for i := range min(n, maxPanels) {
		p, ys := featureAxes(g), newSpan()
		for k, s := range strips {
			if (i+1)*g.Width <= len(s.X) {
				addFeatures(p, &ys, s.X[i*g.Width:(i+1)*g.Width], stripStyle(k, len(strips)))
			}
		}
		p.Y.Min, p.Y.Max = ys.padded()
		plots = append(plots, panel{fmt.Sprintf("%s %d", each, i+1), p})
	}
	var keys []key
	for k, s := range strips {
		if s.Label != "" {
			keys = append(keys, key{name: s.Label, line: stripStyle(k, len(strips))})
		}
	}
	return panelFigure(w, plots, keys)
}

// pathPanels draws a panel a path with a line a step, from blue to red.
func pathPanels(w io.Writer, g Geometry, x []float32, steps int) error {
	style := func(s int) draw.LineStyle {
		t := float64(s) / float64(max(steps-1, 1))
		mix := func(a, b float64) uint8 { return uint8(a + (b-a)*t) }
		return draw.LineStyle{Color: color.RGBA{mix(33, 202), mix(102, 40), mix(172, 50), 255}, Width: vg.Points(1.2)}
	}
	var plots []panel
	for i := range min(len(x)/(steps*g.Width), maxPanels) {
		p, ys := featureAxes(g), newSpan()
		for s := range steps {
			at := (i*steps + s) * g.Width
			addFeatures(p, &ys, x[at:at+g.Width], style(s))
		}
		p.Y.Min, p.Y.Max = ys.padded()
		plots = append(plots, panel{fmt.Sprintf("path %d", i+1), p})
	}
	keys := []key{{name: "from", line: style(0)}}
	if steps > 1 {
		keys = append(keys, key{name: "to", line: style(steps - 1)})
	}
	return panelFigure(w, plots, keys)
}

// stripStyle draws the first strip, the originals, wide and pale under the others.
func stripStyle(k, n int) draw.LineStyle {
	if k == 0 && n > 1 {
		return draw.LineStyle{Color: color.RGBA{165, 165, 165, 255}, Width: vg.Points(3)}
	}
	return draw.LineStyle{Color: palette[max(k-1, 0)%9], Width: vg.Points(1.4)} // the tenth is a grey
}

func featureAxes(g Geometry) *plot.Plot {
	p := newAxes("feature", "")
	p.X.Min, p.X.Max = .5, float64(g.Width)+.5
	p.X.Tick.Marker = linearTicks{whole: true}
	return p
}

// addFeatures adds a line over the features, with a dot on each where they are few
// enough to be looked at one by one.
func addFeatures(p *plot.Plot, ys *span, v []float32, style draw.LineStyle) {
	t := trace{line: style, x: make([]float64, len(v)), y: make([]float64, len(v))}
	for i, e := range v {
		t.x[i], t.y[i] = float64(i+1), float64(e)
	}
	if len(v) <= 40 {
		t.dots = style.Width + .4
	}
	ys.see(t.y...)
	p.Add(t)
}

func panelFigure(w io.Writer, plots []panel, keys []key) error {
	columns := min(len(plots), 3)
	rows := (len(plots) + columns - 1) / columns
	width := max(vg.Length(columns)*270+32, 420)
	return figure(w, width, vg.Length(rows)*200+40, func(c draw.Canvas) { tile(c, plots, columns, keys) })
}
