package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// refused runs a command that is to end with code 2 and says each of the words.
func refused(t *testing.T, args []string, words ...string) {
	t.Helper()
	o := command(t.Context(), args...)
	for _, w := range words {
		if o.code != 2 || !strings.Contains(o.err, w) || strings.Count(o.err, "\n") > 3 {
			t.Errorf("aegpu %s: exit %d, no %q in: %s", strings.Join(args, " "), o.code, w, o.err)
		}
	}
}

func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestTwoProcessesInOneDirectory(t *testing.T) {
	csv := waves(t, "waves.csv", 1500)
	dir := filepath.Join(t.TempDir(), "run")
	args := append(long(csv, dir), "--epochs", "100000", "-q")
	first := self(t, args...)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	defer first.Wait()
	defer first.Process.Kill()
	for range 500 {
		if exists(filepath.Join(dir, "last.ckpt")) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	second := self(t, args...)
	out, _ := second.CombinedOutput()
	if code := second.ProcessState.ExitCode(); code != 2 || !strings.Contains(string(out), "is in use by another process (pid ") {
		t.Errorf("the second training: exit %d: %s", code, out)
	}
	refused(t, []string{"train", csv, "--out", dir}, "in use")
	first.Process.Kill()
	first.Wait()
	// The killed one's lock keeps nobody out, and goes with the next.
	if o := command(t.Context(), "train", "--out", dir); o.code != 2 || !strings.Contains(o.err, "is not empty") || exists(filepath.Join(dir, ".lock")) {
		t.Errorf("after the kill: exit %d: %s, %v", o.code, o.err, entries(t, dir))
	}
}

// Of trainings that start at once without a name, each has a directory of its own.
func TestUnnamedRunsAtOnce(t *testing.T) {
	csv := waves(t, "waves.csv", 60)
	t.Chdir(t.TempDir())
	done := make(chan outcome)
	for range 4 {
		go func() { done <- command(t.Context(), append([]string{"train", csv}, tiny...)...) }()
	}
	for range 4 {
		if o := <-done; o.code != 0 {
			t.Errorf("exit %d: %s", o.code, o.err)
		}
	}
	if n := entries(t, "runs"); len(n) != 4 {
		t.Errorf("runs holds %v", n)
	}
}

func TestFilesOfARun(t *testing.T) {
	dir := trainTiny(t, waves(t, "waves.csv", 60))
	names := slices.DeleteFunc(entries(t, dir), func(n string) bool { return strings.HasSuffix(n, ".png") })
	want := []string{"config.yaml", "last.ckpt", "metrics.jsonl", "model.safetensors", "previous.ckpt", "report.html"}
	if !slices.Equal(names, want) {
		t.Errorf("%v, want %v and pictures", names, want)
	}
}

// A first epoch whose files are larger than the system allows.
func TestFailedFirstEpoch(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no limit on the size of files there")
	}
	csv, top := waves(t, "waves.csv", 60), t.TempDir()
	dir := filepath.Join(top, "run")
	train := self(t, "train", csv, "--out", dir, "--hidden", "512", "--epochs", "2", "--device", "cpu", "-q")
	limited := exec.CommandContext(t.Context(), "sh", append([]string{"-c", `ulimit -f 10; exec "$@"`, "sh", train.Path}, train.Args[1:]...)...)
	limited.Env = train.Env
	out, _ := limited.CombinedOutput()
	if code := limited.ProcessState.ExitCode(); code != 1 || !strings.Contains(string(out), "is as it was") || strings.Contains(string(out), "--resume") || entries(t, top) != nil {
		t.Errorf("exit %d, %v is left: %s", code, entries(t, top), out)
	}
}

// A training that fails before its first checkpoint leaves nothing: neither the directory nor those above that it made.
func TestFailedTrainingLeavesNothing(t *testing.T) {
	csv := waves(t, "waves.csv", 60)
	top := t.TempDir()
	for _, args := range [][]string{
		{csv, "--init-from", filepath.Join(top, "nowhere")},
		{filepath.Join(top, "nothing.csv")},
		{csv, "--loss", "squared", "--optimizer", "sgd", "--lr", "1e30", "--val", "0"},
	} {
		o := command(t.Context(), append(append([]string{"train", "--out", filepath.Join(top, "a", "b")}, tiny...), args...)...)
		if o.code == 0 || entries(t, top) != nil || strings.Contains(o.err, "--resume") {
			t.Errorf("%v: exit %d, %v is left: %s", args, o.code, entries(t, top), o.err)
		}
	}
}

func TestDamagedCheckpointIsSaid(t *testing.T) {
	csv := waves(t, "waves.csv", 60)
	dir, whole := trainTiny(t, csv), trainTiny(t, csv)
	flipIn(t, filepath.Join(dir, "last.ckpt"))
	o := must(t, "train", "--resume", "--out", dir, "-q")
	if !strings.Contains(o.err, "aegpu: warning: "+filepath.Join(dir, "last.ckpt")) || !strings.Contains(o.err, "goes on from previous.ckpt") {
		t.Errorf("said: %s", o.err)
	}
	if !bytes.Equal(contents(t, dir, modelFile), contents(t, whole, modelFile)) {
		t.Error("another model")
	}
	flipIn(t, filepath.Join(dir, "last.ckpt"))
	flipIn(t, filepath.Join(dir, "previous.ckpt"))
	refused(t, []string{"train", "--resume", "--out", dir, "-q"}, "bytes have changed", "nothing is left")
	flipIn(t, filepath.Join(dir, modelFile))
	refused(t, []string{"evaluate", dir, "-q"}, modelFile, "bytes have changed")
}

// flipIn flips a bit in the middle of a file.
func flipIn(t *testing.T, path string) {
	t.Helper()
	b := contents(t, path)
	b[len(b)/2] ^= 4
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestDataThatChanged(t *testing.T) {
	csv, other := waves(t, "waves.csv", 60), waves(t, "waves.csv", 70)
	own, test := waves(t, "own.csv", 60), waves(t, "test.csv", 30)
	dir, tested := trainTiny(t, csv), trainTiny(t, own, "--test-data", test)
	must(t, "evaluate", dir, "-q")
	must(t, "evaluate", tested, "-q")
	for _, file := range []string{csv, test} {
		if err := os.WriteFile(file, contents(t, other), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	refused(t, []string{"train", "--resume", "--out", dir, "--epochs", "3", "-q"}, csv, "other data", "init-from")
	// Whether rows of a test part of its own were trained on is not known.
	refused(t, []string{"evaluate", tested, "-q"}, own, "not the data that the run was trained on", "name DATA")
	if o := must(t, "evaluate", tested, other, "-q"); !strings.Contains(o.err, "without the baseline") {
		t.Errorf("said: %s", o.err)
	}
}

// A run's settings give its model on its data: on others that is refused, or said where they were asked for.
func TestConfigOnOtherData(t *testing.T) {
	csv, other := waves(t, "waves.csv", 60), waves(t, "other.csv", 70)
	dir := trainTiny(t, csv)
	config := filepath.Join(dir, "config.yaml")
	with := func(more ...string) []string {
		return append([]string{"train", "--config", config, "--out", filepath.Join(t.TempDir(), "again"), "-q"}, more...)
	}
	// What divides the data is no other data.
	for _, more := range [][]string{nil, {"--seed", "2"}, {"--limit", "30"}, {"--val", "0.3", "--test", "0.2"}, {csv}} {
		if o := must(t, with(more...)...); strings.Contains(o.err, "fingerprint") {
			t.Errorf("%v said: %s", more, o.err)
		}
	}
	args := with(other, "--json")
	o := must(t, args...)
	again := string(contents(t, args[4], "config.yaml"))
	if line := other + " is not the data that " + config + " was written for"; !strings.Contains(o.err, "aegpu: warning: "+line) || !strings.Contains(fmt.Sprint(o.object(t)["warnings"]), line) || strings.Count(o.err, line) != 1 {
		t.Errorf("said: %s%s", o.err, o.out)
	}
	if then := string(contents(t, config)); fingerprintIn(again) == fingerprintIn(then) || len(fingerprintIn(then)) != 64 {
		t.Errorf("the settings are\n%s, of other data\n%s", then, again)
	}

	if err := os.WriteFile(csv, contents(t, other), 0o666); err != nil {
		t.Fatal(err)
	}
	args = with()
	refused(t, args, config, csv+" holds other data than when these settings were written", "name it as DATA", "remove data-fingerprint")
	if exists(args[4]) {
		t.Error("a refused training left its directory")
	}
	if o := must(t, with(csv)...); !strings.Contains(o.err, csv+" is not the data") {
		t.Errorf("said: %s", o.err)
	}
	text := strings.Replace(string(contents(t, config)), "data-fingerprint: ", "# ", 1)
	args = with()
	args[2] = write(t, "c.yaml", text)
	if o := must(t, args...); o.err != "" {
		t.Errorf("said: %s", o.err)
	}
}

// fingerprintIn is the data's in the text of settings.
func fingerprintIn(config string) string {
	_, rest, _ := strings.Cut(config, "data-fingerprint: ")
	digits, _, _ := strings.Cut(rest, "\n")
	return digits
}

func TestResumeWithEpochsOfASchedule(t *testing.T) {
	dir := trainTiny(t, waves(t, "waves.csv", 60), "--schedule", "cosine")
	refused(t, []string{"train", "--resume", "--out", dir, "--epochs", "4", "-q"}, "--epochs is 4", "--schedule cosine", "--init-from "+dir)
	must(t, "train", "--resume", "--out", dir, "--patience", "3", "-q")
	plain := trainTiny(t, waves(t, "waves.csv", 60))
	refused(t, []string{"train", "--resume", "--out", plain, "--epochs", "1", "-q"}, "--epochs is 1", "go on with 2 or more")
}

func TestInitFromARun(t *testing.T) {
	csv := waves(t, "waves.csv", 60)
	first := trainTiny(t, csv, "--init", "xavier") // whose weights change with every epoch
	second := trainTiny(t, csv, "--init-from", first, "--lr", "0.0001")
	again := filepath.Join(t.TempDir(), "again")
	must(t, "train", "--config", filepath.Join(second, "config.yaml"), "--out", again, "-q")
	if !bytes.Equal(contents(t, second, modelFile), contents(t, again, modelFile)) {
		t.Error("the saved config makes another model")
	}
	refused(t, append([]string{"train", csv, "--init-from", first, "--out", again + "2"}, append(slices.Clone(tiny), "--latent", "4")...), "--init-from is "+first, "code of size: 3 in the file, 4 asked for")
	must(t, "train", "--resume", "--out", first, "--epochs", "3", "--init", "xavier", "-q")
	refused(t, []string{"train", "--config", filepath.Join(second, "config.yaml"), "--out", again + "3", "-q"}, "--init-from is "+first, "others than those")
}
