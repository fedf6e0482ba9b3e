//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	signals "os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// endless are command lines that would not end for years: what they compute or write is too much, or the data never
// come. Each starts with a line on standard error, or with none.
func endless(t *testing.T) map[string][]string {
	t.Helper()
	csv := waves(t, "waves.csv", 200)
	vae, ae := trainTiny(t, csv, "--model", "vae", "--hidden", "64"), trainTiny(t, csv)
	pipe := filepath.Join(t.TempDir(), "pipe.csv")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	out := func(name string) string { return filepath.Join(t.TempDir(), name) }
	return map[string][]string{
		"train, data":             {"train", pipe, "--device", "cpu", "--out", out("run")},
		"train":                   {"train", csv, "--device", "cpu", "--out", out("run"), "--epochs", "100000000", "--hidden", "8", "--latent", "2"},
		"evaluate":                {"evaluate", vae, "--iwae-k", "3000000", "--device", "cpu"},
		"encode":                  {"encode", ae, pipe, "-o", out("x.npy"), "--device", "cpu"},
		"decode":                  {"decode", ae, pipe, "-o", out("x.npy"), "--device", "cpu"},
		"reconstruct":             {"reconstruct", ae, pipe, "-o", out("x.npy"), "--device", "cpu"},
		"sample, prior, csv":      {"sample", vae, "-n", "9223372036854775807", "-o", out("x.csv"), "--device", "cpu"},
		"sample, mixture, npz":    {"sample", ae, "-n", "1000000000000", "-o", out("x.npz"), "--device", "cpu"},
		"interpolate, idx":        {"interpolate", vae, "-n", "2", "--steps", "2000000000", "-o", out("x.idx"), "--device", "cpu"},
		"interpolate, gzip":       {"interpolate", ae, "-n", "4611686018427387900", "--steps", "2", "-o", out("x.tsv.gz"), "--device", "cpu"},
		"pca":                     {"pca", pipe, "--device", "cpu"},
		"bench":                   {"bench", csv, "--device", "cpu", "--batch", "64", "--runs", "1000000", "--ceiling", "1e12,1e11"},
		"bench, one long run":     {"bench", csv, "--device", "cpu", "--batch", "64", "--target", "1e6", "--ceiling", "1e12,1e11"},
		"bench, measuring a peak": {"bench", csv, "--device", "cpu", "--batch", "64", "--runs", "1000000"},
	}
}

// heard is a standard error that tells when its first line has come.
type heard struct {
	mu   sync.Mutex
	text bytes.Buffer
	line chan struct{}
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.text.Len() == 0 {
		close(h.line)
	}
	return h.text.Write(p)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.String()
}

// started starts a command and returns some time after its first line.
func started(t *testing.T, cmd *exec.Cmd) *heard {
	t.Helper()
	h := &heard{line: make(chan struct{})}
	cmd.Stderr = h
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-h.line
	time.Sleep(150 * time.Millisecond)
	return h
}

func TestEverySignalEndsEveryCommand(t *testing.T) {
	for name, args := range endless(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for signal, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
				if signals.Ignored(signal) { // as under nohup, which commands that are started here inherit
					continue
				}
				cmd := self(t, args...)
				text := started(t, cmd)
				start := time.Now()
				cmd.Process.Signal(signal)
				cmd.Wait()
				if took := time.Since(start); took > 2*time.Second { // a second, on a machine that others use too
					t.Errorf("%v: ended after %v", signal, took)
				}
				if got := cmd.ProcessState.ExitCode(); got != code {
					t.Errorf("%v: exit %d, want %d: %s", signal, got, code, text)
				}
				if i := slices.Index(args, "-o"); i > 0 {
					if left, err := os.ReadDir(filepath.Dir(args[i+1])); err != nil || len(left) > 0 {
						t.Errorf("%v: left %v %v", signal, left, err)
					}
				}
				if i := slices.Index(args, "--out"); i > 0 {
					if name == "train, data" && exists(args[i+1]) {
						t.Errorf("%v: left %s", signal, args[i+1])
					}
					os.RemoveAll(args[i+1])
				}
			}
		})
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	cmd := self(t, endless(t)["encode"]...)
	started(t, cmd)
	start := time.Now()
	cmd.Process.Signal(syscall.SIGINT)
	time.Sleep(50 * time.Millisecond)
	cmd.Process.Signal(syscall.SIGTERM)
	cmd.Wait()
	if took, got := time.Since(start), cmd.ProcessState.ExitCode(); got != 143 || took > grace {
		t.Errorf("exit %d after %v", got, took)
	}
}

func TestHangUpThatIsIgnoredStaysIgnored(t *testing.T) {
	args := endless(t)["sample, prior, csv"]
	cmd := self(t, args...)
	cmd.Args = append([]string{"sh", "-c", `trap "" HUP; exec "$0" "$@"`, cmd.Path}, args...)
	path, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	cmd.Path = path
	started(t, cmd)
	cmd.Process.Signal(syscall.SIGHUP)
	time.Sleep(100 * time.Millisecond)
	cmd.Process.Signal(syscall.SIGINT)
	cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 130 {
		t.Errorf("exit %d, want that of the interrupt", got)
	}
}

func TestClosedOutput(t *testing.T) {
	run := trainTiny(t, waves(t, "waves.csv", 60))
	for name, args := range map[string][]string{
		"json": {"devices", "--json"}, "text": {"inspect", run}, "figures": {"evaluate", run, "--device", "cpu"}, "help": {"--help"},
		"lines": {"bench", waves(t, "waves.csv", 60), "--device", "cpu", "--batch", "8..64", "--runs", "5", "--target", "0.001", "--ceiling", "1e12,1e11", "--points"},
	} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		cmd := self(t, args...)
		cmd.Stdout = w
		cmd.Run()
		w.Close()
		if got := cmd.ProcessState.ExitCode(); got != 141 {
			t.Errorf("%s: exit %d, want 141", name, got)
		}
	}
}

// TestClosedErrorsLeaveACheckpoint is `aegpu train ... 2>&1 | head`, which closes what it reads once the training has begun.
func TestClosedErrorsLeaveACheckpoint(t *testing.T) {
	csv, dir := waves(t, "waves.csv", 1500), filepath.Join(t.TempDir(), "run")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := self(t, append(long(csv, dir), "--epochs", "100000")...)
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	lines := bufio.NewReader(r)
	for line := ""; !strings.Contains(line, " epoch 1/"); {
		if line, err = lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	r.Close()
	cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 141 || !exists(filepath.Join(dir, "last.ckpt")) {
		t.Errorf("exit %d, a checkpoint: %v", got, exists(filepath.Join(dir, "last.ckpt")))
	}
}

// TestSamplesAreStreamed writes two million rows of 16 numbers in a few megabytes.
func TestSamplesAreStreamed(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("what a process has taken is counted in another unit here")
	}
	run := trainTiny(t, waves(t, "waves.csv", 200))
	rows := "2000000"
	if testing.Short() {
		rows = "200000"
	}
	file := filepath.Join(t.TempDir(), "x.csv")
	if err := os.Symlink("/dev/null", file); err != nil {
		t.Skip(err)
	}
	cmd := self(t, "sample", run, "-n", rows, "-o", file, "--device", "cpu")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	most := 0
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			if most == 0 || most > 200<<10 {
				t.Errorf("%d MiB were taken", most>>10)
			}
			return
		case <-time.After(20 * time.Millisecond):
			most = max(most, peak(cmd.Process.Pid))
		}
	}
}

// peak is the most KiB that a process has had in memory. What the system says of one
// that has ended counts in the memory of the one that started it.
func peak(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kib := 0
	fmt.Sscanf(rest, "%d", &kib) // 0 where there is none: it has ended
	return kib
}
