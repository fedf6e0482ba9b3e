//go:build cuda

package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aegpu/aegpu/gpu/cudasim"
	"github.com/aegpu/aegpu/train"
)

// onSimulator has what follows measure algorithms into an empty cache, where that one is the fastest.
func onSimulator(t *testing.T, fast string) (cache string) {
	t.Helper()
	if _, err := cudasim.Use(); err != nil {
		t.Skip(err)
	}
	cache = t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("AEGPU_GPU_TUNING", "")
	t.Setenv("AEGPU_CUDASIM_FAST_ALGORITHM", fast)
	return cache
}

// onGPU is a training on the simulator.
func onGPU(csv, dir string, more ...string) []string {
	return append([]string{"train", csv, "--out", dir, "--hidden", "8", "--latent", "3", "--epochs", "3", "--batch", "20", "--device", "0"}, more...)
}

// sameResult wants the same model, figures and other files in two run directories.
func sameResult(t *testing.T, what, a, b string, others ...string) {
	t.Helper()
	seconds := regexp.MustCompile(`,"seconds":.*`)
	for _, name := range append(others, modelFile, train.HistoryFile) {
		x, y := seconds.ReplaceAll(contents(t, a, name), nil), seconds.ReplaceAll(contents(t, b, name), nil)
		if !bytes.Equal(x, y) {
			t.Errorf("%s: %s differs", what, name)
		}
	}
}

// A run that is killed goes on by its own algorithms, and the config of a run comes with them, whatever is the fastest by then.
func TestAlgorithmsAreTheRunsOwn(t *testing.T) {
	csv := waves(t, "waves.csv", 200)
	onSimulator(t, "1")
	dir := t.TempDir()
	whole, broken, again, off := filepath.Join(dir, "whole"), filepath.Join(dir, "broken"), filepath.Join(dir, "again"), filepath.Join(dir, "off")
	want := must(t, onGPU(csv, whole, "--json", "-q")...).object(t)["test"]
	onSimulator(t, "1")
	killed := self(t, onGPU(csv, broken, "--epochs", "100000", "-q")...)
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	for !exists(filepath.Join(broken, train.PreviousFile)) {
		time.Sleep(time.Millisecond)
	}
	killed.Process.Kill()
	killed.Wait()
	onSimulator(t, "3")
	more := fmt.Sprint(strings.Count(string(contents(t, broken, train.HistoryFile)), "\n") + 1)
	must(t, "train", "--out", broken, "--resume", "--epochs", more, "-q")
	must(t, onGPU(csv, again, "--config", filepath.Join(whole, train.ConfigFile), "--epochs", more, "-q")...)
	sameResult(t, "killed", broken, again)

	cache := onSimulator(t, "3")
	os.RemoveAll(again)
	got := must(t, "train", "--out", again, "--config", filepath.Join(whole, train.ConfigFile), "--json", "-q").object(t)["test"]
	sameResult(t, "of its config", whole, again, train.AlgorithmsFile)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("of its config: figures %v, want %v", got, want)
	}
	if text, _ := os.ReadFile(filepath.Join(cache, "aegpu", "tuning.jsonl")); len(text) > 0 {
		t.Errorf("measured:\n%s", text)
	}
	must(t, onGPU(csv, off, "--gpu-tuning", "off", "-q")...)
	if bytes.Equal(contents(t, off, modelFile), contents(t, whole, modelFile)) {
		t.Error("the first algorithms round as those that were measured do: the test shows nothing")
	}
	os.RemoveAll(again)
	must(t, "train", "--out", again, "--config", filepath.Join(off, train.ConfigFile), "-q")
	sameResult(t, "of the config of one without measuring", off, again, train.AlgorithmsFile)
	must(t, "train", "--out", filepath.Join(dir, "larger"), "--config", filepath.Join(off, train.ConfigFile), "--batch", "25", "-q")
	if text, _ := os.ReadFile(filepath.Join(cache, "aegpu", "tuning.jsonl")); len(text) > 0 {
		t.Errorf("of the config of one without measuring: measured\n%s", text)
	}
}

// Algorithms that cannot be used are refused with the file and a way to go on.
func TestAlgorithmsThatCannotBeUsed(t *testing.T) {
	onSimulator(t, "1")
	csv, dir := waves(t, "waves.csv", 100), filepath.Join(t.TempDir(), "run")
	must(t, onGPU(csv, dir, "-q")...)
	file := filepath.Join(dir, train.AlgorithmsFile)
	lines := regexp.MustCompile(`"candidate":\d+`).ReplaceAll(contents(t, file), []byte(`"candidate":99`))
	lines = lines[:bytes.LastIndexByte(lines[:len(lines)-1], '\n')+1]
	for why, text := range map[string]string{
		"bytes have changed": string(lines), "names algorithm 99 of ": fmt.Sprintf("%s{\"sha256\":\"%x\"}\n", lines, sha256.Sum256(lines)),
	} {
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		again := filepath.Join(t.TempDir(), "again")
		for _, args := range [][]string{
			{"train", "--out", dir, "--resume", "--epochs", "4"}, {"train", "--out", again, "--config", filepath.Join(dir, train.ConfigFile)},
		} {
			o := command(t.Context(), append(args, "-q")...)
			if o.code != 2 || !strings.Contains(o.err, file) || !strings.Contains(o.err, why) || !strings.Contains(o.err, "without this file") {
				t.Errorf("%v: exit %d: %s", args, o.code, o.err)
			}
		}
		if exists(again) {
			t.Error("a run that was refused leaves its directory")
		}
		must(t, "train", "--out", again, "--config", filepath.Join(dir, train.ConfigFile), "--device", "cpu", "-q")
		must(t, "train", "--out", filepath.Join(t.TempDir(), "other"), "--config", filepath.Join(dir, train.ConfigFile), "--gpu-tuning", "off", "-q")
		if exists(filepath.Join(again, train.AlgorithmsFile)) {
			t.Error("a run on the CPU keeps algorithms")
		}
	}
}
