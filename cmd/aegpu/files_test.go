package main

import (
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// With few files that may be open a command does what it is to, or says in a line that it
// cannot. (With fewer than eight, Go's runtime has no room for its own.)
func TestFewOpenFiles(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	csv := waves(t, "waves.csv", 60)
	dir := trainTiny(t, csv)
	for _, most := range []int{8, 9, 12} {
		for _, args := range [][]string{append([]string{"train", csv, "--out", t.TempDir()}, tiny...), {"evaluate", dir, "-q"}, {"encode", dir, csv, "-o", "/dev/null/x.npy"}, {"inspect", dir}} {
			cmd := self(t)
			cmd.Path = bash
			cmd.Args = append([]string{"bash", "-c", `ulimit -n "$0" && exec "$@"`, strconv.Itoa(most), cmd.Args[0]}, args...)
			var errs strings.Builder
			cmd.Stderr = &errs
			err := cmd.Run()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			code, said := cmd.ProcessState.ExitCode(), errs.String()
			few := code == 1 && strings.Contains(said, "too many open files")
			if done := code == 0 || args[0] == "encode" && code == 2; !done && !few || strings.Count(said, "\n") > 2 {
				t.Errorf("%d files: %s: exit %d: %.500s", most, args[0], code, said)
			}
			if most == 12 && few {
				t.Errorf("%d files are too few for %s: %s", most, args[0], said)
			}
		}
	}
}
