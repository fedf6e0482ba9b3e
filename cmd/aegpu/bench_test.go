package main

import (
	"strings"
	"testing"
)

func TestBenchCounts(t *testing.T) {
	args := []string{"bench", waves(t, "waves.csv", 30), "--hidden", "8", "--latent", "3", "--device", "cpu", "--runs", "0", "--batches", "10,40"}
	v := must(t, append(args, "--json", "--quiet")...).object(t)
	if points, _ := v["points"].([]any); len(points) != 2 || v["ceiling"] != nil || number64(t, v, "memory", "needed_bytes") <= 0 {
		t.Errorf("%v", show(v))
	}
	o := must(t, args...)
	if !strings.Contains(o.out, "counted and not timed") || !strings.Contains(o.err, "memory: batch 40 needs 1 MiB") {
		t.Errorf("%s%s", o.out, o.err)
	}
	if o := aegpu(t.Context(), append(args, "--runs", "-1")...); o.code != 2 {
		t.Errorf("--runs -1: exit %d", o.code)
	}
}
