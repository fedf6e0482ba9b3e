//go:build cuda

package gpu

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/cudasim"
)

// testCommand is a test of this program as a process of its own.
func testCommand(name string, env ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], "-test.run", "^"+name+"$", "-test.v")
	c.Env = append(os.Environ(), env...)
	return c
}

// ends closes the devices of ranks that failed. What the simulator found must be what was planted.
func ends(t *testing.T, all []*Device, sim *cudasim.Sim, wants ...string) {
	t.Helper()
	eachOf(all, func(_ int, d *Device) {
		if d.Close() == nil {
			t.Error("a device that failed closes without an error")
		}
	})
	for line := range strings.Lines(sim.Report()) {
		if !slices.ContainsFunc(wants, func(want string) bool { return strings.Contains(line, want) }) {
			t.Errorf("the simulator found: %s", line)
		}
	}
	if s := sim.Stats(); s.Live != 0 || s.Leaked != 0 {
		t.Errorf("%d allocations were leaked, %d are live", s.Leaked, s.Live)
	}
}

// TestRanksThatDisagree has ranks whose steps add up other tensors, and other numbers of them: found when they compile.
func TestRanksThatDisagree(t *testing.T) {
	for _, c := range []struct {
		name   string
		wants  [2]string
		change func(list backend.List) backend.List
	}{
		{"a shape", [2]string{"of rank 1 adds up 2 tensors of 8 elements over the ranks, that of rank 0 adds up 2 of 9", "that of rank 1 adds up 2 of 8"}, func(list backend.List) backend.List {
			for i, op := range list {
				if r, ok := op.(backend.AllReduce); ok && r.V.Len() == 8 {
					list[i] = backend.AllReduce{V: r.V.Slice(0, 1, 7)}
				}
			}
			return list
		}},
		{"a number", [2]string{"of rank 1 adds up 1 tensors of 1 elements over the ranks, that of rank 0 adds up 2 of 9", "that of rank 1 adds up 1 of 1"}, func(list backend.List) backend.List {
			for i, op := range list {
				if r, ok := op.(backend.AllReduce); ok && r.V.Len() == 8 {
					return append(list[:i:i], list[i+1:]...)
				}
			}
			return list
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			simulator(t)
			all, sim := together(t, 2, Options{})
			errs := make([]error, 2)
			eachOf(all, func(rank int, d *Device) {
				list := newRanksStep(t, d, rank).list
				if rank == 1 {
					list = c.change(list)
				}
				_, errs[rank] = d.Compile(list)
			})
			for rank, err := range errs {
				if err == nil || !strings.Contains(err.Error(), c.wants[rank]) || strings.Contains(err.Error(), "\n") {
					t.Errorf("rank %d: %v, want a line with %q", rank, err, c.wants[rank])
				}
			}
			ends(t, all, sim)
		})
	}
}

// TestSumsThatDoNotMeet has one rank add up something else, outside a step.
func TestSumsThatDoNotMeet(t *testing.T) {
	simulator(t)
	all, sim := together(t, 2, Options{})
	errs := make([]error, 2)
	eachOf(all, func(rank int, d *Device) {
		v, err := d.Alloc(1, 4+rank)
		if err != nil {
			t.Error(err)
		}
		d.Enqueue(backend.AllReduce{V: v})
		errs[rank] = d.Sync()
	})
	for rank, err := range errs {
		if err == nil || !strings.Contains(err.Error(), "calls for the sum of") || strings.Contains(err.Error(), "\n") {
			t.Errorf("rank %d: %v, want a line that says what they call for", rank, err)
		}
	}
	ends(t, all, sim, "calls for the sum of")
}

// TestAbort has a rank wait for one that does not come, until another goroutine ends that.
func TestAbort(t *testing.T) {
	simulator(t)
	all, sim := together(t, 2, Options{})
	steps := make([]*ranksStep, 2)
	programs := make([]backend.Program, 2)
	eachOf(all, func(rank int, d *Device) {
		steps[rank] = newRanksStep(t, d, rank)
		var err error
		if programs[rank], err = d.Compile(steps[rank].list); err != nil {
			t.Error(err)
		}
		programs[rank].Launch(1)
		if err := d.Sync(); err != nil {
			t.Error(err)
		}
	})
	waits, end := make(chan error), make(chan error)
	go func() {
		programs[0].Launch(1) // rank 1 launches nothing
		close(waits)
		end <- all[0].Sync()
	}()
	<-waits
	all[0].Abort()
	all[0].Abort() // a second time is nothing
	if err := <-end; !errors.Is(err, ErrAborted) {
		t.Errorf("Sync after Abort: %v", err)
	}
	programs[0].Launch(1)
	if err := all[0].AllReduce([]float64{1}); !errors.Is(err, ErrAborted) {
		t.Errorf("AllReduce after Abort: %v", err)
	}
	all[1].Abort()
	if err := all[1].Sync(); !errors.Is(err, ErrAborted) {
		t.Errorf("Sync of the other: %v", err)
	}
	ends(t, all, sim)
}

// TestRankThatIsGone has a rank wait for one that has ended: NCCL knows, and nobody asks but the watch.
func TestRankThatIsGone(t *testing.T) {
	simulator(t)
	all, sim := together(t, 2, Options{})
	all[1].Abort()
	err := all[0].AllReduce([]float64{1})
	if err == nil || !strings.Contains(err.Error(), "rank 1 of 2 is gone") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v, want who is gone", err)
	}
	if err := all[1].Sync(); !errors.Is(err, ErrAborted) {
		t.Errorf("the one that is gone: %v", err)
	}
	ends(t, all, sim)
}

// TestRankThatNeverComes has the simulator lose its patience, as NCCL does when it finds that the connection is gone.
func TestRankThatNeverComes(t *testing.T) {
	simulator(t)
	all, sim := together(t, 2, Options{})
	t.Setenv("AEGPU_CUDASIM_PATIENCE", "50")
	err := all[0].AllReduce([]float64{1})
	if err == nil || !strings.Contains(err.Error(), "rank 1 of 2 has not come to the sum of 1 float64s of rank 0") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v, want who has not come", err)
	}
	all[1].Abort()
	if err := all[1].Sync(); err == nil {
		t.Error("the other goes on")
	}
	ends(t, all, sim, "has not come to")
}

// TestWaitsOfRanks leaves out what streams wait for: the sums are then of what is not there yet, or used before they are.
func TestWaitsOfRanks(t *testing.T) {
	simulator(t)
	step := func(order, drop string) (sums []float32) {
		t.Setenv("AEGPU_CUDASIM_GRAPH_ORDER", order)
		all, sim := together(t, 2, Options{})
		t.Setenv("AEGPU_CUDASIM_DROP_WAITS", drop)
		eachOf(all, func(rank int, d *Device) {
			s := newRanksStep(t, d, rank)
			p, err := d.Compile(s.list)
			if err != nil {
				t.Errorf("rank %d: %v", rank, err)
				return
			}
			p.Launch(1)
			v := make([]float32, s.used.Len())
			if d.Download(v, s.used); rank == 0 {
				sums = v
			}
		})
		t.Setenv("AEGPU_CUDASIM_DROP_WAITS", "")
		part(t, all, sim)
		return sums
	}
	right := step("late", "")
	for _, c := range []struct{ order, drop string }{{"late", "join"}, {"early", "fork"}} {
		if slices.Equal(step(c.order, c.drop), right) {
			t.Errorf("run %s without the waits to %s the sums are right", c.order, c.drop)
		}
	}
	for _, order := range []string{"late", "early"} {
		if got := step(order, ""); !slices.Equal(got, right) {
			t.Errorf("run %s the sums are %v, want %v", order, got, right)
		}
	}
}

// TestRanksBesideEachOther has the simulator look at what the launches of a step touch that may run at the same time.
func TestRanksBesideEachOther(t *testing.T) {
	simulator(t)
	t.Setenv(cudasim.BytesEnv, "1")
	all, sim := together(t, 2, Options{})
	eachOf(all, func(rank int, d *Device) { sumsOf(t, d, rank) })
	if n := sim.Stats().GraphForked; n != 3 {
		t.Errorf("%d launches are forked, want a weight gradient and two sums", n)
	}
	part(t, all, sim)
}
