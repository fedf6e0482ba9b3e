package data

import (
	"math"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gobolditalic"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomediumitalic"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/gomonobolditalic"
	"golang.org/x/image/font/gofont/gomonoitalic"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// A glyph is kept as its signed distance field: at each texel the distance to the outline, above 0 inside. One
// interpolated look-up of it gives an anti-aliased edge at any size, angle and weight of stroke.
//
// All of it is computed on integers (the one square root is exact by IEEE 754), because a product and a sum that are
// fused on one processor and not on another would make another data set.
const (
	fieldSize = 64            // texels a side
	fieldEm   = 60            // texels to the em: a digit is 44 of them high, and the rest is margin
	fieldUnit = 64            // units to the texel, of outlines and distances (26.6 fixed point)
	fieldFar  = 4 * fieldUnit // distances are clipped here: farther out than the thickest stroke and its soft edge
	fieldSide = fieldSize * fieldUnit
)

// field is the distances of one glyph.
type field struct {
	dist [fieldSize * fieldSize]int16 // in units, row by row

	// Positions from (u0, v0) on and less than un further right and vn further down, in texels in 16.16 fixed point,
	// are those near which the distance is not clipped.
	u0, v0 int64
	un, vn uint64
}

// glyphFonts are the faces that the digits are drawn in. Their number and order are part of the data set.
func glyphFonts() [][]byte {
	return [][]byte{
		goregular.TTF, gomedium.TTF, gobold.TTF, goitalic.TTF, gomediumitalic.TTF, gobolditalic.TTF,
		gomono.TTF, gomonobold.TTF, gomonoitalic.TTF, gomonobolditalic.TTF,
	}
}

// edge is a straight piece of an outline in units.
type edge struct{ ax, ay, bx, by int64 }

// digitField computes the field of a digit, centred by the box around its outline.
func digitField(face *sfnt.Font, buf *sfnt.Buffer, digit int) (*field, error) {
	glyph, err := face.GlyphIndex(buf, rune('0'+digit))
	if err != nil {
		return nil, err
	}
	segments, err := face.LoadGlyph(buf, glyph, fixed.I(fieldEm), nil)
	if err != nil {
		return nil, err
	}
	edges := centred(flatten(segments))
	f := new(field)
	var near []edge
	for y := range fieldSize {
		at := int64(y*fieldUnit + fieldUnit/2)
		near = near[:0]
		for _, e := range edges {
			if min(e.ay, e.by) < at+fieldFar && max(e.ay, e.by) > at-fieldFar {
				near = append(near, e)
			}
		}
		for x := range fieldSize {
			f.dist[y*fieldSize+x] = distance(near, int64(x*fieldUnit+fieldUnit/2), at)
		}
	}
	f.bound()
	return f, nil
}

// bound finds the box outside of which every distance is clipped.
func (f *field) bound() {
	lox, loy, hix, hiy := fieldSize, fieldSize, 0, 0
	for i, d := range f.dist {
		if d > -fieldFar {
			x, y := i%fieldSize, i/fieldSize
			lox, hix, loy, hiy = min(lox, x), max(hix, x), min(loy, y), max(hiy, y)
		}
	}
	// A sample takes the texels right of and below its own too, which must lie inside the field.
	lox, loy, hix, hiy = max(lox-1, 0), max(loy-1, 0), min(hix+1, fieldSize-1), min(hiy+1, fieldSize-1)
	f.u0, f.v0 = int64(lox)*one, int64(loy)*one
	f.un, f.vn = uint64(hix-lox)*one, uint64(hiy-loy)*one
}

// flatten turns an outline of lines and quadratic curves, as TrueType has them, into straight pieces.
func flatten(segments sfnt.Segments) []edge {
	const pieces = 6
	var edges []edge
	var start, at fixed.Point26_6
	line := func(to fixed.Point26_6) {
		if at != to {
			edges = append(edges, edge{int64(at.X), int64(at.Y), int64(to.X), int64(to.Y)})
		}
		at = to
	}
	for _, s := range segments {
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			line(start)
			start, at = s.Args[0], s.Args[0]
		case sfnt.SegmentOpLineTo:
			line(s.Args[0])
		case sfnt.SegmentOpQuadTo:
			from, mid, to := at, s.Args[0], s.Args[1]
			for k := fixed.Int26_6(1); k <= pieces; k++ {
				a, b, c := (pieces-k)*(pieces-k), 2*k*(pieces-k), k*k
				line(fixed.Point26_6{
					X: (a*from.X + b*mid.X + c*to.X) / (pieces * pieces),
					Y: (a*from.Y + b*mid.Y + c*to.Y) / (pieces * pieces),
				})
			}
		}
	}
	line(start)
	return edges
}

// centred moves edges so that the box around them is in the middle of the field.
func centred(edges []edge) []edge {
	lox, loy, hix, hiy := edges[0].ax, edges[0].ay, edges[0].ax, edges[0].ay
	for _, e := range edges {
		lox, hix = min(lox, e.ax), max(hix, e.ax)
		loy, hiy = min(loy, e.ay), max(hiy, e.ay)
	}
	dx, dy := (fieldSide-lox-hix)/2, (fieldSide-loy-hiy)/2
	for i := range edges {
		e := &edges[i]
		e.ax, e.bx, e.ay, e.by = e.ax+dx, e.bx+dx, e.ay+dy, e.by+dy
	}
	return edges
}

// distance is how far the point (x, y) is inside the outline, negative outside, clipped to fieldFar.
func distance(edges []edge, x, y int64) int16 {
	best, winding := int64(fieldFar*fieldFar), 0
	for _, e := range edges {
		px, py, ex, ey := x-e.ax, y-e.ay, e.bx-e.ax, e.by-e.ay
		cross := ex*py - ey*px
		if e.ay <= y && e.by > y && cross > 0 {
			winding++
		} else if e.by <= y && e.ay > y && cross < 0 {
			winding--
		}
		best = min(best, edgeDistance(px, py, ex, ey, cross))
	}
	d := int16(math.Sqrt(float64(best)))
	if winding == 0 {
		return -d
	}
	return d
}

// edgeDistance is the squared distance from the point p to the piece from the origin to e; cross is e x p.
func edgeDistance(px, py, ex, ey, cross int64) int64 {
	along, length := px*ex+py*ey, ex*ex+ey*ey
	switch {
	case along <= 0:
		return px*px + py*py
	case along >= length:
		return (px-ex)*(px-ex) + (py-ey)*(py-ey)
	}
	return cross * cross / length
}
