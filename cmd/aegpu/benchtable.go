package main

import (
	"fmt"
	"io"

	"github.com/aegpu/aegpu/bench"
)

// The table is printed line by line while it is measured, so its widths are fixed.
const (
	timedLine   = "%9s  %11s  %11s  %11s  %12s  %10s  %10s  %6s  %8s  %10s\n"
	countedLine = "%9s  %8s  %10s\n"
)

func writeBenchHead(out io.Writer, r *benchResult) {
	if r.Clock == "" {
		fmt.Fprintf(out, "%s %s on %s, %s, counted and not timed\n\n", r.Model, r.Net, r.Device, r.Precision)
		fmt.Fprintf(out, countedLine, "batch", "launches", "memory")
		return
	}
	product, moved := fmt.Sprintf("a product of %d^3", r.Ceiling.Side), "a copy of 256 MiB"
	if r.Ceiling.Side == 0 { // it was given
		product, moved = "products", "copies"
	}
	fmt.Fprintf(out, "%s %s on %s, %s: %s at %.1f GFLOP/s, %s at %.1f GB/s; clock: %s\n\n",
		r.Model, r.Net, r.Device, r.Precision, product, r.Ceiling.FLOPs/1e9, moved, r.Ceiling.Bytes/1e9, r.Clock)
	fmt.Fprintf(out, timedLine, "batch", "step ms", "quartile 1", "quartile 3", "examples/s", "GFLOP/s", "floor ms", "share", "launches", "memory")
}

func writeBenchRow(out io.Writer, p bench.Point, timed bool) {
	launches := "-"
	if p.Launches > 0 {
		launches = fmt.Sprint(p.Launches)
	}
	if !timed {
		fmt.Fprintf(out, countedLine, fmt.Sprint(p.Batch), launches, mebibytes(p.MemoryBytes))
		return
	}
	ms := func(v float64) string { return fmt.Sprintf("%.3f", v) }
	fmt.Fprintf(out, timedLine, fmt.Sprint(p.Batch), ms(p.StepMS), ms(p.Q1MS), ms(p.Q3MS), fmt.Sprintf("%.0f", p.ExamplesPerSecond),
		fmt.Sprintf("%.1f", p.FLOPRate/1e9), ms(p.FloorMS), fmt.Sprintf("%.0f %%", 100*p.FloorShare), launches, mebibytes(p.MemoryBytes))
}

// mebibytes is a size for people, a dash where it is not known.
func mebibytes(n uint64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%d MiB", (n+1<<20-1)>>20)
}
