//go:build cuda

package cudasim

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"unsafe"

	"gorgonia.org/cu"
)

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
