package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/color"
	"io"
	"math"
	"strings"
	"testing"
)

func logPanels() []LogPanel {
	nan := math.NaN()
	x := []float64{64, 128, 256, 512}
	return []LogPanel{
		{Title: "time", XLabel: "batch", YLabel: "ms", Doubling: true, Lines: []LogLine{
			{Name: "step", X: x, Y: []float64{1, 1.1, 2, 4}, Low: []float64{.9, 1, 1.9, 3}, High: []float64{1.2, 1.3, 2.1, 5}, Dots: true},
			{Name: "floor", X: x, Y: []float64{.5, .8, 1.6, 3.2}, Dashed: true}}},
		{Title: "rate", XLabel: "FLOP per byte", YLabel: "GFLOP/s", Lines: []LogLine{
			{Name: "step", X: x, Y: []float64{1, nan, 0, -4}, Labels: []string{"a", "b", "c", "d"}}}},
		{Title: "empty"},
	}
}

func TestLogLogPNG(t *testing.T) {
	img := drawn(t, func(w io.Writer) error { return LogLog(w, PNG, "title", logPanels()) })
	found := map[color.RGBA]bool{}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			found[rgba(img, x, y)] = true
		}
	}
	if !found[palette[0]] || !found[color.RGBA{90, 90, 90, 255}] {
		t.Error("the lines are not there")
	}
}

func TestLogLogSVG(t *testing.T) {
	var b bytes.Buffer
	if err := LogLog(&b, SVG, "a title", logPanels()); err != nil {
		t.Fatal(err)
	}
	text := ""
	for dec := xml.NewDecoder(&b); ; {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if data, ok := token.(xml.CharData); ok {
			text += string(data) + " "
		}
	}
	for _, want := range []string{"a title", "batch", "GFLOP/s", "floor", "256", " a "} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the words %q", want, text)
		}
	}
}

func TestLogLogRefuses(t *testing.T) {
	for name, panels := range map[string][]LogPanel{
		"nothing": nil,
		"lengths": {{Lines: []LogLine{{X: []float64{1}, Y: []float64{1, 2}}}}},
		"bars":    {{Lines: []LogLine{{X: []float64{1}, Y: []float64{1}, Low: []float64{1}}}}},
		"labels":  {{Lines: []LogLine{{X: []float64{1}, Y: []float64{1}, Labels: []string{"a", "b"}}}}},
	} {
		if err := LogLog(io.Discard, PNG, "", panels); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := LogLog(full{}, SVG, "", logPanels()); !errors.Is(err, errFull) {
		t.Errorf("a writer's error: %v", err)
	}
}

func TestFormatOf(t *testing.T) {
	for path, want := range map[string]Format{"a/b.png": PNG, "b.SVG": SVG} {
		if f, err := FormatOf(path); f != want || err != nil {
			t.Errorf("%s: %v, %v", path, f, err)
		}
	}
	if _, err := FormatOf("x.pdf"); err == nil {
		t.Error("x.pdf: no error")
	}
}

func TestDoublingTicks(t *testing.T) {
	labels := 0
	ticks := doublingTicks{}.Ticks(50, 1.3e6)
	for _, k := range ticks {
		if k.Label != "" {
			labels++
		}
	}
	if len(ticks) != 15 || labels != 8 || ticks[0].Label != "64" || ticks[14].Label != "1048576" {
		t.Errorf("%d ticks, %d labels: %v", len(ticks), labels, ticks)
	}
}
