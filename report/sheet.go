package report

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"

	"golang.org/x/image/font"
)

// Limits of one contact sheet; what is beyond them is left out.
const (
	maxReconstructions = 64
	maxSamples         = 400
	maxSheetWidth      = 1600 // pixels; a wider strip is broken into bands
)

// Strip is one version of the examples: the originals, corrupted inputs,
// reconstructions by some model. Example i of every strip belongs together.
type Strip struct {
	Label string
	X     []float32 // n examples
}

// Reconstructions draws strips under each other, their labels at the left, so
// that the versions of an example stand in a column; long strips are broken into
// bands. Examples that are not images become a panel each, with a line per strip
// over the features. The first 64 examples are drawn (12 panels).
func Reconstructions(w io.Writer, g Geometry, strips ...Strip) error {
	n := 0
	for _, s := range strips {
		k, err := g.count(s.X)
		if err != nil {
			return fmt.Errorf("%w in strip %q", err, s.Label)
		}
		n = max(n, k)
	}
	switch {
	case n == 0:
		return notice(w, "no examples")
	case !g.IsImage():
		return stripPanels(w, g, n, "example", strips)
	}
	n = min(n, maxReconstructions)
	s := newSheet(g, n, 84)
	for _, t := range strips {
		s.left = max(s.left, textWidth(s.face, t.Label)+12)
	}
	s.wrap(n, maxSheetWidth)
	bands := (n + s.columns - 1) / s.columns
	bandHeight := len(strips)*s.pitchY() - s.gap
	const between = 24
	img := s.canvas(bands*(bandHeight+between) - between)
	for b := range bands {
		for r, t := range strips {
			y := margin + b*(bandHeight+between) + r*s.pitchY()
			write(img, s.face, margin, y+(s.cell.Y+textSize*2/3)/2, t.Label)
			for c := range s.columns {
				s.example(img, t.X, b*s.columns+c, n, c, y)
			}
		}
	}
	return png.Encode(w, img)
}

// Samples draws examples as a grid that is about square. Examples that are not
// images become a panel each. The first 400 are drawn (12 panels).
func Samples(w io.Writer, g Geometry, x []float32) error {
	n, err := g.count(x)
	switch {
	case err != nil:
		return err
	case n == 0:
		return notice(w, "no samples")
	case !g.IsImage():
		return stripPanels(w, g, n, "sample", []Strip{{X: x}})
	}
	n = min(n, maxSamples)
	s := newSheet(g, n, 56)
	s.columns = int(math.Ceil(math.Sqrt(float64(n))))
	s.wrap(s.columns, maxSheetWidth)
	rows := (n + s.columns - 1) / s.columns
	img := s.canvas(rows*s.pitchY() - s.gap)
	for i := range n {
		s.example(img, x, i, n, i%s.columns, margin+i/s.columns*s.pitchY())
	}
	return png.Encode(w, img)
}

// Interpolation draws paths of steps examples each, a row a path, from the code of
// one example at the left to that of another at the right. Examples that are not
// images become a panel a path, its lines going from blue to red.
func Interpolation(w io.Writer, g Geometry, x []float32, steps int) error {
	n, err := g.count(x)
	switch {
	case err != nil:
		return err
	case steps < 1 || n%steps != 0:
		return fmt.Errorf("report: %d examples: expected paths of %d", n, steps)
	case n == 0:
		return notice(w, "no paths")
	case !g.IsImage():
		return pathPanels(w, g, x, steps)
	}
	paths := min(n/steps, maxReconstructions)
	s := newSheet(g, steps, 70)
	s.columns = steps
	const caption = 24
	img := s.canvas(caption + paths*s.pitchY() - s.gap)
	write(img, s.face, margin, margin+textSize-2, "from")
	if steps > 1 {
		write(img, s.face, img.Rect.Dx()-margin-textWidth(s.face, "to"), margin+textSize-2, "to")
	}
	for i := range paths * steps {
		s.example(img, x, i, n, i%steps, margin+caption+i/steps*s.pitchY())
	}
	return png.Encode(w, img)
}

// sheet is the layout of a contact sheet.
type sheet struct {
	g       Geometry
	face    font.Face
	scale   int         // pixels a side of one of the example's pixels
	cell    image.Point // size of an example
	left    int         // width of the labels
	gap     int         // between examples
	columns int
}

// newSheet scales examples up, by a whole number so that pixels stay square and
// sharp, to about that many pixels a side.
func newSheet(g Geometry, n, size int) *sheet {
	s := &sheet{g: g, face: face(), gap: 4, columns: n}
	s.scale = max(1, size/max(g.Height, g.Width))
	s.cell = image.Pt(g.Width*s.scale, g.Height*s.scale)
	return s
}

func (s *sheet) pitchX() int { return s.cell.X + s.gap }
func (s *sheet) pitchY() int { return s.cell.Y + s.gap }

// wrap chooses the number of columns for n examples: as many as fit, and no more
// than fill all bands evenly.
func (s *sheet) wrap(n, width int) {
	fit := max(1, (width-2*margin-s.left+s.gap)/s.pitchX())
	bands := (n + fit - 1) / fit
	s.columns = (n + bands - 1) / bands
}

func (s *sheet) canvas(height int) *image.RGBA {
	return blank(2*margin+s.left+s.columns*s.pitchX()-s.gap, 2*margin+height)
}

// example draws example i of x, one of n, in a column; nothing where there is none.
func (s *sheet) example(img *image.RGBA, x []float32, i, n, column, y int) {
	d := s.g.Len()
	if i >= n || (i+1)*d > len(x) {
		return
	}
	v := x[i*d : (i+1)*d]
	at := image.Pt(margin+s.left+column*s.pitchX(), y)
	paint(img, at, s.g.Width, s.g.Height, s.scale, func(px, py int) color.RGBA { return s.g.pixel(v, px, py) })
}
