package report

import (
	"image"
	"image/color"
	"image/png"
	"io"
	"math"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/vector"
)

// raster paints a PNG.
type raster struct {
	img     *image.RGBA
	letters *letters
	shapes  vector.Rasterizer
}

const dotsPerInch = 120

const perPoint = dotsPerInch / 72.

func newRaster(width, height float64, l *letters) *raster {
	return &raster{img: blank(int(math.Round(width*perPoint)), int(math.Round(height*perPoint))), letters: l}
}

// edge is a part of an outline: from where the last one ended, with control points for a curve, or a new beginning.
type edge struct {
	op sfnt.SegmentOp
	to [3]point
}

// ends is how many points of an edge count.
func (e edge) ends() int {
	switch e.op {
	case sfnt.SegmentOpQuadTo:
		return 2
	case sfnt.SegmentOpCubeTo:
		return 3
	}
	return 1
}

// fill paints what outlines enclose, in pixels from the upper left. Those that overlap turn the same way.
func (r *raster) fill(shape []edge, colour color.Color) {
	if len(shape) == 0 {
		return
	}
	low, high := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, e := range shape {
		for _, p := range e.to[:e.ends()] {
			low = point{math.Min(low.x, p.x), math.Min(low.y, p.y)}
			high = point{math.Max(high.x, p.x), math.Max(high.y, p.y)}
		}
	}
	bounds := r.img.Rect
	low = point{math.Max(low.x, 0), math.Max(low.y, 0)}
	high = point{math.Min(high.x, float64(bounds.Max.X)), math.Min(high.y, float64(bounds.Max.Y))}
	if !(low.x < high.x && low.y < high.y) {
		return
	}
	at := image.Rect(int(low.x), int(low.y), int(math.Ceil(high.x)), int(math.Ceil(high.y)))
	r.shapes.Reset(at.Dx(), at.Dy())
	for i, e := range shape {
		var v [6]float32
		for k, p := range e.to {
			v[2*k], v[2*k+1] = float32(p.x-float64(at.Min.X)), float32(p.y-float64(at.Min.Y))
		}
		switch e.op {
		case sfnt.SegmentOpMoveTo:
			if i > 0 {
				r.shapes.ClosePath()
			}
			r.shapes.MoveTo(v[0], v[1])
		case sfnt.SegmentOpLineTo:
			r.shapes.LineTo(v[0], v[1])
		case sfnt.SegmentOpQuadTo:
			r.shapes.QuadTo(v[0], v[1], v[2], v[3])
		case sfnt.SegmentOpCubeTo:
			r.shapes.CubeTo(v[0], v[1], v[2], v[3], v[4], v[5])
		}
	}
	r.shapes.ClosePath()
	r.shapes.Draw(r.img, at, image.NewUniform(colour), image.Point{})
}

// pixel is where a point is on the picture.
func (r *raster) pixel(p point) point {
	return point{p.x * perPoint, float64(r.img.Rect.Max.Y) - p.y*perPoint}
}

// polygon is the outline of corners.
func polygon(shape []edge, corners ...point) []edge {
	op := sfnt.SegmentOpMoveTo
	for _, c := range corners {
		shape = append(shape, edge{op: op, to: [3]point{c}})
		op = sfnt.SegmentOpLineTo
	}
	return shape
}

// circle is a polygon that looks round at the sizes of a figure's dots.
func circle(shape []edge, at point, radius float64) []edge {
	const corners = 24
	var around [corners]point
	for i := range around {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / corners)
		around[i] = point{at.x + radius*cos, at.y + radius*sin}
	}
	return polygon(shape, around[:]...)
}

func (r *raster) disc(at point, radius float64, colour color.Color) {
	r.fill(circle(nil, r.pixel(at), radius*perPoint), colour)
}

// line is painted as a rectangle a part, with a disc at each bend.
func (r *raster) line(points []point, p pen) {
	half := p.width * perPoint / 2
	var shape []edge
	for _, run := range dashed(points, p.dashes) {
		for i := 1; i < len(run); i++ {
			a, b := r.pixel(run[i-1]), r.pixel(run[i])
			long := math.Hypot(b.x-a.x, b.y-a.y)
			if long == 0 {
				continue
			}
			n := point{-(b.y - a.y) / long * half, (b.x - a.x) / long * half}
			shape = polygon(shape, point{a.x - n.x, a.y - n.y}, point{b.x - n.x, b.y - n.y}, point{b.x + n.x, b.y + n.y}, point{a.x + n.x, a.y + n.y})
			if i > 1 {
				shape = circle(shape, a, half)
			}
		}
	}
	r.fill(shape, p.colour)
}

// dashed is the parts of a line that dashes leave.
func dashed(points []point, dashes []float64) (runs [][]point) {
	if len(dashes) == 0 {
		return [][]point{points}
	}
	k, left := 0, dashes[0]
	run := []point{points[0]}
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		for long := math.Hypot(b.x-a.x, b.y-a.y); long > left; long = math.Hypot(b.x-a.x, b.y-a.y) {
			a = point{a.x + (b.x-a.x)*left/long, a.y + (b.y-a.y)*left/long}
			if k%2 == 0 {
				runs = append(runs, append(run, a))
			}
			k++
			left = dashes[k%len(dashes)]
			run = []point{a}
		}
		left -= math.Hypot(b.x-a.x, b.y-a.y)
		run = append(run, b)
	}
	if k%2 == 0 {
		runs = append(runs, run)
	}
	return runs
}

func (r *raster) text(baseline point, size float64, upwards bool, text string) {
	at := r.pixel(baseline)
	size *= perPoint
	shape := r.letters.outline(text)
	for i := range shape {
		for k, p := range shape[i].to {
			if upwards {
				p = point{p.y, -p.x}
			}
			shape[i].to[k] = point{at.x + size*p.x, at.y + size*p.y}
		}
	}
	r.fill(shape, ink)
}

func (r *raster) writeTo(w io.Writer) error { return png.Encode(w, r.img) }
