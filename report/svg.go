package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/color"
	"io"
	"strconv"
	"strings"
)

// svg writes an SVG. It names its typeface, and others of the same widths.
type svg struct {
	height float64
	body   bytes.Buffer
}

func newSVG(width, height float64) *svg {
	s := &svg{height: height}
	w, h := decimal(width), decimal(height)
	fmt.Fprintf(&s.body, `<svg xmlns="http://www.w3.org/2000/svg" width="%spt" height="%spt" viewBox="0 0 %s %s" font-family="Liberation Sans, Arial, Helvetica, sans-serif">`+"\n", w, h, w, h)
	fmt.Fprintf(&s.body, `<rect width="%s" height="%s" fill="#FFFFFF"/>`+"\n", w, h) // a page may be dark
	return s
}

// decimal is a number to a hundredth.
func decimal(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(v, 'f', 2, 64), "0"), ".")
}

// painted is a colour as the attributes of what is filled or drawn with it.
func painted(what string, c color.Color) string {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	text := fmt.Sprintf(`%s="#%02X%02X%02X"`, what, n.R, n.G, n.B)
	if n.A < 255 {
		text += fmt.Sprintf(` %s-opacity="%s"`, what, decimal(float64(n.A)/255))
	}
	return text
}

func (s *svg) place(p point) (x, y string) { return decimal(p.x), decimal(s.height - p.y) }

func (s *svg) line(points []point, p pen) {
	s.body.WriteString(`<polyline points="`)
	for i, at := range points {
		x, y := s.place(at)
		if i > 0 {
			s.body.WriteByte(' ')
		}
		s.body.WriteString(x + "," + y)
	}
	fmt.Fprintf(&s.body, `" fill="none" %s stroke-width="%s" stroke-linejoin="round"`, painted("stroke", p.colour), decimal(p.width))
	for i, d := range p.dashes {
		s.body.WriteString([]string{` stroke-dasharray="`, " "}[min(i, 1)] + decimal(d))
	}
	if len(p.dashes) > 0 {
		s.body.WriteByte('"')
	}
	s.body.WriteString("/>\n")
}

func (s *svg) disc(at point, radius float64, colour color.Color) {
	x, y := s.place(at)
	fmt.Fprintf(&s.body, `<circle cx="%s" cy="%s" r="%s" %s/>`+"\n", x, y, decimal(radius), painted("fill", colour))
}

func (s *svg) text(baseline point, size float64, upwards bool, text string) {
	x, y := s.place(baseline)
	turn := ""
	if upwards {
		turn = fmt.Sprintf(` transform="rotate(-90 %s %s)"`, x, y)
	}
	fmt.Fprintf(&s.body, `<text x="%s" y="%s"%s font-size="%s" %s>`, x, y, turn, decimal(size), painted("fill", ink))
	_ = xml.EscapeText(&s.body, []byte(text)) // a buffer takes everything
	s.body.WriteString("</text>\n")
}

func (s *svg) writeTo(w io.Writer) error {
	_, err := w.Write(append(s.body.Bytes(), "</svg>\n"...))
	return err
}
