package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

const modelFile = "model.safetensors"

func TestConfigRoundTrip(t *testing.T) {
	csv := waves(t, "waves.csv", 100)
	for _, args := range [][]string{
		{"--model", "vae", "--beta", "2", "--kl-warmup", "1"},
		{"--model", "denoising", "--corrupt", "salt-and-pepper:0.2", "--tied", "--schedule", "cosine"},
		{"--model", "stacked", "--pretrain-epochs", "1", "--classifier", "finetune", "--classifier-epochs", "1"},
	} {
		first := trainTiny(t, append(args, csv)...)
		second := filepath.Join(t.TempDir(), "again")
		must(t, "train", "--config", filepath.Join(first, "config.yaml"), "--out", second, "-q")
		if !bytes.Equal(contents(t, first, modelFile), contents(t, second, modelFile)) {
			t.Errorf("%v: the saved config makes another model", args)
		}
		if a, b := contents(t, first, "config.yaml"), contents(t, second, "config.yaml"); !bytes.Equal(a, b) {
			t.Errorf("%v: the config became\n%s", args, b)
		}
	}
}

func TestFlagsWinOverTheFile(t *testing.T) {
	config := write(t, "c.yaml", "model: vae\nlatent: 5\nepochs: 7\n")
	dir := trainTiny(t, waves(t, "waves.csv", 60), "--config", config)
	text := string(contents(t, dir, "config.yaml"))
	for _, line := range []string{"model: vae\n", "latent: 3\n", "epochs: 2\n"} {
		if !strings.Contains(text, line) {
			t.Errorf("no %q in\n%s", line, text)
		}
	}
	dir = trainTiny(t, waves(t, "waves.csv", 60), "--config", config, "--model", "denoising")
	text = string(contents(t, dir, "config.yaml"))
	if !strings.Contains(text, "model: denoising\n") || !strings.Contains(text, "corrupt: masking:0.3\n") {
		t.Errorf("--model did not win:\n%s", text)
	}
}

func TestAnyNumberOfProcessors(t *testing.T) {
	csv := waves(t, "waves.csv", 200)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want []byte
	for _, n := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(n)
		got := contents(t, trainTiny(t, csv, "--model", "vae", "--hidden", "130,70"), modelFile)
		if want == nil {
			want = got
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%d processors make another model than 1", n)
		}
	}
}

// stopper ends a run's context when a line about an epoch passes.
type stopper struct {
	io.Writer
	stop func()
}

func (s stopper) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(" epoch 1/")) {
		s.stop()
	}
	return s.Writer.Write(p)
}

func TestInterruptAndResume(t *testing.T) {
	csv := waves(t, "waves.csv", 200)
	args := []string{csv, "--model", "vae", "--hidden", "8", "--latent", "3", "--epochs", "3", "--batch", "20", "--device", "cpu"}
	whole, broken := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "my run")
	must(t, append([]string{"train", "--out", whole}, args...)...)
	for signal, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		os.RemoveAll(broken)
		ctx, cancel := context.WithCancelCause(t.Context())
		var errs bytes.Buffer
		got := run(ctx, append([]string{"aegpu", "train", "--out", broken}, args...), nil, io.Discard, stopper{&errs, func() { cancel(signalError{signal}) }})
		if got != code {
			t.Fatalf("%v: exit %d: %s", signal, got, errs.String())
		}
		if want := "aegpu train --resume --out '" + broken + "'"; !strings.Contains(errs.String(), want) {
			t.Errorf("no %q in %s", want, errs.String())
		}
		must(t, "train", "--resume", "--out", broken, "-q")
		if !bytes.Equal(contents(t, whole, modelFile), contents(t, broken, modelFile)) {
			t.Error("the resumed run made another model")
		}
	}
}

func TestResumeWithMoreEpochs(t *testing.T) {
	csv := waves(t, "waves.csv", 100)
	dir, long := trainTiny(t, csv), trainTiny(t, csv, "--epochs", "4")
	must(t, "train", "--resume", "--out", dir, "--epochs", "4", "-q")
	if !bytes.Equal(contents(t, dir, modelFile), contents(t, long, modelFile)) {
		t.Error("two epochs and then two more differ from four")
	}
	if !bytes.Equal(contents(t, dir, "config.yaml"), contents(t, long, "config.yaml")) {
		t.Error("the config does not say what was done")
	}
}

// TestMain runs the program itself where a test starts this binary to kill it, with files after every epoch unless
// AEGPU_TEST_EVERY is set.
func TestMain(m *testing.M) {
	if os.Getenv("AEGPU_TEST_RUN") != "" {
		if os.Getenv("AEGPU_TEST_EVERY") == "" {
			filesEvery = -1
		}
		if asRank != nil {
			asRank()
		}
		main()
	}
	os.Setenv("AEGPU_GPU_TUNING", "off") // the user's cache is not for tests
	os.Exit(m.Run())
}

// asRank prepares the program to be one of several ranks, in tests that have an MPI.
var asRank func()

func self(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Env = append(os.Environ(), "AEGPU_TEST_RUN=1")
	return cmd
}

// long is a training of a second or two.
func long(csv, dir string) []string {
	return []string{"train", csv, "--out", dir, "--resume", "--hidden", "64", "--latent", "4", "--epochs", "40", "--batch", "10", "--device", "cpu"}
}

func TestSignals(t *testing.T) {
	csv := waves(t, "waves.csv", 1500)
	for signal, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		dir := filepath.Join(t.TempDir(), "run")
		args := append(long(csv, dir), "--epochs", "100000")
		cmd := self(t, args...)
		pipe, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		sent, buf := false, make([]byte, 4096)
		for {
			n, err := pipe.Read(buf)
			text.Write(buf[:n])
			if err != nil {
				break
			}
			if !sent && strings.Contains(text.String(), "epoch 1/") {
				sent = true
				cmd.Process.Signal(signal)
			}
		}
		cmd.Wait()
		if got := cmd.ProcessState.ExitCode(); got != code || !strings.Contains(text.String(), "aegpu train --resume --out "+dir) {
			t.Errorf("%v: exit %d: %.600s", signal, got, text.String())
		}
	}
}
