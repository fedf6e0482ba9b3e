//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// mostBytes is the environment variable with the bytes that no file of a program under test may grow beyond: shells limit
// blocks.
const mostBytes = "AEGPU_TEST_BYTES"

func init() {
	most, err := strconv.Atoi(os.Getenv(mostBytes))
	if err != nil {
		return
	}
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
		panic(err)
	}
	setBytes(&l, most)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
		panic(err)
	}
}

// whileFull runs the program where no file may grow beyond so many bytes.
func whileFull(t *testing.T, most int, args ...string) outcome {
	t.Helper()
	cmd := self(t, args...)
	cmd.Env = append(cmd.Env, mostBytes+"="+strconv.Itoa(most))
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Run()
	return outcome{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// setBytes sets the limit itself, whose type is not the same everywhere.
func setBytes(l *syscall.Rlimit, most int) {
	switch cur := any(&l.Cur).(type) {
	case *uint64:
		*cur = uint64(most)
	case *int64:
		*cur = int64(most)
	}
}

// fullDisk is a run whose files end at every byte in turn.
type fullDisk struct {
	args        []string
	half, whole string
	mended      map[string]bool // what was left of runs, and was gone on with
	came        lives
}

// TestDiskFullAtEveryByte ends the disk at every byte of the checkpoints of a run, one that starts and one that goes
// on: the run fails in a line, nothing half-written is left, and what is goes on to the same bits. The gate draws some
// of the bytes; AEGPU_BYTES=1000000 takes every one.
func TestDiskFullAtEveryByte(t *testing.T) {
	c := chances(t, "AEGPU_BYTES", 24)
	d := &fullDisk{mended: map[string]bool{}, came: lives{}}
	d.args = []string{waves(t, "waves.csv", 60), "--hidden", "none", "--latent", "1", "--epochs", "4", "--batch", "20", "--device", "cpu"}
	d.half, d.whole = halfAndWhole(t, d.args...)
	size := len(contents(t, d.whole, "last.ckpt"))
	dir := filepath.Join(t.TempDir(), "run")
	for _, most := range c.Perm(size) {
		if !c.more() {
			break
		}
		os.RemoveAll(dir)
		d.fails(t, most, "new", dir, append([]string{"train", "--out", dir, "-q"}, d.args...)...)
		copyRun(t, d.half, dir)
		d.fails(t, most, "resumed", dir, "train", "--resume", "--out", dir, "-q")
		if c.done++; t.Failed() {
			t.FailNow()
		}
	}
	if len(d.mended) < 2 {
		t.Errorf("%d kinds of what was left were gone on with", len(d.mended))
	}
	t.Logf("%d of %d bytes in %v: %v; %d kinds of what was left", c.done, size, c.took(), d.came, len(d.mended))
}

// fails runs a training on a full disk, and one on what it left.
func (d *fullDisk) fails(t *testing.T, most int, what, dir string, args ...string) {
	t.Helper()
	o := whileFull(t, most, args...)
	if o.code != 1 || strings.Count(o.err, "\n") != 1 || !strings.Contains(o.err, "file too large") {
		t.Errorf("%s, full at byte %d: exit %d: %q", what, most, o.code, o.err)
	}
	if left := leftovers(t, dir); left != nil {
		t.Errorf("%s, full at byte %d: %v is left", what, most, left)
	}
	if !exists(dir) {
		if d.came[what+": nothing is left"]++; what != "new" || !strings.Contains(o.err, "is as it was") {
			t.Errorf("%s, full at byte %d: the directory is gone: %s", what, most, o.err)
		}
		return
	}
	state := ""
	for _, name := range entries(t, dir) {
		state += name + "\n" + timelessFile(t, filepath.Join(dir, name))
	}
	epochs := strings.Count(string(contents(t, dir, "metrics.jsonl")), "\n")
	d.came[fmt.Sprintf("%s: %d epochs are in the history", what, epochs)]++
	if !strings.Contains(o.err, "aegpu train --resume --out "+dir) && !strings.Contains(o.err, "the model is trained and saved") {
		t.Errorf("%s, full at byte %d: it does not say how to go on: %s", what, most, o.err)
	}
	if d.mended[state] {
		return
	}
	d.mended[state] = true
	if o := must(t, "train", "--resume", "--out", dir, "-q"); o.err != "" {
		t.Errorf("%s, full at byte %d, gone on: %s", what, most, o.err)
	}
	sameRun(t, fmt.Sprintf("%s, full at byte %d", what, most), d.whole, dir, "previous.ckpt")
}
