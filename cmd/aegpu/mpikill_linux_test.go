//go:build mpi

package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/aegpu/aegpu/internal/mpitest"
)

// TestRanksKilledAtRandomInstants kills one of several ranks, or stops it for good, at random instants: the others end within 30
// seconds and say in a line which rank it was and why, and any number of ranks goes on to the curve of the run that nobody killed.
func TestRanksKilledAtRandomInstants(t *testing.T) {
	c := chances(t, "AEGPU_RANK_KILLS", 4)
	csv := waves(t, "waves.csv", 300)
	ran := lives{}
	var slowest [2]time.Duration
	farthest, life := 0.0, [5]time.Duration{}
	for n := 1; n <= 4; n++ {
		life[n] = time.Duration(n) * time.Second / 2
	}
	defer func() {
		t.Logf("%d in %v: %v", c.done, c.took(), ran)
		t.Logf("all had ended %v after a kill, %v after a stop at the most; losses are off by %.2g at the most", slowest[0], slowest[1], farthest)
	}()
	for i := c.IntN(len(victims)); c.more(); i = (i + 1) % len(victims) {
		name, v := victims[i].name, mpiVictim(csv, i)
		v.wholly(t, name)
		dir := filepath.Join(t.TempDir(), "run")
		for strikes := 1 + c.IntN(2); strikes > 0; strikes-- {
			which := c.done % 2
			took, over := v.strike(t, c, []syscall.Signal{syscall.SIGKILL, syscall.SIGSTOP}[which], life[:], dir, ran)
			slowest[which] = max(slowest[which], took)
			if over {
				break
			}
		}
		n := 1 + c.IntN(4)
		life[n] = v.toTheEnd(t, n, dir)
		far := curvesApart(t, dir, v.whole)
		if farthest = max(farthest, far); !(far <= oneCurve) {
			t.Errorf("%s: gone on with by %d ranks: losses are off by %.2g", name, n, far)
		}
		if left := leftovers(t, dir); left != nil {
			t.Errorf("%s: it left %v", name, left)
		}
		ran[fmt.Sprintf("gone on with by %d", n)]++
		if t.Failed() {
			t.FailNow()
		}
	}
}

// strike kills or stops a rank at a random instant, and returns after what time all others had ended; over where the training
// was done before.
func (v *victim) strike(t *testing.T, c *chance, signal syscall.Signal, life []time.Duration, dir string, ran lives) (took time.Duration, over bool) {
	t.Helper()
	n := 2 + c.IntN(3)
	j := startRanks(t, n, v.line(dir)...)
	defer j.Process.Kill()
	pids, ok := j.processes(t)
	if !ok {
		t.Fatalf("%d ranks did not begin: %s", n, j.everything(t))
	}
	hit := c.IntN(n)
	select {
	case <-time.After(time.Duration(c.Float64() * float64(life[n]))):
	case <-j.ended:
	}
	struck := time.Now()
	if j.over() || syscall.Kill(pids[hit], signal) != nil {
		<-j.ended
		ran["over before"]++
		return 0, true
	}
	others := slices.Delete(slices.Clone(pids), hit, hit+1)
	j.until(func() bool { return !slices.ContainsFunc(others, alive) || time.Since(struck) > time.Minute })
	took = time.Since(struck)
	_ = syscall.Kill(pids[hit], syscall.SIGKILL)
	<-j.ended
	if j.ProcessState.Success() { // it was about to end
		ran["over before"]++
		return 0, true
	}
	c.done++
	ran[fmt.Sprintf("%v", signal)]++
	if took > 30*time.Second {
		t.Errorf("%v: of %d ranks %d hit: the others ended after %v: %s", signal, n, hit, took, j.everything(t))
	}
	j.named(t, pids, hit, signal == syscall.SIGKILL, ran)
	return took, false
}

// named demands of the ranks that were left that each says in a line which one it was and why.
func (j *mpiJob) named(t *testing.T, pids []int, hit int, killed bool, ran lives) {
	t.Helper()
	silent := killed && mpitest.Hydra(t)
	who := fmt.Sprintf(`rank %d \(.*, process %d\)`, hit, pids[hit])
	// What is not of the struck rank is what rank 0 finds where mpirun has it go on.
	line := regexp.MustCompile(fmt.Sprintf(`^aegpu: (.*; )?(%s died|%[1]s has not answered for |rank %d was not found at |ranks? .* of %d did not come within ).*\n$`, who, hit, j.size))
	// Open MPI terminates the others a second after a death, and kills them as soon as one of them has ended: where they do not know
	// each other yet, one may have no time.
	const early = "aegpu: terminated: nothing was written\n"
	silent = silent || killed && slices.ContainsFunc(entries(t, j.said), func(name string) bool { return string(contents(t, j.said, name)) == early })
	for rank := range pids {
		switch text := j.rankSaid(t, rank, pids); {
		case rank == hit:
		case line.MatchString(text):
			ran["named the rank"]++
		case text == early:
			ran["terminated by mpirun before it knew"]++
		case text == "" && silent:
			ran["killed by mpirun"]++
		default:
			t.Errorf("rank %d of %d, with rank %d hit, said %q: %s", rank, j.size, hit, text, j.everything(t))
		}
	}
}
