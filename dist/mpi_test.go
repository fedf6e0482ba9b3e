//go:build mpi

package dist

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/internal/mpitest"
)

func init() {
	roles["mpi"] = role(mpiRank)
	roles["mpi fails"] = role(mpiFailing)
}

// underMPI is a command that runs this test binary as ranks in a role.
func underMPI(t *testing.T, n int, role string) *exec.Cmd {
	t.Helper()
	cmd := mpitest.Command(t, n, os.Args[0])
	cmd.Env = append(cmd.Env, roleVariable+"="+role)
	return cmd
}

// TestMPI runs ranks under mpirun, or what MPIRUN names, which is to be of the MPI that this was built for.
func TestMPI(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4} {
		out, err := underMPI(t, n, "mpi").CombinedOutput()
		if got := strings.Count(string(out), "this rank is done\n"); err != nil || got != n {
			t.Errorf("%d ranks: %v, %d done\n%s", n, err, got, out)
		}
	}
}

// TestMPIFails: a sum that one rank never comes to ends with the reason.
func TestMPIFails(t *testing.T) {
	out := &lines{ready: 3, all: make(chan struct{})}
	cmd := underMPI(t, 3, "mpi fails")
	cmd.Stdout, cmd.Stderr = out, out
	all, ended := out.all, make(chan struct{})
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait() // the ranks do not end MPI, which mpirun calls an error
		close(ended)
	}()
	select {
	case <-all:
		_ = cmd.Process.Signal(os.Interrupt)
		<-ended
	case <-ended:
		t.Errorf("the ranks have ended:\n%s", out.text.String())
	}
}

func mpiFailing() error {
	job, err := Find(os.Getenv)
	if err != nil {
		return err
	}
	g, err := Join(context.Background(), job, Options{})
	if err != nil {
		return err
	}
	w, err := MPI(g)
	if err != nil {
		return err
	}
	if err := g.Barrier(); err != nil && !strings.HasSuffix(err.Error(), "): enough") { // the last may hear of the end first
		return err
	}
	if g.Rank() == 1 {
		g.Abort(errors.New("enough"))
	} else {
		w.Begin(make([]float32, 300_001))
		if err := w.Wait(); err == nil || !strings.HasPrefix(err.Error(), "rank 1 (") || !strings.HasSuffix(err.Error(), "): enough") {
			return fmt.Errorf("the sum ends with %w", err)
		}
	}
	if err := g.Close(); err == nil || !strings.HasSuffix(err.Error(), "): enough") {
		return fmt.Errorf("the end is %w", err)
	}
	fmt.Println("ready")
	select {} // whoever ends first has mpirun end the others
}

// role is one that fails with an error.
func role(do func() error) func() int {
	return func() int {
		if err := do(); err != nil {
			fmt.Fprintln(os.Stderr, "rank:", err)
			return 1
		}
		return 0
	}
}

func mpiRank() error {
	job, err := Find(os.Getenv)
	if err != nil {
		return err
	}
	if job.Size == 3 {
		job.Addr = "" // as on several machines: MPI tells where rank 0 is
	}
	g, err := Join(context.Background(), job, Options{})
	if err != nil {
		return err
	}
	if g == nil {
		if _, err := MPI(g); err == nil {
			return errors.New("one rank has MPI")
		}
		fmt.Println("this rank is done")
		return nil
	}
	w, err := MPI(g)
	if err != nil {
		return err
	}
	g.Use(w)
	for _, check := range []func(*Group, *World) error{sums64, broadcasts, sums32, manySums, noAllocations} {
		if err := check(g, w); err != nil {
			g.Abort(err)
			return err
		}
	}
	if again, err := MPI(g); again != w || err != nil {
		return fmt.Errorf("MPI again: %p and %p, %w", again, w, err)
	}
	if err := g.Close(); err != nil {
		return err
	}
	fmt.Println("this rank is done")
	return nil
}

var lengths = []int{0, 1, 3, 1000, 300_001}

// value is the i-th number of a rank: sums of it are rounded.
func value(rank, i int) float64 { return math.Sin(float64(1+rank) * float64(1+i)) }

// theSame: numbers are the same bits on all ranks.
func theSame(g *Group, v any) error {
	b, err := binary.Append(nil, binary.LittleEndian, v)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(b)
	all, err := g.Exchange(sum[:])
	if err != nil {
		return err
	}
	for r := range all {
		if !slices.Equal(all[r], all[0]) {
			return fmt.Errorf("rank %d has other bits than rank 0", r)
		}
	}
	return nil
}

func sums64(g *Group, _ *World) error {
	for _, n := range lengths {
		v := make([]float64, n)
		for i := range v {
			v[i] = value(g.Rank(), i)
		}
		if err := g.AllReduce(v); err != nil {
			return err
		}
		for i := range v {
			want := 0.0
			for r := range g.Size() {
				want += value(r, i)
			}
			if math.Abs(v[i]-want) > 1e-14 {
				return fmt.Errorf("float64 sum %d of %d: %g, expected %g", i, n, v[i], want)
			}
		}
		if err := theSame(g, v); err != nil {
			return fmt.Errorf("%d float64: %w", n, err)
		}
	}
	return nil
}

func broadcasts(g *Group, _ *World) error {
	for _, n := range lengths {
		for root := range g.Size() {
			v := make([]byte, n)
			for i := range v {
				v[i] = byte(g.Rank())
				if g.Rank() == root {
					v[i] = byte(i * i >> 3)
				}
			}
			if err := g.Broadcast(v, root); err != nil {
				return err
			}
			for i := range v {
				if v[i] != byte(i*i>>3) {
					return fmt.Errorf("byte %d of %d from rank %d is %d", i, n, root, v[i])
				}
			}
		}
	}
	return nil
}

// sums32 begins sums of all lengths before it waits.
func sums32(g *Group, w *World) error {
	var all [][]float32
	for _, n := range lengths {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(value(g.Rank(), i))
		}
		w.Begin(v)
		all = append(all, v)
	}
	if err := w.Wait(); err != nil {
		return err
	}
	for _, v := range all {
		for i := range v {
			want := 0.0
			for r := range g.Size() {
				want += float64(float32(value(r, i)))
			}
			if math.Abs(float64(v[i])-want) > 1e-6 {
				return fmt.Errorf("float32 sum %d of %d: %g, expected %g", i, len(v), v[i], want)
			}
		}
		if err := theSame(g, v); err != nil {
			return fmt.Errorf("%d float32: %w", len(v), err)
		}
	}
	return w.Wait() // for nothing
}

// manySums begins more than MPI is given at once.
func manySums(g *Group, w *World) error {
	v := make([]float32, 3000)
	for i := range v {
		v[i] = float32(i)
	}
	for i := range v {
		w.Begin(v[i : i+1])
	}
	if err := w.Wait(); err != nil {
		return err
	}
	for i := range v {
		if v[i] != float32(g.Size()*i) {
			return fmt.Errorf("sum %d of many is %g, expected %d", i, v[i], g.Size()*i)
		}
	}
	return nil
}

func noAllocations(_ *Group, w *World) error {
	buckets := [][]float32{make([]float32, 1000), make([]float32, 10), make([]float32, 1)}
	var err error
	n := testing.AllocsPerRun(20, func() {
		for _, b := range buckets {
			w.Begin(b)
		}
		err = errors.Join(w.Wait())
	})
	if n > 0 && err == nil {
		return fmt.Errorf("a step of sums allocates %g times", n)
	}
	return err
}
