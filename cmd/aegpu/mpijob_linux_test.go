//go:build mpi

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aegpu/aegpu/dist"
	"github.com/aegpu/aegpu/internal/mpitest"
	"github.com/aegpu/aegpu/train"
)

// AEGPU_TEST_SILENCE is after what time without a word ranks count as hanging, and two and a half times that how long they wait
// for each other at the start: as usual on one machine. In the directory AEGPU_TEST_RANKS each has a file for what it says, called
// by its number and process.
func init() {
	asRank = func() {
		job, err := dist.Find(os.Getenv)
		dir := os.Getenv("AEGPU_TEST_RANKS")
		if err != nil || dir == "" {
			return
		}
		if d, err := time.ParseDuration(os.Getenv("AEGPU_TEST_SILENCE")); err == nil {
			rankTimes = dist.Options{Silence: d, Join: 5 * d / 2}
		}
		if os.Stderr, err = os.Create(filepath.Join(dir, fmt.Sprintf("%d-%d", job.Rank, os.Getpid()))); err != nil {
			panic(err)
		}
	}
}

// mpiJob is the program as ranks under mpirun.
type mpiJob struct {
	*exec.Cmd
	size  int
	said  string // directory of what the ranks say
	ended chan struct{}
	log   bytes.Buffer // of mpirun
}

// silence is that of ranks in tests: a busy machine must not pass for a hanging one.
const silence = 3 * time.Second

// startRanks starts `aegpu` as n ranks.
func startRanks(t *testing.T, n int, args ...string) *mpiJob {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	j := &mpiJob{Cmd: mpitest.Command(t, n, append([]string{exe}, args...)...), size: n, said: t.TempDir(), ended: make(chan struct{})}
	quiet := silence
	if text := os.Getenv("AEGPU_TEST_SILENCE"); text != "" {
		if quiet, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	j.Env = append(j.Env, "AEGPU_TEST_RUN=1", "AEGPU_TEST_SILENCE="+quiet.String(), "AEGPU_TEST_RANKS="+j.said)
	j.Stderr = &j.log
	j.WaitDelay = 10 * time.Second
	if err := j.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = j.Wait()
		close(j.ended)
	}()
	return j
}

// over reports whether mpirun has ended.
func (j *mpiJob) over() bool {
	select {
	case <-j.ended:
		return true
	default:
		return false
	}
}

// until waits for what is to happen before mpirun ends.
func (j *mpiJob) until(happened func() bool) bool {
	for !happened() {
		if j.over() {
			return happened()
		}
		time.Sleep(5 * time.Millisecond)
	}
	return true
}

// processes are the ranks' numbers once all have begun; false where mpirun ended before.
func (j *mpiJob) processes(t *testing.T) (pids []int, ok bool) {
	t.Helper()
	ok = j.until(func() bool {
		pids = make([]int, j.size)
		found := 0
		for _, name := range entries(t, j.said) {
			rank, pid, _ := strings.Cut(name, "-")
			r, _ := strconv.Atoi(rank)
			pids[r], _ = strconv.Atoi(pid)
			found++
		}
		return found == j.size
	})
	return pids, ok
}

// rankSaid is what a rank has said.
func (j *mpiJob) rankSaid(t *testing.T, rank int, pids []int) string {
	t.Helper()
	return string(contents(t, j.said, fmt.Sprintf("%d-%d", rank, pids[rank])))
}

// everything is what all said, for a test that fails.
func (j *mpiJob) everything(t *testing.T) string {
	var text strings.Builder
	if j.over() {
		text.WriteString(j.log.String())
	}
	for _, name := range entries(t, j.said) {
		fmt.Fprintf(&text, "\n%s: %s", name, contents(t, j.said, name))
	}
	return text.String()
}

// alive reports whether a process runs, or would if it were not stopped.
func alive(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, _ := bytes.Cut(text, []byte(") "))
	return len(state) > 0 && state[0] != 'Z' && state[0] != 'X'
}

// toTheEnd goes on with a run, as n ranks or alone, demands that it ends well, and returns after what time.
func (v *victim) toTheEnd(t *testing.T, n int, dir string) (took time.Duration) {
	t.Helper()
	start := time.Now()
	if n == 1 {
		cmd, errs := v.command(t, dir)
		if err := cmd.Run(); err != nil {
			t.Fatalf("gone on with alone: %v: %s", err, errs)
		}
		return time.Since(start)
	}
	j := startRanks(t, n, v.line(dir)...)
	if <-j.ended; !j.ProcessState.Success() {
		t.Fatalf("gone on with by %d ranks: %v: %s", n, j.ProcessState, j.everything(t))
	}
	return time.Since(start)
}

func (v *victim) line(dir string) []string {
	return append([]string{"train", "--resume", "--out", dir}, v.args...)
}

// losses are those of every epoch of a run.
func losses(t *testing.T, dir string) (all []float64) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(contents(t, dir, train.HistoryFile)))
	for dec.More() {
		var r train.Record
		if err := dec.Decode(&r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r.Train.Loss(), r.Validation.Loss())
	}
	return all
}

// curvesApart is how far the losses of two runs are from each other, relative to them.
func curvesApart(t *testing.T, got, want string) (most float64) {
	t.Helper()
	a, b := losses(t, got), losses(t, want)
	if len(a) != len(b) {
		return math.Inf(1)
	}
	for i := range a {
		if math.IsNaN(a[i]) && math.IsNaN(b[i]) { // no validation
			continue
		}
		if d := math.Abs(a[i]-b[i]) / math.Max(math.Abs(b[i]), 1e-3); !(d <= most) {
			most = d
		}
	}
	return most
}

// oneCurve is how far the losses of a run may be from one that was never stopped: three times what --accumulate makes of
// them, see train.TestMPI.
const oneCurve = 3e-4

// wholly trains to the end, alone.
func (v *victim) wholly(t *testing.T, name string) {
	t.Helper()
	v.whole = filepath.Join(t.TempDir(), "whole")
	cmd, errs := v.command(t, v.whole)
	start := time.Now()
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, errs)
	}
	v.took = time.Since(start)
}

// mpiVictim is one of the trainings that are killed, on a table of its own.
func mpiVictim(csv string, i int) *victim {
	return &victim{args: append([]string{csv, "--hidden", "8", "--latent", "4", "--batch", "20", "--device", "cpu", "-q"}, victims[i].args...)}
}
