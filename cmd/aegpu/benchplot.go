package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/report"
)

// checkBenchPlot refuses, before any work, a plot that cannot be had.
func checkBenchPlot(path string, runs int) error {
	if _, err := report.FormatOf(path); err != nil {
		return wrong("--plot %s: %w", path, err)
	}
	if runs == 0 {
		return wrong("--plot %s: --runs 0 times nothing to plot", path)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return wrong("--plot %s: there is no folder %s", path, filepath.Dir(path))
	}
	return nil
}

// writeBenchPlot draws two panels: the step's time by batch size over its floor,
// and the rate by arithmetic intensity under the roofline (Williams et al. 2009).
func writeBenchPlot(path string, r *benchResult) error {
	format, err := report.FormatOf(path)
	if err != nil {
		return err
	}
	title := fmt.Sprintf("%s %s, %s, on %s", r.Model, r.Net, r.Precision, strings.TrimSuffix(r.Device+": "+r.Detail, ": "))
	return data.WriteAtomic(path, func(w io.Writer) error {
		return report.LogLog(w, format, title, []report.LogPanel{stepPanel(r), rooflinePanel(r)})
	})
}

func stepPanel(r *benchResult) report.LogPanel {
	step, floor := report.LogLine{Name: "training step (bars: quartiles)", Dots: true}, report.LogLine{Name: "floor", Dashed: true}
	for _, p := range r.Points {
		x := float64(p.Batch)
		step.X, step.Y = append(step.X, x), append(step.Y, p.StepMS)
		step.Low, step.High = append(step.Low, p.Q1MS), append(step.High, p.Q3MS)
		floor.X, floor.Y = append(floor.X, x), append(floor.Y, p.FloorMS)
	}
	return report.LogPanel{Title: "time of a step", XLabel: "batch size", YLabel: "milliseconds", Doubling: true,
		Lines: []report.LogLine{step, floor}}
}

func rooflinePanel(r *benchResult) report.LogPanel {
	step := report.LogLine{Name: "training step (bars: quartiles)", Dots: true}
	const giga = 1e9
	ridge := r.Ceiling.FLOPs / r.Ceiling.Bytes
	low, high := ridge, ridge
	for _, p := range r.Points {
		step.X, step.Y = append(step.X, p.Intensity), append(step.Y, p.FLOPRate/giga)
		step.Labels = append(step.Labels, fmt.Sprint(p.Batch))
		low, high = math.Min(low, p.Intensity), math.Max(high, p.Intensity)
	}
	roof := report.LogLine{Name: "roofline: copy rate x intensity, then product rate", Dashed: true}
	for _, x := range []float64{low / 2, ridge, high * 2} {
		roof.X, roof.Y = append(roof.X, x), append(roof.Y, math.Min(r.Ceiling.FLOPs, r.Ceiling.Bytes*x)/giga)
	}
	return report.LogPanel{Title: "rate, labelled by batch size", XLabel: "FLOP per byte that a step must move", YLabel: "GFLOP/s",
		Lines: []report.LogLine{step, roof}}
}
