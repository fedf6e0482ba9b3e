// Plot draws the step times that scripts/peers/all.py measured: a panel a net and
// precision, a line a program.
//
//	go run ./scripts/peers/plot docs/benchmarks/peers-cpu.json docs/benchmarks/peers-cpu.png
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/report"
)

// measured is what the script wrote.
type measured struct {
	Machine string
	Rows    []row
}

type row struct {
	Net, Precision, Peer, Mode string
	Batch                      float64
	StepMS                     float64 `json:"step_ms"`
	Q1MS                       float64 `json:"q1_ms"`
	Q3MS                       float64 `json:"q3_ms"`
}

func (r *row) name() string {
	peer, _, _ := strings.Cut(r.Peer, " ")
	return strings.TrimSpace(peer + " " + r.Mode)
}

func main() {
	if err := draw(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}

func draw(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: plot FILE.json FILE.png|FILE.svg")
	}
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var m measured
	if err := json.Unmarshal(text, &m); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	format, err := report.FormatOf(args[1])
	if err != nil {
		return fmt.Errorf("%s: %w", args[1], err)
	}
	return data.WriteAtomic(args[1], func(w io.Writer) error {
		return report.LogLog(w, format, "time of a training step on "+m.Machine+" (bars: quartiles)", m.panels())
	})
}

// panels has the fastest row of every cell.
func (m *measured) panels() []report.LogPanel {
	var panels []report.LogPanel
	for _, r := range m.Rows {
		title := "net " + r.Net + ", " + r.Precision
		if r.StepMS <= 0 || slices.ContainsFunc(panels, func(p report.LogPanel) bool { return p.Title == title }) {
			continue
		}
		panels = append(panels, report.LogPanel{Title: title, XLabel: "batch size", YLabel: "milliseconds", Doubling: true, Lines: m.lines(r.Net, r.Precision)})
	}
	return panels
}

func (m *measured) lines(net, precision string) []report.LogLine {
	var names []string
	best := map[string]map[float64]row{}
	for _, r := range m.Rows {
		if r.Net != net || r.Precision != precision || r.StepMS <= 0 {
			continue
		}
		name := r.name()
		if best[name] == nil {
			names, best[name] = append(names, name), map[float64]row{}
		}
		if b, ok := best[name][r.Batch]; !ok || r.StepMS < b.StepMS {
			best[name][r.Batch] = r
		}
	}
	var lines []report.LogLine
	for _, name := range names {
		line := report.LogLine{Name: name, Dots: true}
		for _, r := range slices.SortedFunc(maps.Values(best[name]), func(a, b row) int { return int(a.Batch - b.Batch) }) {
			line.X, line.Y = append(line.X, r.Batch), append(line.Y, r.StepMS)
			line.Low, line.High = append(line.Low, r.Q1MS), append(line.High, r.Q3MS)
		}
		lines = append(lines, line)
	}
	return lines
}
