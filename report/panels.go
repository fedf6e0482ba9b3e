package report

import (
	"fmt"
	"image/color"
	"io"
)

// maxPanels is how many examples that are not images one picture shows.
const maxPanels = 12

// stripPanels draws a panel an example with a line a strip over the features; each
// is what an example is called.
func stripPanels(w io.Writer, g Geometry, n int, each string, strips []Strip) error {
	var plots []*chart
	for i := range min(n, maxPanels) {
		p, ys := featureChart(fmt.Sprintf("%s %d", each, i+1), g), newSpan()
		for k, s := range strips {
			if (i+1)*g.Width <= len(s.X) {
				addFeatures(p, &ys, s.X[i*g.Width:(i+1)*g.Width], stripPen(k, len(strips)))
			}
		}
		p.y.min, p.y.max = ys.padded()
		plots = append(plots, p)
	}
	var keys []key
	for k, s := range strips {
		if s.Label != "" {
			keys = append(keys, key{name: s.Label, line: stripPen(k, len(strips))})
		}
	}
	return panelFigure(w, plots, keys)
}

// pathPanels draws a panel a path with a line a step, from blue to red.
func pathPanels(w io.Writer, g Geometry, x []float32, steps int) error {
	style := func(s int) pen {
		t := float64(s) / float64(max(steps-1, 1))
		mix := func(a, b float64) uint8 { return uint8(a + (b-a)*t) }
		return pen{colour: color.RGBA{mix(33, 202), mix(102, 40), mix(172, 50), 255}, width: 1.2}
	}
	var plots []*chart
	for i := range min(len(x)/(steps*g.Width), maxPanels) {
		p, ys := featureChart(fmt.Sprintf("path %d", i+1), g), newSpan()
		for s := range steps {
			at := (i*steps + s) * g.Width
			addFeatures(p, &ys, x[at:at+g.Width], style(s))
		}
		p.y.min, p.y.max = ys.padded()
		plots = append(plots, p)
	}
	keys := []key{{name: "from", line: style(0)}}
	if steps > 1 {
		keys = append(keys, key{name: "to", line: style(steps - 1)})
	}
	return panelFigure(w, plots, keys)
}

// stripPen draws the first strip, the originals, wide and pale under the others.
func stripPen(k, n int) pen {
	if k == 0 && n > 1 {
		return pen{colour: color.RGBA{165, 165, 165, 255}, width: 3}
	}
	return pen{colour: palette[max(k-1, 0)%9], width: 1.4} // the tenth is a grey
}

func featureChart(title string, g Geometry) *chart {
	p := newChart(title, "feature", "")
	p.x.min, p.x.max = .5, float64(g.Width)+.5
	p.x.ticker = linearTicks{whole: true}
	return p
}

// addFeatures adds a line over the features, with a dot on each where they are few
// enough to be looked at one by one.
func addFeatures(p *chart, ys *span, v []float32, style pen) {
	t := trace{line: style, x: make([]float64, len(v)), y: make([]float64, len(v))}
	for i, e := range v {
		t.x[i], t.y[i] = float64(i+1), float64(e)
	}
	if len(v) <= 40 {
		t.dots = style.width + .4
	}
	ys.see(t.y...)
	p.parts = append(p.parts, t)
}

func panelFigure(w io.Writer, plots []*chart, keys []key) error {
	columns := min(len(plots), 3)
	rows := (len(plots) + columns - 1) / columns
	width := max(float64(columns)*270+32, 420)
	return figure(w, width, float64(rows)*200+40, func(c canvas) { tile(c, plots, columns, keys) })
}
