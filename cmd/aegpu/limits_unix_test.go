//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// limited runs the program under a limit that bash's ulimit sets.
func limited(t *testing.T, limit string, args ...string) outcome {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	cmd := self(t, args...)
	cmd.Args = append([]string{"bash", "-c", "ulimit " + limit + ` && exec "$0" "$@"`, cmd.Path}, args...)
	cmd.Path = bash
	cmd.Env = append(cmd.Env, "MALLOC_ARENA_MAX=1") // glibc sets aside 64 MiB of address space for each of some threads, more or fewer by chance
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Run()
	return outcome{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// With few files that may be open a command does what it is to, or says in a line that it
// cannot. (With fewer than eight, Go's runtime has no room for its own.)
func TestFewOpenFiles(t *testing.T) {
	csv := waves(t, "waves.csv", 60)
	dir := trainTiny(t, csv)
	for _, most := range []int{8, 9, 12} {
		out := filepath.Join(t.TempDir(), "run")
		for _, args := range [][]string{append([]string{"train", csv, "--out", out}, tiny...), {"evaluate", dir, "-q"}, {"encode", dir, csv, "-o", "/dev/null/x.npy"}, {"inspect", dir}} {
			o := limited(t, "-n "+strconv.Itoa(most), args...)
			few := o.code == 1 && strings.Contains(o.err, "too many open files")
			if done := o.code == 0 || args[0] == "encode" && o.code == 2; !done && !few || strings.Count(o.err, "\n") > 2 {
				t.Errorf("%d files: %s: exit %d: %.500s", most, args[0], o.code, o.err)
			}
			if most == 12 && few {
				t.Errorf("%d files are too few for %s: %s", most, args[0], o.err)
			}
			if args[0] == "train" {
				if o.code == 0 {
					sameRun(t, fmt.Sprintf("trained with %d files", most), dir, out)
				} else if exists(out) {
					t.Errorf("%d files: exit %d, and %v is left", most, o.code, entries(t, out))
				}
				t.Logf("%d files: exit %d %s", most, o.code, o.err)
			}
		}
	}
}

var neededAndFree = regexp.MustCompile(`(needs [0-9]+ [GM]iB|[0-9]+ [GM]iB needed), [0-9]+ [GM]iB free`)

// TestAddressSpace has commands ask for more than ulimit -v lets them have, and for less.
func TestAddressSpace(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("ulimit -v limits nothing here")
	}
	csv := waves(t, "waves.csv", 200)
	run := trainTiny(t, csv)
	top := t.TempDir()
	out := filepath.Join(top, "x.npy")
	type asked struct {
		kilobytes, code int
		args            []string
	}
	all := []asked{
		{3000000, 3, []string{"train", csv, "--device", "cpu", "--hidden", "6000,6000", "-q", "--out", filepath.Join(top, "b")}}, // its checkpoints
		{2500000, 3, []string{"bench", csv, "--device", "cpu", "--batch", "100000000", "--ceiling", "1e12,1e11", "-q"}},
		{2000000, 0, []string{"encode", run, csv, "-o", out, "--device", "cpu", "-q"}},
		{2000000, 0, []string{"sample", run, "-n", "100000", "-o", out, "--device", "cpu", "-q"}}, // in chunks
	}
	for i, kb := range []int{2000000, 2500000, 3000000, 4000000, 6000000} {
		wide := strconv.Itoa(9000 + 1750*i)
		all = append(all,
			asked{kb, 3, []string{"train", csv, "--device", "cpu", "--hidden", wide + "," + wide, "-q", "--out", filepath.Join(top, "no")}},
			asked{kb, 0, append([]string{"train", csv, "--out", filepath.Join(top, wide)}, tiny...)})
	}
	for _, c := range all {
		o := limited(t, "-v "+strconv.Itoa(c.kilobytes), c.args...)
		if o.code != c.code || c.code == 3 && (strings.Count(o.err, "\n") != 1 || !neededAndFree.MatchString(o.err)) {
			t.Errorf("%d KB: %s: exit %d, want %d: %.300s", c.kilobytes, strings.Join(c.args, " "), o.code, c.code, o.err)
		}
		t.Logf("%d KB: exit %d %s", c.kilobytes, o.code, o.err)
	}
	if exists(filepath.Join(top, "no")) {
		t.Error("a training that was refused left its directory")
	}
}

// TestLargeTables has commands read a table with less and less address space: each is done, or says what it lacks.
func TestLargeTables(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("ulimit -v limits nothing here")
	}
	out := filepath.Join(t.TempDir(), "x.npy")
	table := func(name string, rows int) string {
		return write(t, name, "a,b,c,d,e,f,g\n"+strings.Repeat("0.1,0.2,0.3,0.4,0.5,0.6,0.7\n0.3,0.1,0.9,0.2,0.5,0.8,0.3\n", rows/2))
	}
	small, large := table("small.csv", 200), table("large.csv", 3000000)
	run := trainTiny(t, small)
	refused := 0
	for _, kb := range []int{1700000, 1800000, 2100000, 2300000, 2500000} {
		for _, args := range [][]string{{"encode", run, large, "-o", out}, {"pca", large, "--latent", "2"}} {
			o := limited(t, "-v "+strconv.Itoa(kb), append(args, "--device", "cpu", "-q")...)
			if o.code != 0 && (o.code != 3 || strings.Count(o.err, "\n") != 1 || !neededAndFree.MatchString(o.err)) {
				t.Errorf("%d KB: %s: exit %d: %.300s", kb, args[0], o.code, o.err)
			}
			if o.code == 3 {
				refused++
			}
			t.Logf("%d KB: %s: exit %d %.200s", kb, args[0], o.code, o.err)
		}
	}
	if refused == 0 {
		t.Error("no command was refused memory")
	}
}
