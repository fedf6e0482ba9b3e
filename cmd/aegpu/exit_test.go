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

// refusal is a command line, its exit code and a part of its message.
type refusal struct {
	code int
	want string
	args []string
}

// refusals are command lines that are wrong in one way each.
func refusals(t *testing.T) []refusal {
	t.Helper()
	csv := waves(t, "waves.csv", 60)
	dir := trainTiny(t, csv)
	damaged := write(t, "model.safetensors", string(contents(t, dir, "model.safetensors")[:200]))
	unknown := write(t, "c.yaml", "model: vae\nlatnt: 3\n")
	typed := write(t, "c.yaml", "\nepochs: many\n")
	narrow := write(t, "narrow.csv", "1,2\n3,4\n5,6\n")
	return []refusal{
		{2, "did you mean train?", []string{"trian"}},
		{2, "did you mean --epochs?", []string{"train", "--epoch", "1"}},
		{2, "unknown flag --frobnicate", []string{"train", csv, "--frobnicate"}},
		{2, "unknown flag --frobnicate", []string{"--frobnicate"}},
		{2, "missing after --lr", []string{"train", csv, "--lr"}},
		{2, "expected a number", []string{"train", csv, "--lr", "fast"}},
		{2, "expected a whole number", []string{"train", csv, "--epochs", "1.5"}},
		{2, "unknown activation", []string{"train", csv, "--activation", "rectifier"}},
		{2, "--model is \"gan\": expected one of", []string{"train", csv, "--model", "gan"}},
		{2, "expected true or false", []string{"train", csv, "--tied=perhaps"}},
		{2, "one argument too many", []string{"train", csv, csv}},
		{2, "no such file", []string{"train", csv + ".not"}},
		{2, "line 2: unknown setting latnt: did you mean latent?", []string{"train", csv, "--config", unknown}},
		{2, "line 2: epochs is many: expected a whole number", []string{"train", csv, "--config", typed}},
		{2, "no such file", []string{"train", csv, "--config", "nowhere.yaml"}},
		{2, "not empty", []string{"train", csv, "--out", dir}},
		{2, "--out DIR", []string{"train", csv, "--resume"}},
		{2, "needs a GPU", []string{"train", csv, "--device", "cpu", "--precision", "tf32"}},
		{2, "expected auto, cpu", []string{"train", csv, "--device", "tpu"}},
		{2, "needs labels", []string{"train", waves(t, "waves.npy", 60), "--device", "cpu", "--classifier", "frozen"}},
		{2, "was begun with", []string{"train", csv, "--resume", "--out", dir, "--lr", "0.5", "--device", "cpu"}},
		{2, "no such file", []string{"evaluate", dir + "x"}},
		{2, "not a whole safetensors file", []string{"inspect", damaged}},
		{2, "config.yaml", []string{"evaluate", filepath.Dir(csv)}},
		{2, "rows of 2 numbers: expected 16", []string{"evaluate", dir, narrow}},
		{2, "rows of 16 numbers: expected 3", []string{"decode", dir, csv, "-o", filepath.Join(t.TempDir(), "x.npy")}},
		{2, "-o FILE is missing", []string{"encode", dir, csv}},
		{2, "unknown kind of file", []string{"encode", dir, csv, "-o", "x.doc"}},
		{2, "there is no folder", []string{"encode", dir, csv, "-o", filepath.Join(t.TempDir(), "no", "x.npy")}},
		{2, "usage: aegpu encode RUN DATA -o FILE", []string{"encode", dir, "-o", "x.npy"}},
		{2, "takes a vae", []string{"evaluate", dir, "--iwae-k", "5"}},
		{2, "has no level", []string{"evaluate", dir, "--corrupt", "masking"}},
		{2, "expected 1 or more", []string{"sample", dir, "-n", "0", "-o", "x.npy"}},
		{2, "row 999 of 6", []string{"interpolate", dir, "--between", "0,999", "-o", "x.npy"}},
		{2, "two row numbers", []string{"interpolate", dir, "--between", "1", "-o", "x.npy"}},
		{2, "expected at most", []string{"pca", csv, "--latent", "17"}},
		{3, "device 99", []string{"train", csv, "--device", "99"}},
		{3, "needs", []string{"train", csv, "--device", "cpu", "--hidden", "4000000,4000000"}},
		{1, "not finite", []string{"train", csv, "--device", "cpu", "--loss", "squared", "--optimizer", "sgd", "--lr", "1e30", "--hidden", "none", "--latent", "2", "--out", filepath.Join(t.TempDir(), "d")}},
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range refusals(t) {
		t.Chdir(t.TempDir())
		o := command(t.Context(), c.args...)
		if o.code != c.code || !strings.Contains(o.err, c.want) {
			t.Errorf("aegpu %s: exit %d: %s\nwant %d: %s", strings.Join(c.args, " "), o.code, o.err, c.code, c.want)
		}
		if o.out != "" {
			t.Errorf("aegpu %s printed %s", strings.Join(c.args, " "), o.out)
		}
		last := strings.Split(strings.TrimSpace(o.err), "\n")
		if !strings.HasPrefix(last[len(last)-1], "aegpu: ") || strings.Contains(o.err, "goroutine") {
			t.Errorf("aegpu %s: not one line for people: %s", strings.Join(c.args, " "), o.err)
		}
	}
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
