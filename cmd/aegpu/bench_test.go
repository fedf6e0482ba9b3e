package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestBenchCounts(t *testing.T) {
	args := []string{"bench", waves(t, "waves.csv", 30), "--hidden", "8", "--latent", "3", "--device", "cpu", "--runs", "0", "--batch", "10,40"}
	v := must(t, append(args, "--json", "--quiet")...).object(t)
	if points, _ := v["points"].([]any); len(points) != 2 || v["ceiling"] != nil || number64(t, v, "memory", "needed_bytes") <= 0 {
		t.Errorf("%v", show(v))
	}
	o := must(t, args...)
	if !strings.Contains(o.out, "counted and not timed") || !strings.Contains(o.err, "memory: batch 40 needs 1 MiB") {
		t.Errorf("%s%s", o.out, o.err)
	}
}

// A batch that machine memory has no room for ends the sweep before it is tried.
func TestBenchEndsWhereMemoryDoes(t *testing.T) {
	args := []string{"bench", waves(t, "waves.csv", 30), "--hidden", "8", "--latent", "3", "--device", "cpu", "--runs", "0", "--quiet", "--json"}
	if v := must(t, append(slices.Clone(args), "--batches", "10")...).object(t); v["memory"].(map[string]any)["free_bytes"] == 0. {
		t.Skip("the machine does not say what memory it has")
	}
	o := must(t, append(slices.Clone(args), "--batch", "10,1073741824")...)
	v := o.object(t)
	if points, _ := v["points"].([]any); len(points) != 1 || !strings.Contains(v["ended"].(string), "batch 1073741824 does not fit: ") {
		t.Errorf("%v", show(v))
	}
	if strings.Count(o.err, "\n") != 1 || !strings.Contains(o.err, "does not fit") {
		t.Errorf("said: %q", o.err)
	}
	if o := command(t.Context(), append(slices.Clone(args), "--batch", "1073741824")...); o.code != 3 || !strings.Contains(o.err, "MiB needed") {
		t.Errorf("exit %d: %s", o.code, o.err)
	}
}

func TestBenchTimes(t *testing.T) {
	if testing.Short() {
		t.Skip("the ceiling takes seconds")
	}
	plot := filepath.Join(t.TempDir(), "plot.png")
	v := must(t, "bench", waves(t, "waves.csv", 30), "--hidden", "8", "--latent", "3", "--device", "cpu", "--runs", "2", "--target", "0.001", "--batch", "8..32",
		"--plot", plot, "--json", "--quiet").object(t)
	points, _ := v["points"].([]any)
	if len(points) != 3 || v["clock"] != "host" || number64(t, v, "ceiling", "gemm_flops") <= 0 || number64(t, v, "ceiling", "copy_bytes") <= 0 {
		t.Fatalf("%v", show(v))
	}
	for _, p := range points {
		p := p.(map[string]any)
		for _, name := range []string{"step_ms", "q1_ms", "q3_ms", "examples_per_second", "flop_rate", "floor_ms", "floor_share", "intensity"} {
			if f, _ := p[name].(float64); f <= 0 {
				t.Errorf("%s is %v", name, p[name])
			}
		}
	}
	if b := contents(t, plot); !strings.HasPrefix(string(b), "\x89PNG") {
		t.Error("the plot is no PNG")
	}
}

// Points come line by line, next to a ceiling that was measured before.
func TestBenchPoints(t *testing.T) {
	o := must(t, "bench", waves(t, "waves.csv", 30), "--hidden", "8", "--latent", "3", "--device", "cpu", "--runs", "2", "--target", "0.001", "--batch", "8..16",
		"--ceiling", "1e9,1e9", "--points", "--quiet")
	lines := strings.Split(strings.TrimSpace(o.out), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines, want the sweep and two points: %s", len(lines), o.out)
	}
	for i, want := range []string{`"gemm_flops":1000000000,"copy_bytes":1000000000`, `{"batch":8,"step_ms":`, `{"batch":16,"step_ms":`} {
		if !strings.Contains(lines[i], want) || (i == 0) != strings.Contains(lines[i], `"device":"cpu"`) {
			t.Errorf("line %d is %s, want %s", i, lines[i], want)
		}
	}
}

func TestBatchSizes(t *testing.T) {
	for text, want := range map[string][]int{"64": {64}, "512, 64,128": {64, 128, 512}, "64..1000": {64, 128, 256, 512}, "3..6,5": {3, 5, 6}, "1..1": {1}} {
		if got, err := batchSizes(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "a", "64..", "..64", "64..32", "64,", "1..99999999999", "64...128"} {
		if got, err := batchSizes(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestBenchRefuses(t *testing.T) {
	for _, args := range [][]string{
		{"--points", "--json"}, {"--ceiling", "1e9"}, {"--ceiling", "0,1"}, {"--ceiling", "1,inf"}, {"--ceiling", "1,x"}, {"--ceiling", "1,2,3"},
		{"--runs", "-1"}, {"--target", "0"}, {"--most", "-1"}, {"--batch", "x"}, {"--plot", "a.pdf"}, {"--plot", "nowhere/a.png"},
		{"--plot", "a.png", "--runs", "0"},
	} {
		if o := command(t.Context(), append([]string{"bench", "--device", "cpu"}, args...)...); o.code != 2 {
			t.Errorf("%v: exit %d: %s", args, o.code, o.err)
		}
	}
}
