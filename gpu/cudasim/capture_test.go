//go:build cuda

package cudasim

import (
	"errors"
	"os"
	"testing"
	"unsafe"

	"github.com/aegpu/aegpu/gpu/internal/libcuda"
	"gorgonia.org/cu"
)

// What is enqueued has not happened until something waits for it.
func TestStreamsAreLazy(t *testing.T) {
	r := newRig(t)
	dx, dy := upload(r, ramp(300)), upload(r, make([]float32, 300))
	r.must(cu.MemcpyDtoDAsync(dy, dx, 1200, r.stream))
	y := make([]float32, 300)
	r.must(cu.MemcpyDtoH(unsafe.Pointer(&y[0]), dy, 1200))
	if y[1] != 0 {
		t.Error("a copy on a non-blocking stream was seen without waiting for it")
	}
	r.must(r.stream.Synchronize())
	r.must(cu.MemcpyDtoH(unsafe.Pointer(&y[0]), dy, 1200))
	if y[1] != 1 {
		t.Error("the copy did not happen")
	}
	r.free(dx, dy)
	r.close("")
}

func TestGraph(t *testing.T) {
	r := newRig(t)
	dy := upload(r, make([]float32, 1))
	f, err := r.module.Function("test_grid_race_f32")
	r.must(err)
	_, err = f.Attribute(cu.FnMaxThreadsPerBlock) // loads it
	r.must(err)
	r.must(libcuda.BeginCapture(r.stream))
	arg := uint64(dy)
	r.must(f.Launch(1, 1, 1, 256, 1, 1, 0, r.stream, []unsafe.Pointer{unsafe.Pointer(&arg)}))
	g, err := libcuda.EndCapture(r.stream)
	r.must(err)
	chain, err := g.Chain(3)
	r.must(err)
	once, err := g.Instantiate()
	r.must(err)
	thrice, err := chain.Instantiate()
	r.must(err)
	r.must(once.Launch(r.stream))
	r.must(thrice.Launch(r.stream))
	r.must(r.stream.Synchronize())
	var y float32
	r.must(cu.MemcpyDtoH(unsafe.Pointer(&y), dy, 4))
	if s := r.sim.Stats(); y != 4 || s.Launches != 4 || s.GraphLaunches != 2 || s.GraphNodes != 3 {
		t.Errorf("y = %v after %+v, want 4 from 4 launches in 2 graph launches", y, s)
	}
	for _, err := range []error{g.Destroy(), chain.Destroy(), once.Destroy(), thrice.Destroy()} {
		r.must(err)
	}
	r.free(dy)
	r.close("")
}

// While a capture is under way nothing is allocated, freed, copied at once or loaded;
// the capture is lost with the attempt. The codes are the driver's.
func TestStrictCapture(t *testing.T) {
	for _, quirks := range []string{"", "-strict-capture"} {
		t.Setenv(QuirksEnv, quirks)
		for name, call := range map[string]func(r *rig, p cu.DevicePtr) error{
			"allocating":      func(*rig, cu.DevicePtr) error { p, err := cu.MemAlloc(8); return errors.Join(err, cu.MemFree(p)) },
			"freeing":         func(*rig, cu.DevicePtr) error { return cu.MemFree(0) },
			"a blocking copy": func(r *rig, p cu.DevicePtr) error { v := 1.0; return cu.MemcpyHtoD(p, unsafe.Pointer(&v), 8) },
			"page-locked memory": func(*rig, cu.DevicePtr) error {
				b, err := libcuda.AllocHost(8)
				if err == nil {
					err = libcuda.FreeHost(b)
				}
				return err
			},
			"a first launch": func(r *rig, p cu.DevicePtr) error {
				f, err := r.module.Function("test_grid_race_f32")
				r.must(err)
				return f.Launch(1, 1, 1, 256, 1, 1, 0, r.stream, []unsafe.Pointer{unsafe.Pointer(&p)})
			},
			"loading a module": func(*rig, cu.DevicePtr) error {
				code, err := os.ReadFile("testdata/ptx/faults.ptx")
				if err != nil {
					return err
				}
				m, err := cu.LoadData(string(code))
				if err == nil {
					err = m.Unload()
				}
				return err
			},
		} {
			r := newRig(t)
			p := upload(r, []float64{0})
			r.must(libcuda.BeginCapture(r.stream))
			refused := call(r, p)
			g, end := libcuda.EndCapture(r.stream)
			if strict := quirks == ""; (refused != nil) != strict || (end != nil) != strict {
				t.Errorf("%s in a capture, quirks %q: %v, and the capture ends with %v", name, quirks, refused, end)
			}
			unsupported := errors.Is(refused, cu.StreamCaptureUnsupported) || errors.Is(refused, libcuda.Error(cu.StreamCaptureUnsupported))
			if invalidated := libcuda.Error(cu.StreamCaptureInvalidated); refused != nil && (!unsupported || !errors.Is(end, invalidated)) {
				t.Errorf("%s in a capture: the codes are those of %v and %v", name, refused, end)
			}
			if end == nil {
				r.must(g.Destroy())
			}
			r.free(p)
			r.close("")
		}
	}
}

func TestUnknownQuirk(t *testing.T) {
	t.Setenv(QuirksEnv, "mask-at-one")
	r := newRig(t)
	r.must(libcuda.BeginCapture(r.stream))
	p, _ := cu.MemAlloc(8) // what asks for a quirk
	if _, err := libcuda.EndCapture(r.stream); err == nil {
		t.Error("the allocation was let into the capture")
	}
	r.free(p)
	r.close("there is no quirk mask-at-one")
}

// A capture ends with all that was forked joined, and its events are of no use
// outside.
func TestUnjoinedCapture(t *testing.T) {
	r := newRig(t)
	dx := upload(r, []float32{7})
	side, err := cu.MakeStream(cu.NonBlocking)
	r.must(err)
	e, err := cu.MakeEvent(cu.DisableTiming)
	r.must(err)
	r.must(libcuda.BeginCapture(r.stream))
	r.must(e.Record(r.stream))
	if e.Synchronize() == nil || e.Query() == nil {
		t.Error("an event of a capture was waited for")
	}
	r.must(side.Wait(e, 0))
	r.must(cu.MemsetD8Async(dx, 0, 4, side))
	if _, err := libcuda.EndCapture(r.stream); err == nil {
		t.Error("the capture ended with a stream that was not joined")
	}
	r.must(side.Synchronize())
	if side.Wait(e, 0) == nil {
		t.Error("an event of a capture that is over was waited for")
	}
	r.must(cu.DestroyEvent(&e))
	r.free(dx)
	r.close("")
}
