package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const rows = `{"machine": "a machine", "rows": [
 {"net": "a", "precision": "fp32", "batch": 128, "peer": "aegpu", "mode": "", "step_ms": 2, "q1_ms": 1.9, "q3_ms": 2.2},
 {"net": "a", "precision": "fp32", "batch": 64, "peer": "aegpu", "mode": "", "step_ms": 1, "q1_ms": 1, "q3_ms": 1},
 {"net": "a", "precision": "fp32", "batch": 64, "peer": "torch 2", "mode": "eager", "step_ms": 5, "q1_ms": 4, "q3_ms": 6},
 {"net": "a", "precision": "fp32", "batch": 64, "peer": "torch 2", "mode": "eager", "step_ms": 3, "q1_ms": 2, "q3_ms": 4},
 {"net": "b", "precision": "fp32", "batch": 64, "peer": "jax 1", "mode": "jit", "error": "it failed"}]}`

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows.json")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDraw(t *testing.T) {
	from := write(t, rows)
	to := strings.TrimSuffix(from, "json") + "svg"
	if err := draw([]string{from, to}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a machine", "net a, fp32", "torch eager", "aegpu"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in the plot", want)
		}
	}
	if strings.Contains(string(text), "jax") {
		t.Error("what failed is in the plot")
	}
}

func TestTheFastestOfACell(t *testing.T) {
	m := &measured{Rows: []row{
		{Net: "a", Precision: "fp32", Peer: "torch 2", Mode: "eager", Batch: 64, StepMS: 5},
		{Net: "a", Precision: "fp32", Peer: "torch 2", Mode: "eager", Batch: 32, StepMS: 2},
		{Net: "a", Precision: "fp32", Peer: "torch 2", Mode: "eager", Batch: 64, StepMS: 3},
	}}
	lines := m.lines("a", "fp32")
	if len(lines) != 1 || !slices.Equal(lines[0].X, []float64{32, 64}) || !slices.Equal(lines[0].Y, []float64{2, 3}) {
		t.Errorf("%+v", lines)
	}
}

func TestDrawRefuses(t *testing.T) {
	from := write(t, "{")
	for _, args := range [][]string{nil, {from}, {from, "x.png"}, {"nowhere.json", "x.png"}, {write(t, rows), "x.pdf"}, {write(t, "{}"), filepath.Join(t.TempDir(), "x.png")}} {
		if err := draw(args); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
