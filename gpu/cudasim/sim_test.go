//go:build cuda

package cudasim

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/aegpu/aegpu/gpu/internal/libcuda"
	"gorgonia.org/cu"
)

// rig is a context on the simulator with the test kernels loaded.
type rig struct {
	*testing.T
	sim    *Sim
	ctx    cu.CUContext
	module cu.Module
	stream cu.Stream
}

func newRig(t *testing.T) *rig {
	sim, err := Use()
	if err != nil {
		t.Skip(err)
	}
	runtime.LockOSThread()
	r := &rig{T: t, sim: sim}
	r.must(libcuda.Load())
	r.ctx, err = cu.Device(0).MakeContext(cu.SchedAuto)
	r.must(err)
	code, err := os.ReadFile("testdata/ptx/faults.ptx")
	r.must(err)
	r.module, err = cu.LoadData(string(code))
	r.must(err)
	r.stream, err = cu.MakeStream(cu.NonBlocking)
	r.must(err)
	sim.Reset()
	return r
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// checked skips a test of what only the instrumented kernels find.
func checked(t *testing.T) *rig {
	r := newRig(t)
	if r.sim.Kind != "checked" {
		r.must(r.ctx.Destroy())
		t.Skipf("the %s simulator does not check this", r.sim.Kind)
	}
	return r
}

// upload is a device buffer of v.
func upload[T any](r *rig, v []T) cu.DevicePtr {
	bytes := int64(len(v)) * int64(unsafe.Sizeof(v[0]))
	p, err := cu.MemAlloc(bytes)
	r.must(err)
	r.must(cu.MemcpyHtoD(p, unsafe.Pointer(&v[0]), bytes))
	return p
}

// launch runs a kernel and returns what the wait for it answers.
func (r *rig) launch(name string, grid int, args ...uint64) error {
	f, err := r.module.Function(name)
	r.must(err)
	params := make([]unsafe.Pointer, len(args))
	for i := range args {
		params[i] = unsafe.Pointer(&args[i])
	}
	r.must(f.Launch(grid, 1, 1, 256, 1, 1, 0, r.stream, params))
	return r.stream.Synchronize()
}

// close ends the context and wants report in what was found; "" wants nothing.
func (r *rig) close(report string) {
	r.Helper()
	r.must(r.ctx.Destroy())
	got := r.sim.Report()
	if report == "" && got != "" || !strings.Contains(got, report) {
		r.Errorf("the simulator reports %q, want %q", got, report)
	}
	runtime.UnlockOSThread()
}

func ramp(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i)
	}
	return v
}

func (r *rig) free(ptrs ...cu.DevicePtr) {
	for _, p := range ptrs {
		r.must(cu.MemFree(p))
	}
}

func TestSharedMemoryAndBarrier(t *testing.T) {
	r := newRig(t)
	x := ramp(300)
	dx, dy := upload(r, x), upload(r, make([]float32, 300))
	r.must(r.launch("test_reverse_f32", 2, uint64(dy), uint64(dx), 300))
	y := make([]float32, 300)
	r.must(cu.MemcpyDtoH(unsafe.Pointer(&y[0]), dy, 1200))
	if y[0] != 255 || y[255] != 0 || y[256] != 299 || y[299] != 256 {
		t.Errorf("reversed: %v %v %v %v", y[0], y[255], y[256], y[299])
	}
	r.free(dx, dy)
	r.close("")
}

func TestGridSum(t *testing.T) {
	for _, n := range []int{1, 31, 257, 5000} {
		r := newRig(t)
		dx, dy := upload(r, ramp(n)), upload(r, make([]float64, 1))
		part, count := upload(r, make([]float64, 7)), upload(r, make([]uint32, 1))
		for range 2 { // the counter is left at zero
			r.must(r.launch("test_sum_f32", 7, uint64(dy), uint64(dx), uint64(n), uint64(part), uint64(count)))
		}
		var sum float64
		r.must(cu.MemcpyDtoH(unsafe.Pointer(&sum), dy, 8))
		if want := float64(n) * float64(n-1) / 2; math.Abs(sum-want) > 1e-9*want {
			t.Errorf("sum of %d: %v, want %v", n, sum, want)
		}
		r.free(dx, dy, part, count)
		r.close("")
	}
}

func TestOutOfBoundsIsCaught(t *testing.T) {
	r := checked(t)
	dx, dy := upload(r, ramp(300)), upload(r, make([]float32, 300))
	if err := r.launch("test_out_of_bounds_f32", 2, uint64(dy), uint64(dx), 300); err == nil {
		t.Error("the launch succeeded")
	}
	r.free(dx, dy)
	r.close("test_out_of_bounds_f32, block 1, thread 44: load of 4 bytes at offset 1200 of a buffer of 1200 bytes")
}

// AddressSanitizer ends the process, so the launch runs in another one.
func TestOutOfBoundsEndsUnderASan(t *testing.T) {
	r := newRig(t)
	defer r.ctx.Destroy()
	if r.sim.Kind != "asan" {
		t.Skip("the simulator is built without AddressSanitizer")
	}
	if os.Getenv("FAULT") != "" {
		dx, dy := upload(r, ramp(300)), upload(r, make([]float32, 300))
		r.launch("test_out_of_bounds_f32", 2, uint64(dy), uint64(dx), 300)
		return
	}
	again := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	again.Env = append(os.Environ(), "FAULT=1")
	out, err := again.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "AddressSanitizer: use-after-poison") ||
		!strings.Contains(string(out), "test_out_of_bounds_f32") {
		t.Errorf("a launch out of bounds: %v, %s", err, out)
	}
}

func TestUseAfterFreeIsCaught(t *testing.T) {
	r := checked(t)
	dx, dy := upload(r, ramp(300)), upload(r, make([]float32, 300))
	r.free(dx)
	if err := r.launch("test_reverse_f32", 2, uint64(dy), uint64(dx), 300); err == nil {
		t.Error("the launch succeeded")
	}
	r.free(dy)
	r.close("that was freed")
}

func TestHostPointerIsCaught(t *testing.T) {
	r := checked(t)
	dx := upload(r, ramp(300))
	if err := r.launch("test_reverse_f32", 2, uint64(uintptr(unsafe.Pointer(&ramp(300)[0]))), uint64(dx), 300); err == nil {
		t.Error("the launch succeeded")
	}
	r.free(dx)
	r.close("no device memory")
}

func TestMissingBarrierIsCaught(t *testing.T) {
	r := checked(t)
	dx, dy := upload(r, ramp(300)), upload(r, make([]float32, 300))
	if err := r.launch("test_missing_barrier_f32", 2, uint64(dy), uint64(dx), 300); err == nil {
		t.Error("the launch succeeded")
	}
	r.free(dx, dy)
	r.close("race on shared memory")
}

func TestDivergentBarrierIsCaught(t *testing.T) {
	r := newRig(t)
	dy := upload(r, make([]float32, 300))
	if err := r.launch("test_divergent_barrier_f32", 1, uint64(dy), 300); err == nil {
		t.Error("the launch succeeded")
	}
	r.free(dy)
	r.close("different barriers")
}

func TestGridRaceIsCaught(t *testing.T) {
	r := checked(t)
	dy := upload(r, make([]float32, 1))
	if err := r.launch("test_grid_race_f32", 2, uint64(dy)); err == nil {
		t.Error("the launch succeeded")
	}
	r.free(dy)
	r.close("race on device memory")
}

// What one block writes and another reads goes by a fence, an atomic and a fence.
func TestMissingFenceIsCaught(t *testing.T) {
	for _, c := range []struct{ kernel, finding string }{
		{"test_fenced_f32", ""},
		{"test_fenced_by_one_f32", ""},
		{"test_missing_release_f32", "without a fence and an atomic after the first between"},
		{"test_foreign_fence_f32", "without a fence and an atomic after the first between"},
		{"test_missing_acquire_f32", "without an atomic and a fence before the second between"},
	} {
		r := checked(t)
		dy, part, count := upload(r, []float32{0}), upload(r, make([]float64, 3)), upload(r, []uint32{0})
		if err := r.launch(c.kernel, 3, uint64(dy), uint64(part), uint64(count)); (err == nil) != (c.finding == "") {
			t.Errorf("%s: %v", c.kernel, err)
		}
		if c.finding == "" {
			var y float32
			r.must(cu.MemcpyDtoH(unsafe.Pointer(&y), dy, 4))
			if y != 3 {
				t.Errorf("%s: %v, want 3", c.kernel, y)
			}
		}
		r.free(dy, part, count)
		r.close(c.finding)
	}
}

func TestMisalignedVectorIsCaught(t *testing.T) {
	r := checked(t)
	dx, dy := upload(r, ramp(300)), upload(r, ramp(300))
	if err := r.launch("test_misaligned_f32", 1, uint64(dy), uint64(dx)); err == nil {
		t.Error("the launch succeeded")
	}
	r.free(dx, dy)
	r.close("misaligned load of 16 bytes")
}

// Memory is fresh, of NaNs, to its last byte, and a large allocation takes none of the host's before it is touched.
func TestLargeAllocationIsPoisoned(t *testing.T) {
	r := newRig(t)
	for _, size := range []int64{9<<20 + 13, 24 << 20, 3 << 30} {
		before := resident(t)
		p, err := cu.MemAlloc(size)
		r.must(err)
		if grown := resident(t) - before; r.sim.Kind != "asan" && size > 1<<30 && grown > 64<<20 {
			t.Errorf("an allocation of %d bytes took %d of the host's memory", size, grown)
		}
		v := make([]byte, 5<<20)
		for _, at := range []int64{0, 4096, 8 << 20, size / 2, size - 5<<20} {
			got := v[:min(size-at, 5<<20)]
			r.must(cu.MemcpyDtoH(unsafe.Pointer(&got[0]), p+cu.DevicePtr(at), int64(len(got))))
			if i := slices.IndexFunc(got, func(b byte) bool { return b != 0xFF }); i >= 0 {
				t.Fatalf("byte %d of %d is %#x", at+int64(i), size, got[i])
			}
		}
		r.free(p)
	}
	r.close("")
}

// resident is the process's memory, in bytes.
func resident(t *testing.T) int64 {
	v, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip(err)
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(v), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

func TestLeakIsCaught(t *testing.T) {
	r := newRig(t)
	upload(r, ramp(300))
	r.close("leak: 1200 bytes")
	if s := r.sim.Stats(); s.Leaked != 1 || s.Live != 0 {
		t.Errorf("leaked %d, live %d; want 1, 0", s.Leaked, s.Live)
	}
}

func TestUnpinnedAsyncCopyIsCaught(t *testing.T) {
	r := newRig(t)
	x := ramp(300)
	dx := upload(r, x)
	if err := cu.MemcpyHtoDAsync(dx, unsafe.Pointer(&x[0]), 1200, r.stream); err == nil {
		t.Error("the copy was taken")
	}
	r.free(dx)
	r.close("not page-locked")
}

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

// What was forked runs as late as its dependencies allow, or as early.
func TestForkedCapture(t *testing.T) {
	for _, c := range []struct {
		order, drop string
		joinFirst   bool
		z           float32
		beside      uint64
	}{
		{"late", "", true, 7, 0},
		{"early", "", true, 7, 0},
		{"late", "", false, 0, 1},
		{"early", "", false, 7, 1},
		{"late", "join", true, 0, 1}, // the join is missing
		{"early", "fork", true, 0, 1},
		{"late", "fork", true, 7, 1}, // not seen in this order
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
