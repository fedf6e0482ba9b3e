package report

import (
	"fmt"
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

const dotsPerInch = 120

// sans is the typeface of plots.
func sans(size vg.Length) font.Font {
	return font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, size)
}

// palette tells ten things apart (Tableau 10), also side by side on white.
var palette = []color.RGBA{
	{78, 121, 167, 255}, {242, 142, 43, 255}, {225, 87, 89, 255}, {118, 183, 178, 255}, {89, 161, 79, 255},
	{237, 201, 72, 255}, {176, 122, 161, 255}, {255, 157, 167, 255}, {156, 117, 95, 255}, {137, 137, 137, 255},
}

// colourOf is the colour of number i of n: the palette's, or hues all around where
// it does not reach.
func colourOf(i, n int) color.RGBA {
	if n <= len(palette) {
		return palette[i%len(palette)]
	}
	return hue(float64(i) / float64(n))
}

// hue is a colour of the wheel, t in [0, 1), of even saturation.
func hue(t float64) color.RGBA {
	h := t * 6
	channel := func(shift float64) uint8 {
		v := h + shift
		for v >= 6 {
			v -= 6
		}
		up := min(max(min(v, 4-v), 0), 1) // trapezium over the wheel
		return uint8(50 + 170*up)
	}
	return color.RGBA{channel(2), channel(0), channel(4), 255}
}

// newAxes is an empty plot with quiet axes and a grid.
func newAxes(x, y string) *plot.Plot {
	p := plot.New()
	dark, mid := color.RGBA{51, 51, 51, 255}, color.RGBA{150, 150, 150, 255}
	p.X.Label.Text, p.Y.Label.Text = x, y
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font, a.Label.TextStyle.Color = sans(11), dark
		a.Label.Padding = vg.Points(4)
		a.Tick.Label.Font, a.Tick.Label.Color = sans(10), dark
		a.Tick.LineStyle.Color, a.LineStyle.Color = mid, mid
		a.Tick.Length = vg.Points(4)
		a.Padding = 0
		a.Tick.Marker = linearTicks{}
	}
	grid := plotter.NewGrid()
	faint := draw.LineStyle{Color: color.RGBA{228, 228, 228, 255}, Width: vg.Points(.6)}
	grid.Horizontal, grid.Vertical = faint, faint
	p.Add(grid)
	return p
}

// key is an entry of a legend.
type key struct {
	name string
	line draw.LineStyle
	disc bool // a disc of the line's colour instead of a line
}

// legend writes keys in rows from the top left of c and returns what is left of c
// below. It stands outside of the plots, where it hides nothing.
func legend(c draw.Canvas, keys []key) draw.Canvas {
	if len(keys) == 0 {
		return c
	}
	style := legendText()
	const swatch, apart, height = 22, 18, 18
	const drop = 1 // the middle of small letters is below that of the line
	x, y := c.Min.X, c.Max.Y-height/2
	for _, k := range keys {
		width := swatch + 5 + style.Width(k.name)
		if x > c.Min.X && x+width > c.Max.X {
			x, y = c.Min.X, y-height
		}
		if k.disc {
			disc(c, vg.Point{X: x + swatch - 6, Y: y - drop}, 4, k.line.Color)
		} else {
			c.StrokeLine2(k.line, x, y-drop, x+swatch, y-drop)
		}
		c.FillText(style, vg.Point{X: x + swatch + 5, Y: y}, k.name)
		x += width + apart
	}
	c.Max.Y = y - height
	return c
}

func legendText() draw.TextStyle {
	return text.Style{Color: ink, Font: sans(11), YAlign: draw.YCenter, Handler: plot.DefaultTextHandler}
}

// figure makes a picture of that size in points, margins included, and lets paint
// fill it.
func figure(w io.Writer, width, height vg.Length, paint func(c draw.Canvas)) error {
	return figureAs(w, PNG, width, height, paint)
}

func figureAs(w io.Writer, format Format, width, height vg.Length, paint func(c draw.Canvas)) error {
	var canvas vg.CanvasWriterTo
	var size vg.CanvasSizer
	if format == SVG {
		c := vgsvg.New(width, height)
		c.SetColor(color.White) // a page may be dark
		c.Fill(vg.Rectangle{Max: vg.Point{X: width, Y: height}}.Path())
		canvas, size = c, c
	} else {
		c := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dotsPerInch), vgimg.UseBackgroundColor(color.White))
		canvas, size = vgimg.PngCanvas{Canvas: c}, c
	}
	paint(draw.Crop(draw.New(size), 14, -18, 12, -14))
	if _, err := canvas.WriteTo(w); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// panel is a plot with a title.
type panel struct {
	title string
	*plot.Plot
}

// tile draws panels in rows of columns, axes aligned, below the legend.
func tile(c draw.Canvas, panels []panel, columns int, keys []key) {
	c = legend(c, keys)
	rows := (len(panels) + columns - 1) / columns
	grid := make([][]*plot.Plot, rows)
	head := vg.Length(0)
	for r := range grid {
		grid[r] = make([]*plot.Plot, columns)
		for i := range min(columns, len(panels)-r*columns) {
			grid[r][i] = panels[r*columns+i].Plot
			if panels[r*columns+i].title != "" {
				head = 20
			}
		}
	}
	tiles := draw.Tiles{Rows: rows, Cols: columns, PadX: 16, PadY: 14 + head, PadTop: head}
	for r, line := range plot.Align(grid, tiles, c) {
		for i, at := range line {
			if grid[r][i] != nil {
				grid[r][i].Draw(at)
				heading(grid[r][i].DataCanvas(at), panels[r*columns+i].title)
			}
		}
	}
}

// heading writes a title above the data, whose upper edge is at one height in a
// row of aligned plots; a plot's own title is not.
func heading(data draw.Canvas, title string) {
	style := legendText()
	style.Font, style.XAlign, style.YAlign = sans(12), draw.XCenter, draw.YBottom
	data.FillText(style, vg.Point{X: data.Center().X, Y: data.Max.Y + 7}, title)
}
