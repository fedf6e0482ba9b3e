package report

import (
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// How far Liberation Sans reaches above and below its baseline, in sizes.
const (
	ascent  = .905
	descent = .212
)

// letters are the outlines of the typeface of figures.
type letters struct {
	font *sfnt.Font
	buf  sfnt.Buffer
	em   fixed.Int26_6 // at which outlines are asked for
}

func newLetters() (*letters, error) {
	f, err := labelFont()
	if err != nil {
		return nil, err
	}
	return &letters{font: f, em: fixed.I(int(f.UnitsPerEm()))}, nil
}

// width is how wide a text is at a size.
func (l *letters) width(size float64, text string) float64 {
	return l.each(text, func(sfnt.GlyphIndex, float64) {}) * size
}

// each visits the glyphs of a text with where they begin, and returns where it ends; in sizes.
func (l *letters) each(text string, visit func(g sfnt.GlyphIndex, at float64)) float64 {
	var at fixed.Int26_6
	var last sfnt.GlyphIndex
	for i, r := range text {
		g, err := l.font.GlyphIndex(&l.buf, r) // 0, an empty box, stands for what the font does not have
		if err != nil {
			continue
		}
		if kern, err := l.font.Kern(&l.buf, last, g, l.em, font.HintingNone); err == nil && i > 0 {
			at += kern
		}
		visit(g, float64(at)/float64(l.em))
		if wide, err := l.font.GlyphAdvance(&l.buf, g, l.em, font.HintingNone); err == nil {
			at += wide
		}
		last = g
	}
	return float64(at) / float64(l.em)
}

// outline is the shape of a text whose baseline begins at (0, 0), y downwards; in sizes.
func (l *letters) outline(text string) (shape []edge) {
	l.each(text, func(g sfnt.GlyphIndex, at float64) {
		segments, err := l.font.LoadGlyph(&l.buf, g, l.em, nil)
		if err != nil {
			return
		}
		for _, s := range segments {
			e := edge{op: s.Op}
			for i, a := range s.Args {
				e.to[i] = point{at + float64(a.X)/float64(l.em), float64(a.Y) / float64(l.em)}
			}
			shape = append(shape, e)
		}
	})
	return shape
}
