package main

import (
	"strings"
	"testing"
)

// A run's step is listed operation by operation, whose work adds up, and launch by
// launch for a GPU that need not be there.
func TestInspectStep(t *testing.T) {
	dir := trainTiny(t, waves(t, "waves.npy", 80), "--accumulate", "2")
	v := must(t, "inspect", dir, "--step", "--json", "--device", "gpu", "--precision", "bf16").object(t)
	flops, bytes := 0.0, 0.0
	for _, o := range v["operations"].([]any) {
		o := o.(map[string]any)
		flops += o["flops"].(float64)
		bytes += o["bytes"].(float64)
	}
	if v["batch"] != 40. || v["precision"] != "bf16" || flops == 0 || v["flops"] != flops || v["bytes"] != bytes {
		t.Errorf("a step of %v rows in %v: %v FLOPs and %v bytes, its operations have %v and %v", v["batch"], v["precision"], v["flops"], v["bytes"], flops, bytes)
	}
	if n := len(v["launches"].([]any)); n < 20 {
		t.Errorf("%d launches", n)
	}
	text := must(t, "inspect", dir, "--step", "--device", "gpu", "--batch", "5").out
	for _, want := range []string{"a step of 10 rows", "Linear y=encoder.0.y[5x8] x=clean[5x16] w=encoder.0.weight[8x16]", "aside", "update_fwd_f32"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if text := must(t, "inspect", dir, "--step").out; strings.Contains(text, "launches") {
		t.Errorf("launches without --device:\n%s", text)
	}
}

func TestInspectStepRefuses(t *testing.T) {
	dir := trainTiny(t, waves(t, "waves.npy", 80))
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{2, "--batch goes with --step", []string{dir, "--batch", "3"}},
		{2, "--batch is 0", []string{dir, "--step", "--batch", "0"}},
		{2, "expected 1 to", []string{dir, "--step", "--batch", "4611686018427387904"}},
		{2, "unknown precision", []string{dir, "--step", "--precision", "fp8"}},
		{2, "--device is \"x\"", []string{dir, "--step", "--device", "x"}},
		{2, "name the run directory", []string{dir + "/model.safetensors", "--step"}},
		{3, "device 99", []string{dir, "--step", "--device", "99"}},
	} {
		o := command(t.Context(), append([]string{"inspect"}, c.args...)...)
		if o.code != c.code || !strings.Contains(o.err, c.want) || strings.Count(o.err, "\n") != 1 {
			t.Errorf("inspect %v: exit %d, %q; want %d, %q in one line", c.args, o.code, o.err, c.code, c.want)
		}
	}
}
