//go:build cuda

package cudasim

import (
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unsafe"

	"gorgonia.org/cu"
)

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
		if want := float64(n) * float64(n-1); math.Abs(sum-want) > 1e-9*want {
			t.Errorf("twice the sum of %d: %v, want %v", n, sum, want)
		}
		r.free(dx, dy, part, count)
		r.close("")
	}
}

// What the instrumented kernels do wrong is an error of the launch, and named.
func TestFaultsAreCaught(t *testing.T) {
	for _, c := range []struct {
		kernel, finding string
		grid            int
		args            []uint64 // after y and x
	}{
		{kernel: "test_out_of_bounds_f32", grid: 2, args: []uint64{300},
			finding: "test_out_of_bounds_f32, block 1, thread 44: load of 4 bytes at offset 1200 of a buffer of 1200 bytes"},
		{kernel: "test_missing_barrier_f32", grid: 2, args: []uint64{300}, finding: "race on shared memory"},
		{kernel: "test_misaligned_f32", grid: 1, finding: "misaligned load of 16 bytes"},
	} {
		r := checked(t)
		dx, dy := upload(r, ramp(300)), upload(r, make([]float32, 300))
		if err := r.launch(c.kernel, c.grid, append([]uint64{uint64(dy), uint64(dx)}, c.args...)...); err == nil {
			t.Errorf("%s: the launch succeeded", c.kernel)
		}
		r.free(dx, dy)
		r.close(c.finding)
	}
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
