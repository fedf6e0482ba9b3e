// The parts of the simulator to each other.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <functional>
#include <string>

#include "shim.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

// Results of the driver that the simulator answers with (cuda.h).
enum {
	OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_INITIALIZED = 3, NO_DEVICE = 100, INVALID_DEVICE = 101,
	INVALID_IMAGE = 200, INVALID_CONTEXT = 201, INVALID_HANDLE = 400, NOT_FOUND = 500, NOT_READY = 600,
	ILLEGAL_ADDRESS = 700, LAUNCH_FAILED = 719, CAPTURE_UNSUPPORTED = 900, CAPTURE_INVALIDATED = 901,
	CAPTURE_UNJOINED = 904, CAPTURE_ISOLATION = 905, CAPTURED_EVENT = 907,
};

// What a program did, for tests and for `bench`. Read through cudasim_stats; the order is part of that contract.
struct sim_stats {
	uint64_t launches;      // kernels and products that ran
	uint64_t products;      // matrix products among them
	uint64_t graph_launches, graph_nodes; // graph_nodes: of the graph instantiated last
	uint64_t bytes_in, bytes_out, bytes_within; // copied host to device, device to host, on the device
	uint64_t live, live_bytes, peak_bytes;      // allocations that are not freed
	uint64_t leaked;        // allocations that were live when their context went
	uint64_t faults;        // out-of-bounds accesses, races, broken barriers
	uint64_t graph_forked, graph_beside; // like graph_nodes: on streams that were forked, and those that may run beside them
	uint64_t bytes_read, bytes_written; // of device memory by launches, where they are counted (bytes.cc)
	uint64_t loads, stores, shared;     // accesses that checked kernels executed: to device memory, and to shared memory
	uint64_t longest;                   // the most of them by one thread of a launch
	uint64_t collectives;               // of NCCL that ran, on all devices of the process
};
extern sim_stats stats;

// device.cc. A process may have several devices and use each from a thread of its own. One thread at a time is in the
// simulator: a call holds the lock, and lets the others in while it waits for what they do.
struct sim_device;
struct sim_lock {
	sim_lock();
	~sim_lock();
};
void let_others();
extern thread_local sim_device *current_device; // of the calling thread; none without a context
extern sim_device *on;                   // whose work runs; none outside
int device_number(const sim_device *d);

// memory.cc
enum { GRANULE = 256 };
struct sim_block_info { uintptr_t base; size_t size; bool freed; sim_device *device; };
int memory_alloc(size_t n, uintptr_t *p);
int memory_free(uintptr_t p);
void memory_free_all(sim_device *d);
size_t memory_live(const sim_device *d); // bytes
size_t memory_total();
bool memory_in_arena(uintptr_t p);
size_t memory_offset(uintptr_t p); // in the arena
void *memory_reserve(size_t n);    // zeros that take memory only where they are touched
enum : size_t { ARENA = (size_t)1 << 38 };
const sim_block_info *memory_owner(uintptr_t p);
// memory_check is whether [p, p+n) lies in one live allocation; what names the access in the report if not.
bool memory_check(uintptr_t p, size_t n, const char *what);
int memory_host_alloc(size_t n, void **p);
int memory_host_free(void *p);
bool memory_is_host(uintptr_t p, size_t n);

// check.cc
void check_launch_begin();
void check_block_begin();
void check_block_end();
void check_forget(uintptr_t p, size_t n); // what happened to freed memory
void fault(const char *format, ...) __attribute__((format(printf, 1, 2)));
std::string where();
extern bool check_failed; // a fault since the last launch began

// bytes.cc
extern bool counting_bytes;
// What a launch read and wrote of a page of 4096 bytes, a bit each.
struct sim_page { size_t number; uint64_t read[64], written[64]; };
void bytes_launch_begin(); // whether to count is asked anew
void bytes_touch(uintptr_t p, size_t n, bool write, bool count = true);
void bytes_move(uintptr_t to, uintptr_t from, size_t n); // a copy, or a fill where from is 0, which others count
std::vector<sim_page> bytes_touched(); // by the launch, fill or copy that began last, in order; once

// quirks.cc
bool quirk(const char *name);

// launch.cc
int launch(const sim_kernel *k, unsigned grid, unsigned block, void **params);
const sim_kernel *find_kernel(const char *name);
void abort_kernel() __attribute__((noreturn));
extern const sim_kernel *running;
extern unsigned warp_epochs[64], block_epoch;
bool on_kernel_stack(uintptr_t p);

// stream.cc
struct sim_stream;
// refused_by_capture is whether a call that a capture does not allow is made during one, which is then not valid any more.
bool refused_by_capture();
bool capturing();
// enqueue has an operation run after all that is on the stream; a wait names what it is for.
int enqueue(sim_stream *s, const char *kind, std::function<int()> op, sim_stream *after = nullptr, uint64_t upto = 0);
int drain_all(sim_device *d);
