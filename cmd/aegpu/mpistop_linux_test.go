//go:build mpi

package main

import (
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/aegpu/aegpu/train"
)

// TestRanksAreStopped stops two ranks in the middle, at mpirun and at one of them: all end, a checkpoint is left, and four ranks or
// one go on with it to the curve of the run that nobody stopped.
func TestRanksAreStopped(t *testing.T) {
	csv := waves(t, "waves.csv", 1500)
	training := func(epochs int) *victim {
		return &victim{args: []string{csv, "--hidden", "8", "--latent", "4", "--batch", "20", "--device", "cpu", "-q", "--epochs", strconv.Itoa(epochs),
			"--loss", "squared", "--init", "xavier", "--activation", "tanh", "--lr", "0.0005"}} // after hundreds of epochs others come apart by rounding
	}
	for _, one := range []struct {
		name   string
		signal syscall.Signal
		rank   int // that gets the signal; -1 is mpirun
		goOn   int
	}{
		{"Ctrl-C at mpirun", syscall.SIGINT, -1, 4},
		{"SIGTERM to mpirun", syscall.SIGTERM, -1, 1},
		{"SIGTERM to rank 1", syscall.SIGTERM, 1, 4},
		{"SIGTERM to rank 0", syscall.SIGTERM, 0, 3},
	} {
		dir := filepath.Join(t.TempDir(), "run")
		j := startRanks(t, 2, training(1000000).line(dir)...)
		pids, ok := j.processes(t)
		if !ok || !j.until(func() bool { return exists(filepath.Join(dir, train.CheckpointFile)) }) {
			t.Fatalf("%s: no training: %s", one.name, j.everything(t))
		}
		pid := j.Process.Pid
		if one.rank >= 0 {
			pid = pids[one.rank]
		}
		if err := syscall.Kill(pid, one.signal); err != nil {
			t.Fatal(err)
		}
		<-j.ended
		if !strings.HasPrefix(j.rankSaid(t, 0, pids), "aegpu: stopped, the run is saved; to go on: ") || j.rankSaid(t, 1, pids) != "" {
			t.Errorf("%s: %v: %s", one.name, j.ProcessState, j.everything(t))
		}
		if left := leftovers(t, dir); left != nil {
			t.Errorf("%s: it left %v", one.name, left)
		}
		done := len(losses(t, dir)) / 2
		v := training(done + 3)
		v.toTheEnd(t, one.goOn, dir)
		v.wholly(t, one.name)
		far := curvesApart(t, dir, v.whole)
		t.Logf("%s: stopped in epoch %d, gone on with by %d ranks: losses are off by %.2g", one.name, done+1, one.goOn, far)
		if !(far <= oneCurve) {
			t.Errorf("%s: gone on with by %d ranks: losses are off by %.2g", one.name, one.goOn, far)
		}
	}
}
