//go:build cuda

package cudasim

/*
#cgo linux LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct { uint64_t v[21]; } sim_stats;

static void call_reset(void *f) { ((void (*)(void))f)(); }
static void call_stats(void *f, sim_stats *s) { ((void (*)(sim_stats *))f)(s); }
static const char *call_kind(void *f) { return ((const char *(*)(void))f)(); }
static size_t call_report(void *f, char *s, size_t n) { return ((size_t (*)(char *, size_t))f)(s, n); }
*/
import "C"

import (
	"fmt"
	"os"
	"unsafe"

	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
	"github.com/aegpu/aegpu/gpu/internal/libcuda"
	"github.com/aegpu/aegpu/gpu/internal/nccl"
)

// Env names the variable with the path of the simulator's library, which
// scripts/cuda-test.sh sets.
const Env = "AEGPU_CUDASIM"

// BytesEnv names the variable that has the checked simulator count the bytes that
// launches move instead of checking kernels; products are counted and not computed.
const BytesEnv = "AEGPU_CUDASIM_BYTES"

// QuirksEnv names the variable with quirks, separated by commas; one with a minus
// before it is turned off. On by default:
//
//	mask-at-zero      the mask bit of a pre-activation of exactly 0 is set
//	relu-drops-nan    ReLU as an epilogue is max(x, 0), which is 0 for NaN
//	epilogues-differ  each epilogue proposes algorithms in an order of its own, and sums in one
//	strict-capture    while anything captures, asking for algorithms, allocation, freeing, blocking
//	                  copies, and whatever loads a module or a kernel, are refused
//	no-drelu-k1       DRELU of an inner width of 1 is not supported
//	rounds-first      a result in bfloat16 is rounded to that before its epilogue too
//	alignments-differ products of operands off a boundary of 16 bytes have algorithms proposed in another order
//
// Off by default:
//
//	bgrad-two-nodes   a product with sums is two nodes
//	drelu-two-nodes   a product with the derivative of ReLU is two nodes
//	refuse-late       no-drelu-k1 shows only when the product is enqueued
//	refuse-captured   DRELU is refused when it is enqueued in a capture, and only then
const QuirksEnv = "AEGPU_CUDASIM_QUIRKS"

// Stats is what was done since the last Reset.
type Stats struct {
	Launches      uint64 // kernels and products that ran
	Products      uint64 // matrix products among them
	GraphLaunches uint64
	GraphNodes    uint64 // of the graph that was instantiated last
	BytesIn       uint64 // host to device
	BytesOut      uint64 // device to host
	BytesWithin   uint64 // on the device
	Live          uint64 // allocations that are not freed
	LiveBytes     uint64
	PeakBytes     uint64
	Leaked        uint64 // allocations that were live when their context went
	Faults        uint64
	GraphForked   uint64 // of GraphNodes: on streams that the capture was forked to
	GraphBeside   uint64 // of GraphNodes: on the first stream, and free to run at the same time as one that was forked
	BytesRead     uint64 // of device memory by launches, each byte once a launch; counted with BytesEnv
	BytesWritten  uint64
	Loads         uint64 // accesses to device memory that checked kernels executed, one for a vector
	Stores        uint64
	Shared        uint64 // and to shared memory
	Longest       uint64 // the most of all three by one thread of a launch
	Collectives   uint64 // of NCCL that ran, on all devices of the process
}

// Sim is the loaded simulator.
type Sim struct {
	// Kind is how it was built: "checked" finds races and accesses out of bounds,
	// "asan" has AddressSanitizer end the process at the latter, "plain" has no
	// checks inside kernels.
	Kind string

	reset, stats, report unsafe.Pointer
}

// Use makes the simulator the driver, the cuBLASLt and the NCCL of this process, if
// [Env] names it. Call it before the first use of a GPU.
func Use() (*Sim, error) {
	path := os.Getenv(Env)
	if path == "" {
		return nil, fmt.Errorf("%s is not set: run the tests with scripts/cuda-test.sh", Env)
	}
	os.Setenv(libcuda.Env, path)
	os.Setenv(cublaslt.Env, path)
	os.Setenv(nccl.Env, path)
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	lib := C.dlopen(cpath, C.RTLD_NOW)
	if lib == nil {
		return nil, fmt.Errorf("the simulator: %s", C.GoString(C.dlerror()))
	}
	s := &Sim{reset: symbol(lib, "cudasim_reset"), stats: symbol(lib, "cudasim_stats"), report: symbol(lib, "cudasim_report")}
	kind := symbol(lib, "cudasim_kind")
	if s.reset == nil || s.stats == nil || s.report == nil || kind == nil {
		return nil, fmt.Errorf("%s is not the simulator", path)
	}
	s.Kind = C.GoString(C.call_kind(kind))
	return s, nil
}

func symbol(lib unsafe.Pointer, name string) unsafe.Pointer {
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	return C.dlsym(lib, cname)
}

// Reset clears the report and the counts, but for what is still allocated.
func (s *Sim) Reset() { C.call_reset(s.reset) }

// Stats is what was counted since the last Reset.
func (s *Sim) Stats() Stats {
	var c C.sim_stats
	C.call_stats(s.stats, &c)
	return *(*Stats)(unsafe.Pointer(&c))
}

// Report is what the checks found since the last Reset, a line each.
func (s *Sim) Report() string {
	b := make([]byte, 1<<17)
	n := C.call_report(s.report, (*C.char)(unsafe.Pointer(&b[0])), C.size_t(len(b)))
	return string(b[:min(int(n), len(b)-1)])
}
