package report

import (
	"bytes"
	"image/color"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// strokes notes the lines that are drawn.
type strokes struct {
	painter
	lines [][]point
}

func (s *strokes) line(points []point, _ pen) { s.lines = append(s.lines, points) }

// TestLinesEndAtTheEdge draws a line that wanders out of the canvas: what is drawn lies on it, and is all that does.
func TestLinesEndAtTheEdge(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var s strokes
	c := canvas{painter: &s, min: point{2, 3}, max: point{7, 9}}
	var points []point
	for range 200 {
		points = append(points, point{r.Float64() * 10, r.Float64() * 12})
	}
	c.lineWithin(points, pen{})
	drawn, want := 0., 0.
	for _, run := range s.lines {
		for i, p := range run {
			if !c.contains(p) {
				t.Fatalf("%v is outside", p)
			}
			if i > 0 {
				drawn += math.Hypot(p.x-run[i-1].x, p.y-run[i-1].y)
			}
		}
	}
	const steps = 2000
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		for k := range steps {
			f := (float64(k) + .5) / steps
			if c.contains(point{a.x + f*(b.x-a.x), a.y + f*(b.y-a.y)}) {
				want += math.Hypot(b.x-a.x, b.y-a.y) / steps
			}
		}
	}
	if math.Abs(drawn-want) > .002*want {
		t.Errorf("%v drawn, want %v", drawn, want)
	}
}

func TestDashesGoRoundBends(t *testing.T) {
	got := dashed([]point{{0, 0}, {5, 0}, {5, 5}}, []float64{3, 1})
	want := [][]point{{{0, 0}, {3, 0}}, {{4, 0}, {5, 0}, {5, 2}}, {{5, 3}, {5, 5}}}
	if len(got) != len(want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for i := range want {
		for k := range want[i] {
			if len(got[i]) != len(want[i]) || got[i][k] != want[i][k] {
				t.Errorf("dash %d: %v, want %v", i, got[i], want[i])
			}
		}
	}
}

// TestBendsAreFilled looks at a wide line's bends, where its parts overlap, in both directions.
func TestBendsAreFilled(t *testing.T) {
	for _, points := range [][]point{{{10, 10}, {30, 10}, {30, 30}}, {{30, 30}, {30, 10}, {10, 10}}} {
		r := newRaster(40, 40, nil)
		r.line(points, pen{colour: color.Black, width: 8})
		for _, p := range []point{{10.5, 10}, {20, 10}, {30, 10}, {32, 8.5}, {28, 12}, {30, 20}, {30, 29.5}} {
			at := r.pixel(p)
			if got := r.img.RGBAAt(int(at.x), int(at.y)); got != (color.RGBA{A: 255}) {
				t.Errorf("%v: %v, want black", p, got)
			}
		}
	}
}

func TestLettersHaveWidths(t *testing.T) {
	l, err := newLetters()
	if err != nil {
		t.Fatal(err)
	}
	// Those of Arial and Helvetica, in thousandths, and the pair AV closer by 74.
	for text, want := range map[string]float64{"": 0, "0": .556, "mm": 2 * .833, "AV": .667*2 - .074} {
		if got := l.width(1, text); math.Abs(got-want) > .002 {
			t.Errorf("%q is %v wide, want %v", text, got, want)
		}
	}
}

func TestSVGEscapes(t *testing.T) {
	s := newSVG(10, 10)
	s.text(point{1, 2}, 11, true, "a<b&c")
	s.disc(point{1, 2}, 3, color.NRGBA{255, 0, 0, 51})
	s.line([]point{{1, 1}, {2, 2}}, pen{colour: color.Black, width: 1.2, dashes: []float64{6, 4}})
	var b bytes.Buffer
	if err := s.writeTo(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a&lt;b&amp;c", `rotate(-90 1 8)`, `fill="#FF0000" fill-opacity="0.2"`, `stroke-dasharray="6 4"`, `points="1,9 2,8"`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in %s", want, b.String())
		}
	}
}
