package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// TestGPUFlagsAreEverywhere wants the flags of a GPU on every command that computes on a
// device.
func TestGPUFlagsAreEverywhere(t *testing.T) {
	commands := 0
	for _, c := range newApp(&streams{}).Commands {
		names := map[string]cli.Flag{}
		for _, f := range c.Flags {
			names[f.Names()[0]] = f
		}
		if names["device"] == nil || c.Name == "inspect" { // which opens none
			continue
		}
		commands++
		for _, f := range gpuFlags("") {
			if name := f.Names()[0]; names[name] == nil {
				t.Errorf("aegpu %s has no --%s", c.Name, name)
			}
		}
	}
	if commands < 10 {
		t.Errorf("%d commands take a device", commands)
	}
}

func TestGPUTuningWhereThereIsNoFolder(t *testing.T) {
	file := waves(t, "waves.npy", 40)
	missing := filepath.Join(t.TempDir(), "missing")
	o := command(t.Context(), append([]string{"train", file, "--gpu-tuning", missing + "/tuning.jsonl", "--out", t.TempDir()}, tiny...)...)
	if o.code != 2 || !strings.Contains(o.err, "--gpu-tuning") || !strings.Contains(o.err, missing) {
		t.Errorf("exit %d: %s", o.code, o.err)
	}
}

// TestTheResumeCommandKeepsTheGPUsFlags: a run directory does not hold them.
func TestTheResumeCommandKeepsTheGPUsFlags(t *testing.T) {
	dir := trainTiny(t, waves(t, "waves.npy", 40))
	o := command(t.Context(), append([]string{"train", "--out", dir, "--gpu-tuning", "off", "--cublaslt", "/a b/lt.so"}, tiny...)...)
	if o.code != 2 || !strings.Contains(o.err, "--resume --out "+dir+" --gpu-tuning off --cublaslt '/a b/lt.so'") {
		t.Errorf("exit %d: %s", o.code, o.err)
	}
}
