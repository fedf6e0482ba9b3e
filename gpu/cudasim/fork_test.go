//go:build cuda

package cudasim

import (
	"testing"
	"unsafe"

	"github.com/aegpu/aegpu/gpu/internal/libcuda"
	"gorgonia.org/cu"
)

// What was forked runs as late as its dependencies allow, or as early.
func TestForkedCapture(t *testing.T) {
	for _, c := range []struct {
		order, drop string
		joinFirst   bool
		z           float32
		beside      uint64
	}{
		{order: "late", joinFirst: true, z: 7},
		{order: "early", joinFirst: true, z: 7},
		{order: "late", beside: 1},
		{order: "early", z: 7, beside: 1},
		{order: "late", drop: "join", joinFirst: true, beside: 1}, // the join is missing
		{order: "early", drop: "fork", joinFirst: true, beside: 1},
		{order: "late", drop: "fork", joinFirst: true, z: 7, beside: 1}, // not seen in this order
	} {
		t.Setenv("AEGPU_CUDASIM_GRAPH_ORDER", c.order)
		t.Setenv("AEGPU_CUDASIM_DROP_WAITS", c.drop)
		r := newRig(t)
		z, s := r.fork(c.joinFirst)
		if z != c.z || s.GraphNodes != 3 || s.GraphForked != 1 || s.GraphBeside != c.beside {
			t.Errorf("%+v: z = %v, %+v", c, z, s)
		}
		r.close("")
	}
}

// What may run at the same time must not touch what the other writes.
func TestForkedRaces(t *testing.T) {
	for _, c := range []struct {
		joinFirst bool
		finding   string
	}{{true, ""}, {false, "may run at the same time"}} {
		t.Setenv(BytesEnv, "1")
		r := newRig(t)
		r.fork(c.joinFirst)
		r.close(c.finding)
	}
}

// fork captures y = x, z = y on a second stream, and y = 0 on the first, which waits
// for the second before or after that.
func (r *rig) fork(joinFirst bool) (z float32, s Stats) {
	r.Helper()
	dx, dy, dz := upload(r, []float32{7}), upload(r, []float32{1}), upload(r, []float32{2})
	side, err := cu.MakeStream(cu.NonBlocking)
	r.must(err)
	var events [2]cu.Event
	for i := range events {
		events[i], err = cu.MakeEvent(cu.DisableTiming)
		r.must(err)
	}
	join := func(now bool) {
		if now {
			r.must(r.stream.Wait(events[1], 0))
		}
	}
	r.must(libcuda.BeginCapture(r.stream))
	r.must(cu.MemcpyDtoDAsync(dy, dx, 4, r.stream))
	r.must(events[0].Record(r.stream))
	r.must(side.Wait(events[0], 0))
	r.must(cu.MemcpyDtoDAsync(dz, dy, 4, side))
	r.must(events[1].Record(side))
	join(joinFirst)
	r.must(cu.MemsetD8Async(dy, 0, 4, r.stream))
	join(!joinFirst)
	g, err := libcuda.EndCapture(r.stream)
	r.must(err)
	chain, err := g.Chain(2)
	r.must(err)
	for _, g := range []libcuda.Graph{chain, g} {
		e, err := g.Instantiate()
		r.must(err)
		r.must(e.Launch(r.stream))
		r.must(r.stream.Synchronize())
		r.must(cu.MemcpyDtoH(unsafe.Pointer(&z), dz, 4))
		r.must(e.Destroy())
		r.must(g.Destroy())
	}
	r.must(side.Synchronize()) // it is no longer captured
	r.free(dx, dy, dz)
	return z, r.sim.Stats()
}
