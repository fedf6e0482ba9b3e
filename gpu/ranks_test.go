//go:build cuda

package gpu

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/cudasim"
)

// together opens a device for each of some ranks, all in this process.
func together(t *testing.T, size int, o Options) (all []*Device, sim *cudasim.Sim) {
	t.Helper()
	t.Setenv("AEGPU_CUDASIM_DEVICES", fmt.Sprint(size))
	sim = device(t)
	if infos, err := List(); err != nil || len(infos) < size {
		t.Skipf("%d GPUs are needed, there are %d: %v", size, len(infos), err)
	}
	id, err := NewRanksID("")
	if err != nil {
		if sim == nil {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	all = make([]*Device, size)
	errs := make([]error, size)
	eachOf(all, func(rank int, _ *Device) {
		o := o
		o.Ranks = &Ranks{ID: id, Rank: rank, Size: size}
		d, err := OpenWith(rank, o)
		if errs[rank] = err; err == nil {
			all[rank] = d.(*Device)
		}
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err, sim.Report())
	}
	return all, sim
}

// eachOf has every rank do something at the same time.
func eachOf(all []*Device, do func(rank int, d *Device)) {
	var wait sync.WaitGroup
	for rank, d := range all {
		wait.Go(func() { do(rank, d) })
	}
	wait.Wait()
}

// part closes the devices; nothing may be found.
func part(t *testing.T, all []*Device, sim *cudasim.Sim) {
	t.Helper()
	eachOf(all, func(rank int, d *Device) {
		if err := d.Close(); err != nil {
			t.Errorf("rank %d: %v", rank, err)
		}
	})
	sound(t, sim)
}

// ranksStep is a step of a layer whose gradients are added up as soon as they are there, and then used.
type ranksStep struct {
	x, y, dy, grads, used backend.Tensor
	list                  backend.List
}

func newRanksStep(t *testing.T, d *Device, rank int) *ranksStep {
	s := &ranksStep{}
	for _, a := range []struct {
		t    *backend.Tensor
		r, c int
	}{{&s.x, 4, 3}, {&s.y, 4, 3}, {&s.dy, 4, 2}, {&s.grads, 1, 9}, {&s.used, 1, 9}} {
		var err error
		if *a.t, err = d.Alloc(a.r, a.c); err != nil {
			t.Error(err)
		}
	}
	x, dy := make([]float32, 12), make([]float32, 8)
	for i := range x {
		x[i] = float32(rank+1) * (0.1 + float32(i))
	}
	for i := range dy {
		dy[i] = 0.3 + float32(i)/float32(rank+2)
	}
	d.Upload(s.x, x)
	d.Upload(s.dy, dy)
	dw, db, loss := s.grads.Slice(0, 2, 3), s.grads.Slice(6, 1, 2), s.grads.Slice(8, 1, 1)
	list := backend.List{
		backend.LinearBackWeights{DW: dw, DB: db, DY: s.dy, X: s.x},
		backend.Activate{Y: s.y, X: s.x, Act: backend.Tanh}, // while the gradient is made
		backend.ColumnMeans{M: loss, H: s.dy.Reshape(8, 1)},
		backend.Copy{Dst: s.used, Src: s.grads},
		backend.Copy{Dst: s.x, Src: s.y},
	}
	s.list = list.Bucketed([]backend.Tensor{dw, db, loss}, 3, 16)
	if err := s.list.CheckReduced([]backend.Tensor{dw, db, loss}, len(s.list)-2); err != nil {
		t.Error(err)
	}
	return s
}

// TestSumsOverRanks adds up over 2 and 4 devices, enqueued one by one and compiled and replayed, with one stream and several,
// run as late and as early as may be.
func TestSumsOverRanks(t *testing.T) {
	for _, size := range []int{2, 4} {
		for _, c := range []struct {
			order string
			Options
		}{{"late", Options{}}, {"early", Options{}}, {"late", Options{OneStream: true}}, {"late", Options{Precision: BF16}}, {"late", Options{Debug: true}}} {
			t.Run(fmt.Sprintf("%d ranks, %s, %+v", size, c.order, c.Options), func(t *testing.T) {
				t.Setenv("AEGPU_CUDASIM_GRAPH_ORDER", c.order)
				all, sim := together(t, size, c.Options)
				apart, compiled := make([][]float32, size), make([][]float32, size)
				eachOf(all, func(rank int, d *Device) {
					s := newRanksStep(t, d, rank)
					before := make([]float32, s.x.Len())
					d.Download(before, s.x)
					read := func() []float32 {
						v := make([]float32, s.used.Len())
						d.Download(v, s.used)
						return v
					}
					for range 3 { // the gradient is made anew, of other values
						s.run(d)
					}
					apart[rank] = read()
					d.Upload(s.x, before)
					p, err := d.Compile(s.list)
					if err != nil {
						t.Errorf("rank %d: %v %s", rank, err, sim.Report())
						return
					}
					p.Launch(2)
					p.Launch(1)
					compiled[rank] = read()
				})
				for rank := range all {
					if !slices.Equal(apart[rank], apart[0]) || !slices.Equal(compiled[rank], compiled[0]) {
						t.Errorf("rank %d has other bits than rank 0: %v, %v; %v, %v", rank, apart[rank], apart[0], compiled[rank], compiled[0])
					}
				}
				rig{T: t}.close("compiled", compiled[0], apart[0])
				part(t, all, sim)
			})
		}
	}
}

// TestHostSumsOverRanks adds up and sends what is longer than the stage.
func TestHostSumsOverRanks(t *testing.T) {
	all, sim := together(t, 2, Options{})
	eachOf(all, func(rank int, d *Device) {
		v, b := make([]float64, stageSize/8+5), slices.Repeat([]byte{byte(7 * rank)}, stageSize+3)
		for i := range v {
			v[i] = float64(i * (rank + 1))
		}
		if err := errors.Join(d.AllReduce(v), d.AllReduce(nil), d.Broadcast(b, 1), d.Broadcast(nil, 0)); err != nil {
			t.Error(err)
		}
		for i := range v {
			if v[i] != float64(3*i) {
				t.Errorf("rank %d: sum %d is %v, want %d", rank, i, v[i], 3*i)
				break
			}
		}
		if i := slices.IndexFunc(b, func(x byte) bool { return x != 7 }); i >= 0 {
			t.Errorf("rank %d: byte %d is %d", rank, i, b[i])
		}
	})
	part(t, all, sim)
}

// TestAloneIsWithoutNCCL holds that the only rank neither looks for NCCL nor adds up.
func TestAloneIsWithoutNCCL(t *testing.T) {
	if os.Getenv("OPEN_ALONE") == "" {
		simulator(t)
		out := again(t, "TestAloneIsWithoutNCCL", "OPEN_ALONE=1")
		if !strings.Contains(out, "ran alone") {
			t.Error(out)
		}
		return
	}
	sim := simulator(t)
	t.Setenv("AEGPU_LIBNCCL", "/nowhere/libnccl.so.2")
	for _, ranks := range []*Ranks{nil, {}, {Size: 1}} {
		d := open(t, Options{Ranks: ranks}).(*Device)
		s := newRanksStep(t, d, 0)
		p, err := d.Compile(s.list)
		if err != nil {
			t.Fatal(err)
		}
		wantNodes(t, "the step", p.(*program).nodes, 5)
		p.Launch(20)
		s.run(d)
		if err := errors.Join(d.AllReduce([]float64{1}), d.Broadcast([]byte{1}, 0)); err != nil {
			t.Error(err)
		}
		d.Abort()
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	sound(t, sim)
	if NCCL() != "" {
		t.Errorf("NCCL is open: %s", NCCL())
	}
	for _, c := range []struct {
		ranks Ranks
		want  string
	}{{Ranks{ID: make([]byte, 128), Size: 2}, "/nowhere/libnccl.so.2"}, {Ranks{ID: make([]byte, 128), Rank: 2, Size: 2}, "rank 2 of 2: expected 0 to 1"}, {Ranks{Size: 2}, "an identity of 0 bytes"}} {
		if _, err := OpenWith(0, Options{Ranks: &c.ranks}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.ranks, err, c.want)
		}
	}
	if _, err := NewRanksID(""); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("an identity without NCCL: %v", err)
	}
	t.Log("ran alone")
}

// again runs a test of this program in a process of its own.
func again(t *testing.T, name string, env ...string) string {
	t.Helper()
	c := testCommand(name, env...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// run enqueues the operations one by one.
func (s *ranksStep) run(d *Device) {
	for _, op := range s.list {
		d.Enqueue(op)
	}
}
