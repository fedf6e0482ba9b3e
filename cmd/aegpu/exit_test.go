package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aegpu/aegpu"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// full is a writer on a full disk, closed is one whose reader has gone.
type full struct{ err error }

func (f full) Write([]byte) (int, error) { return 0, f.err }

func TestResultsThatCannotBeWritten(t *testing.T) {
	var errs bytes.Buffer
	if code := run(t.Context(), []string{"aegpu", "devices"}, nil, full{syscall.ENOSPC}, &errs); code != 1 || !strings.Contains(errs.String(), "no space left") {
		t.Errorf("full disk: exit %d: %s", code, errs.String())
	}
	errs.Reset()
	if code := run(t.Context(), []string{"aegpu", "devices", "--json"}, nil, full{syscall.EPIPE}, &errs); code != 141 || errs.Len() > 0 {
		t.Errorf("reader gone: exit %d: %s", code, errs.String())
	}
}

func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full")
	}
	file := waves(t, "waves.npy", 60)
	dir := trainTiny(t, file)
	link := filepath.Join(t.TempDir(), "codes.npy")
	if err := os.Symlink("/dev/full", link); err != nil {
		t.Skip(err)
	}
	if o := command(t.Context(), "encode", dir, file, "-o", link, "-q"); o.code != 1 || !strings.Contains(o.err, "no space left") {
		t.Errorf("exit %d: %s", o.code, o.err)
	}
}

func TestExitCodes(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(signalError{syscall.SIGTERM})
	for _, c := range []struct {
		err  error
		code int
	}{
		{nil, 0}, {errors.New("device lost"), 1}, {wrong("no"), 2}, {&aegpu.DeviceError{Err: errors.New("none")}, 3},
		{&explained{"stopped", context.Canceled}, 143},
	} {
		if got := exitCode(ctx, c.err); got != c.code {
			t.Errorf("%v: exit %d, want %d", c.err, got, c.code)
		}
	}
}

func TestQuoted(t *testing.T) {
	for in, want := range map[string]string{"runs/ae-1": "runs/ae-1", "my run": "'my run'", "it's": `'it'\''s'`, "": "''", "a$b": "'a$b'", "~": "'~'"} {
		if got := quoted(in); got != want {
			t.Errorf("%q is quoted %s, want %s", in, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"epochs", "batch", "lr", "latent", "loss"}
	for word, want := range map[string]string{"epoch": "epochs", "batches": "batch", "lattent": "latent", "zzz": "", "q": "", "lrr": "lr", "los": "loss"} {
		if got := nearest(word, names); got != want {
			t.Errorf("%s is near %q, want %q", word, got, want)
		}
	}
}
