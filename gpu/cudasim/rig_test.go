//go:build cuda

package cudasim

import (
	"os"
	"runtime"
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
	r := newRigOn(t, 0)
	code, err := os.ReadFile("testdata/ptx/faults.ptx")
	r.must(err)
	r.module, err = cu.LoadData(string(code))
	r.must(err)
	r.sim.Reset()
	return r
}

// newRigOn is a context on one of the devices, on the thread of the caller, and nothing in it but a stream.
func newRigOn(t *testing.T, device int) *rig {
	sim, err := Use()
	if err != nil {
		t.Skip(err)
	}
	runtime.LockOSThread()
	r := &rig{T: t, sim: sim}
	r.must(libcuda.Load())
	r.ctx, err = cu.Device(device).MakeContext(cu.SchedAuto)
	r.must(err)
	r.stream, err = cu.MakeStream(cu.NonBlocking)
	r.must(err)
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
