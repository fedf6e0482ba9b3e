package report

import (
	"fmt"
	"image/color"
	"io"
	"slices"
)

const (
	maxPoints  = 6000 // more only cover each other
	maxClasses = 24   // that a legend names
)

// Codes2D scatters codes of two numbers, n x 2, coloured by label, an index into
// classes. labels may be nil, and classes too: then the numbers name themselves.
// Of more than 6,000 points evenly spaced ones are drawn. The axes hold the middle
// 99.5 % of each coordinate, so that strays do not shrink the rest to a blot.
func Codes2D(w io.Writer, codes []float32, labels []int32, classes []string) error {
	n := len(codes) / 2
	if len(codes)%2 != 0 || labels != nil && len(labels) != n {
		return fmt.Errorf("report: %d values and %d labels: expected n x 2 and n", len(codes), len(labels))
	}
	s := cloud{classes: 1}
	for i := range min(n, maxPoints) {
		// Spaced over all rows: the first ones may be all of one class.
		r := i * n / min(n, maxPoints)
		x, y := float64(codes[2*r]), float64(codes[2*r+1])
		if !finite(x) || !finite(y) {
			continue
		}
		s.x, s.y = append(s.x, x), append(s.y, y)
		label := int32(0)
		if labels != nil {
			label = max(labels[r], 0)
		}
		s.label = append(s.label, int(label))
		s.classes = max(s.classes, int(label)+1)
	}
	if len(s.x) == 0 {
		return notice(w, "no codes")
	}
	var keys []key
	if labels != nil {
		s.classes = max(s.classes, len(classes))
		keys = classKeys(s, classes)
	}
	p := newChart("", "code 1", "code 2")
	p.x.min, p.x.max = middle(s.x).padded()
	p.y.min, p.y.max = middle(s.y).padded()
	p.parts = []part{s}
	return figure(w, 560, 560, func(c canvas) { tile(c, []*chart{p}, 1, keys) })
}

func classKeys(s cloud, classes []string) (keys []key) {
	for i := range min(s.classes, maxClasses) {
		name := fmt.Sprint(i)
		if i < len(classes) {
			name = classes[i]
		}
		keys = append(keys, key{name: name, line: pen{colour: colourOf(i, s.classes)}, disc: true})
	}
	if rest := s.classes - maxClasses; rest > 0 {
		keys = append(keys, key{name: fmt.Sprintf("and %d more", rest), line: pen{colour: color.Transparent}, disc: true})
	}
	return keys
}

// middle is the range of v without the lowest and the highest quarter of a percent.
func middle(v []float64) span {
	sorted := slices.Clone(v)
	slices.Sort(sorted)
	cut := len(v) / 400
	return span{sorted[cut], sorted[len(v)-1-cut]}
}

// cloud is points by class.
type cloud struct {
	x, y    []float64
	label   []int
	classes int
}

// draw draws points drawn in the order of the rows, so that no
// class lies on top of all others.
func (s cloud) draw(c canvas, p *chart) {
	for i, x := range s.x {
		colour := colourOf(s.label[i], s.classes)
		if at, ok := p.at(c, x, s.y[i]); ok && c.contains(at) {
			c.disc(at, 1.7, color.NRGBA{colour.R, colour.G, colour.B, 190})
		}
	}
}
