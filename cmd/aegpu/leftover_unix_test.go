//go:build unix

package main

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/aegpu/aegpu/data"
)

// TestLeftoversAreCleared has a write find what another process writes, which it leaves alone, and what a killed one
// left, which it removes.
func TestLeftoversAreCleared(t *testing.T) {
	run := trainTiny(t, waves(t, "waves.csv", 60))
	dir := t.TempDir()
	put(t, filepath.Join(dir, ".tmp-theirs"), "of another program")
	sample := func(n, file string) *exec.Cmd {
		return self(t, "sample", run, "-n", n, "-o", filepath.Join(dir, file), "--device", "cpu", "-q")
	}
	left := func() (names []string) {
		for _, name := range entries(t, dir) {
			if data.Temporary(name) {
				names = append(names, name)
			}
		}
		return names
	}
	long := sample("100000000", "long.csv")
	if err := long.Start(); err != nil {
		t.Fatal(err)
	}
	defer long.Process.Kill()
	for began := time.Now(); len(left()) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatal("nothing is written")
		}
	}
	if out, err := sample("5", "a.csv").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if len(left()) != 1 {
		t.Errorf("beside a process that writes: %v", entries(t, dir))
	}
	long.Process.Kill()
	long.Wait()
	if len(left()) != 1 {
		t.Errorf("a killed process left %v", entries(t, dir))
	}
	if out, err := sample("5", "b.csv").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if names := entries(t, dir); !slices.Equal(names, []string{".tmp-theirs", "a.csv", "b.csv"}) {
		t.Errorf("after the next write: %v", names)
	}
}
