package main

import (
	"bytes"
	"path/filepath"
	"testing"
)

// A mixed table with gaps comes to the same bits from memory and from disk, by windows and whole.
func TestColumnsOnDiskAreAsInMemory(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "mixed.csv", joined(mixedLines(1200, 1, 0.1)))
	for name, flags := range map[string][]string{
		"windows":     {"--window", "300", "--block", "4", "--model", "vae"},
		"whole":       {"--window", "5000", "--loss", "zero-inflated"},
		"accumulated": {"--window", "300", "--block", "4", "--batch", "25", "--accumulate", "2", "--model", "denoising"},
	} {
		results := map[string][][]byte{}
		for _, memory := range []string{"8G", "0"} {
			dir := name + memory
			args := append([]string{"train", "mixed.csv", "--out", dir, "--memory", memory, "--hidden", "7", "--latent", "3", "--epochs", "3", "--batch", "50", "--device", "cpu", "-q"}, flags...)
			must(t, args...)
			results[memory] = append(results[memory], contents(t, dir, "model.safetensors"))
			for _, args := range [][]string{{"encode", dir}, {"reconstruct", dir, "mixed.csv"}, {"reconstruct", dir, "mixed.csv", "--fill"}, {"score", dir, "mixed.csv", "--by-column"}} {
				out := filepath.Join(dir, "out.csv")
				must(t, append(args, "-o", out, "--device", "cpu", "-q", "--memory", memory)...)
				results[memory] = append(results[memory], contents(t, out))
			}
			o := must(t, "evaluate", dir, "--json", "--device", "cpu", "-q", "--memory", memory)
			results[memory] = append(results[memory], bytes.ReplaceAll([]byte(o.out), []byte(dir), nil))
		}
		for k, b := range results["8G"] {
			if !bytes.Equal(b, results["0"][k]) {
				t.Errorf("%s: result %d from disk is another: %.200q, want %.200q", name, k, results["0"][k], b)
			}
		}
	}
	must(t, "train", "mixed.csv", "--out", "none", "--loss", "zero-inflated", "--hidden", "7", "--latent", "3", "--epochs", "3", "--batch", "50", "--device", "cpu", "-q")
	if !bytes.Equal(contents(t, "none", "model.safetensors"), contents(t, "whole8G", "model.safetensors")) {
		t.Error("a window that holds all rows makes another model than none")
	}
}
