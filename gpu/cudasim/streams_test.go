//go:build cuda

package cudasim

import (
	"testing"
	"unsafe"

	"github.com/aegpu/aegpu/gpu/internal/libcuda"
	"gorgonia.org/cu"
)

// A stream beside the first runs late or early, but for what it waits for: each missing wait shows in one of the orders. The
// host's memory is read when the copy runs.
func TestStreamsBeside(t *testing.T) {
	for _, c := range []struct {
		order, drop string
		rewritten   bool // the host does not wait before it writes again
		want        [2]float32
	}{
		{order: "late", want: [2]float32{1, 2}},
		{order: "early", want: [2]float32{1, 2}},
		{order: "late", drop: "join", want: [2]float32{1, 1}},
		{order: "early", drop: "fork", want: [2]float32{2, 2}},
		{order: "late", rewritten: true, want: [2]float32{2, 2}},
	} {
		t.Setenv("AEGPU_CUDASIM_GRAPH_ORDER", c.order)
		t.Setenv("AEGPU_CUDASIM_DROP_WAITS", c.drop)
		r := newRig(t)
		if got := r.feed(c.rewritten); got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
		r.close("")
	}
}

// feed copies 1 and then 2 from the host to a stage on a second stream, and each from there to a place of its own on the first.
func (r *rig) feed(rewritten bool) (got [2]float32) {
	r.Helper()
	stage, places := upload(r, []float32{9}), upload(r, []float32{0, 0})
	side, err := cu.MakeStream(cu.NonBlocking)
	r.must(err)
	var sent, taken cu.Event
	for _, e := range []*cu.Event{&sent, &taken} {
		*e, err = cu.MakeEvent(cu.DisableTiming)
		r.must(err)
	}
	host, err := libcuda.AllocHost(4)
	r.must(err)
	at := (*float32)(unsafe.Pointer(&host[0]))
	for i := range 2 {
		if i > 0 && !rewritten {
			r.must(sent.Synchronize())
		}
		*at = float32(i + 1)
		r.must(side.Wait(taken, 0))
		r.must(cu.MemcpyHtoDAsync(stage, unsafe.Pointer(at), 4, side))
		r.must(sent.Record(side))
		r.must(r.stream.Wait(sent, 0))
		r.must(cu.MemcpyDtoDAsync(places+cu.DevicePtr(4*i), stage, 4, r.stream))
		r.must(taken.Record(r.stream))
	}
	r.must(r.stream.Synchronize())
	r.must(cu.MemcpyDtoH(unsafe.Pointer(&got), places, 8))
	r.must(side.Synchronize())
	r.must(libcuda.FreeHost(host))
	r.free(stage, places)
	return got
}
