package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aegpu/aegpu/settings"
	"github.com/aegpu/aegpu/train"
)

// flipped is a run that was stopped half-way, and the same run at its end.
type flipped struct{ csv, half, whole string }

func runToFlip(t *testing.T) *flipped {
	t.Helper()
	f := &flipped{csv: waves(t, "waves.csv", 100)}
	f.half, f.whole = halfAndWhole(t, f.csv, "--model", "vae", "--hidden", "5", "--latent", "2", "--epochs", "4", "--batch", "20", "--patience", "9", "--device", "cpu")
	return f
}

// halfAndWhole are the directories of a run that was stopped after its third epoch, and of the same run at its end.
func halfAndWhole(t *testing.T, args ...string) (half, whole string) {
	t.Helper()
	keepEveryEpoch(t)
	top := t.TempDir()
	half, whole = filepath.Join(top, "half"), filepath.Join(top, "whole")
	must(t, append([]string{"train", "-q", "--out", whole}, args...)...)
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := func() {
		if exists(filepath.Join(half, "previous.ckpt")) {
			cancel(signalError{syscall.SIGTERM})
		}
	}
	if code := run(ctx, append([]string{"aegpu", "train", "--out", half}, args...), nil, io.Discard, every{stop}); code != 143 {
		t.Fatalf("exit %d", code)
	}
	if a, b := bytes.Count(contents(t, half, train.HistoryFile), []byte("\n")), bytes.Count(contents(t, whole, train.HistoryFile), []byte("\n")); a != 3 || b < 4 {
		t.Fatalf("%d epochs of %d", a, b)
	}
	return half, whole
}

// keepEveryEpoch has the trainings of a test write their files after every epoch.
func keepEveryEpoch(t *testing.T) {
	t.Helper()
	filesEvery = -1
	t.Cleanup(func() { filesEvery = 0 })
}

// every calls a function with every line.
type every struct{ do func() }

func (e every) Write(p []byte) (int, error) {
	e.do()
	return len(p), nil
}

// copyRun copies a run's directory without its pictures.
func copyRun(t *testing.T, from, to string) string {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	for _, name := range entries(t, from) {
		if ending := filepath.Ext(name); ending != ".png" && ending != ".html" {
			put(t, filepath.Join(to, name), string(contents(t, from, name)))
		}
	}
	return to
}

// bitFlip flips one bit of a file, drawn by c, and reports which.
func bitFlip(t *testing.T, c *chance, path string) (at, bit int) {
	t.Helper()
	b := contents(t, path)
	at, bit = c.IntN(len(b)), c.IntN(8)
	b[at] ^= 1 << bit
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	return at, bit
}

// TestNoBitFlipsUnnoticed flips bits of a run's files, one at a time: what is then read is refused in a line, or said
// and not used, or as it was.
func TestNoBitFlipsUnnoticed(t *testing.T) {
	c := chances(t, "AEGPU_FLIPS", 12)
	f, came := runToFlip(t), lives{}
	dir := filepath.Join(t.TempDir(), "run")
	for ; c.more(); c.done++ {
		name := []string{"last.ckpt", "previous.ckpt", "model.safetensors", "config.yaml"}[c.done%4]
		from := f.half
		if c.IntN(2) == 0 && name != "last.ckpt" {
			from = f.whole
		}
		copyRun(t, from, dir)
		at, bit := bitFlip(t, c, filepath.Join(dir, name))
		var what string
		switch name {
		case "last.ckpt":
			what = f.last(t, dir)
		case "previous.ckpt":
			what = f.previous(t, dir)
		case "model.safetensors":
			what = f.model(t, dir)
		default:
			what = f.config(t, dir, from)
		}
		came[name+": "+what]++
		if t.Failed() {
			t.Fatalf("bit %d of byte %d of %s", bit, at, name)
		}
	}
	for _, k := range []string{"last.ckpt: said, the one before was taken", "previous.ckpt: refused where it is the only one", "model.safetensors: refused", "config.yaml: refused", "config.yaml: said"} {
		if came[k] == 0 && (c.done >= 400 || k != "config.yaml: said") { // those are few: TestSettingsThatChangedAreSaid has some
			t.Errorf("%q never happened", k)
		}
	}
	t.Logf("%d flips in %v: %v", c.done, c.took(), came)
}

// ends demands that a run goes on to what it is when nothing was flipped.
func (f *flipped) ends(t *testing.T, dir string) {
	t.Helper()
	o := must(t, "train", "--resume", "--out", dir, "-q")
	if o.err != "" {
		t.Errorf("said: %s", o.err)
	}
	f.same(t, dir)
}

func (f *flipped) same(t *testing.T, dir string) {
	t.Helper()
	sameRun(t, "after a flip", f.whole, dir, "previous.ckpt")
}

func (f *flipped) last(t *testing.T, dir string) string {
	t.Helper()
	o := must(t, "train", "--resume", "--out", dir, "-q")
	if !strings.Contains(o.err, filepath.Join(dir, "last.ckpt")) || !strings.Contains(o.err, "goes on from previous.ckpt") || strings.Count(o.err, "\n") != 1 {
		t.Errorf("said: %q", o.err)
	}
	f.same(t, dir)
	return "said, the one before was taken"
}

func (f *flipped) previous(t *testing.T, dir string) string {
	t.Helper()
	alone := copyRun(t, dir, dir+".alone") // killed between two renames
	if err := os.Remove(filepath.Join(alone, "last.ckpt")); err != nil {
		t.Fatal(err)
	}
	before := contents(t, alone, modelFile)
	refused(t, []string{"train", "--resume", "--out", alone, "-q"}, "previous.ckpt")
	if !bytes.Equal(before, contents(t, alone, modelFile)) || leftovers(t, alone) != nil {
		t.Error("refused, and not as it was")
	}
	f.ends(t, dir)
	return "refused where it is the only one"
}

func (f *flipped) model(t *testing.T, dir string) string {
	t.Helper()
	out := filepath.Join(filepath.Dir(dir), "out.npy")
	for _, args := range [][]string{
		{"evaluate", dir}, {"encode", dir, f.csv, "-o", out}, {"sample", dir, "-n", "2", "-o", out}, {"inspect", dir}, {"inspect", dir, "--step"},
		{"train", f.csv, "--init-from", dir, "--hidden", "5", "--latent", "2", "--model", "vae", "--device", "cpu", "-q", "--out", dir + ".new"},
	} {
		refused(t, args, modelFile)
	}
	if exists(out) || exists(dir+".new") {
		t.Error("something was written")
	}
	f.ends(t, dir) // which writes it anew
	return "refused"
}

// settingsIn is what a file of settings says, and whether it can be read at all.
func settingsIn(t *testing.T, path string) (text string, err error) {
	t.Helper()
	c, err := settings.ReadConfig(bytes.NewReader(contents(t, path)))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = c.Write(&b)
	return b.String(), err
}

// config: the file is one for people, and most flips make other settings of it, or none.
func (f *flipped) config(t *testing.T, dir, from string) string {
	t.Helper()
	path := filepath.Join(dir, train.ConfigFile)
	was, err := settingsIn(t, filepath.Join(from, train.ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	now, err := settingsIn(t, path)
	same, said := err == nil && now == was, false
	out := filepath.Join(filepath.Dir(dir), "out.npy")
	for _, args := range [][]string{
		{"evaluate", dir, "-q"}, {"evaluate", dir, f.csv, "-q"}, {"probe", dir, "-q"}, {"encode", dir, f.csv, "-o", out, "-q"}, {"sample", dir, "-n", "2", "-o", out, "-q"},
		{"inspect", dir}, {"inspect", dir, "--step"}, {"train", "--resume", "--out", dir, "-q"},
	} {
		o := command(t.Context(), args...)
		warned := strings.HasPrefix(o.err, "aegpu: warning: "+path+": ")
		refused := o.code == 2 || o.code == 3 && !strings.Contains(now, "device: cpu\n")
		switch {
		case strings.Contains(o.err, "goroutine") || strings.Count(o.err, "\n") > 1 || o.code != 0 && o.code != 2 && o.code != 3,
			same && (o.code != 0 || o.err != ""), !same && !refused && !warned:
			t.Errorf("%s: exit %d, %q; the same settings: %v", strings.Join(args, " "), o.code, o.err, same)
		case args[0] == "evaluate" && same && o.out != must(t, append([]string{"evaluate", from}, args[2:]...)...).out:
			t.Errorf("%s: other figures", strings.Join(args, " "))
		}
		said = said || warned
		os.Remove(out)
	}
	switch {
	case same:
		f.same(t, dir)
		return "the same settings"
	case said:
		return "said"
	}
	return "refused"
}

// Settings of a run that somebody has changed since are said by whatever reads them, and refused where a training goes
// on with them, but for those that may change.
func TestSettingsThatChangedAreSaid(t *testing.T) {
	csv := waves(t, "waves.csv", 60)
	dir := trainTiny(t, csv)
	path := filepath.Join(dir, train.ConfigFile)
	was := string(contents(t, path))
	change := func(old, now string) {
		if !strings.Contains(was, old) {
			t.Fatalf("no %q in %s", old, was)
		}
		put(t, path, strings.Replace(was, old, now, 1))
	}
	change("lr: 0.001", "lr: 0.003 # better")
	for _, args := range [][]string{{"evaluate", dir, "-q"}, {"encode", dir, csv, "-q", "-o", filepath.Join(t.TempDir(), "x.npy")}, {"inspect", dir}, {"inspect", dir, "--step", "--json"}} {
		if o := must(t, args...); o.err != "aegpu: warning: "+path+": lr is 0.003, and 0.001 in last.ckpt: it was changed after the training\n" {
			t.Errorf("%v said %q", args, o.err)
		}
	}
	refused(t, []string{"train", "--resume", "--out", dir, "-q"}, `begun with "lr: 0.001", now it is "lr: 0.003"`)
	change("epochs: 2", "epochs: 3")
	want := "aegpu: warning: " + path + ": epochs is 3, and the run was begun with 2: it goes on with 3\n"
	if o := must(t, "train", "--resume", "--out", dir, "-q"); o.err != want {
		t.Errorf("said %q, want %q", o.err, want)
	}
	if o := must(t, "train", "--resume", "--out", dir, "-q", "--epochs", "4"); o.err != "" {
		t.Errorf("asked for, it said %q", o.err)
	}
	if o := must(t, "evaluate", dir, "-q"); o.err != "" {
		t.Errorf("after a resumption with more epochs: %q", o.err)
	}
}
