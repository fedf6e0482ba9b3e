// The checks. Kernels are compiled with -fsanitize=thread, whose hooks are answered here instead of by its runtime: every
// load and store of a kernel is held against the allocations (bounds, frees) and against what other threads did to the
// same bytes since the last barrier (races), in shared and in device memory.
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>

#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

#include "sim.h"

bool check_failed;
static std::string report;
static uint32_t launch_id;

std::string where() {
	if (running == nullptr)
		return "";
	char s[200];
	snprintf(s, sizeof s, "%s, block %u, thread %u: ", running->name, sim_block.x, sim_thread.x);
	return s;
}

void fault(const char *format, ...) {
	char s[400];
	va_list args;
	va_start(args, format);
	vsnprintf(s, sizeof s, format, args);
	va_end(args);
	stats.faults++;
	check_failed = true;
	if (report.size() < 1 << 16)
		report += where() + s + "\n";
}

EXPORT size_t cudasim_report(char *out, size_t n) {
	sim_lock hold;
	if (n > 0)
		snprintf(out, n, "%s", report.c_str());
	return report.size();
}

// cudasim_kind is how the library was built: checked, plain or asan.
EXPORT const char *cudasim_kind() { return SIM_KIND; }

EXPORT void cudasim_stats(sim_stats *out) {
	sim_lock hold;
	*out = stats;
}

EXPORT void cudasim_reset() {
	sim_lock hold;
	report.clear();
	check_failed = false;
	sim_stats was = stats;
	stats = {};
	stats.live = was.live;
	stats.live_bytes = stats.peak_bytes = was.live_bytes;
}

// What happened last to four bytes of memory.
struct access {
	uint32_t launch, block, epoch;
	uint16_t thread, warp_epoch;
	uint16_t fences; // of the thread, before it
	uint8_t bytes;   // which of the four
};
struct shadow { access write, read; };

static std::unordered_map<uintptr_t, shadow *> pages; // shadow of a page, by page number
static shadow *last_shadow;
static uintptr_t last_page;

// Blocks are ordered by fences and atomic operations on device memory, as the hardware orders them:
//
//	block a: access; fence; atomic		block b: atomic; fence; access
//
// where each comes before the next in one thread, or before a barrier that the next comes after. An atomic orders nothing
// by itself, nor does a barrier between blocks. It is not looked at which atomics meet at an address. A block's fence
// must follow the last of its atomics, and a volatile read is taken for any other: it too wants the fence.
struct thread_fences {
	uint16_t n, before;           // fences of a thread, those before the epoch of the last
	uint32_t epoch, before_epoch; // of the last, of the last before that epoch
	bool counted, acquired;       // it has done the block's last atomic; it has fenced after that
};
static thread_fences fences[1024]; // of the running block
static uint32_t atomic_epoch;      // of its last atomic: fences of later epochs come after it
static uint32_t acquired_epoch;    // of the first fence after that: accesses of later epochs come after both

// What a block's atomics have released: the fences of each thread that came before one, and the epochs that ended before
// such a fence.
struct release {
	std::vector<uint16_t> fences;
	uint32_t epoch;
};
static std::vector<release> released_by; // by block

// How many loads and stores every thread of the running block has done.
static uint64_t done[1024];

void check_launch_begin() {
	launch_id++;
	bytes_launch_begin();
	check_failed = false;
	released_by.clear();
	released_by.resize(sim_grid_dim.x);
}

void check_block_begin() {
	std::fill_n(fences, sim_block_dim.x, thread_fences{});
	std::fill_n(done, sim_block_dim.x, 0);
	atomic_epoch = acquired_epoch = UINT32_MAX;
}

void check_block_end() {
	stats.longest = std::max(stats.longest, *std::max_element(done, done + sim_block_dim.x));
}

static shadow *shadow_of(uintptr_t p) {
	uintptr_t page = p >> 12;
	if (page != last_page) {
		shadow *&s = pages[page];
		if (s == nullptr)
			s = (shadow *)mmap(nullptr, 1024 * sizeof(shadow), PROT_READ | PROT_WRITE,
			                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		last_page = page;
		last_shadow = s;
	}
	return &last_shadow[(p & 4095) / 4];
}

void check_forget(uintptr_t p, size_t n) {
	for (uintptr_t page = p >> 12; page <= (p + n - 1) >> 12; page++) {
		auto it = pages.find(page);
		if (it == pages.end() || (page << 12) < p || ((page + 1) << 12) > p + n)
			continue; // never touched, or shared with a neighbour
		munmap(it->second, 1024 * sizeof(shadow));
		pages.erase(it);
	}
	last_page = 0;
}

// released is whether the block of access a has made it known: by a fence and an atomic after it.
static bool released(const access &a) {
	const release &r = released_by[a.block];
	return !r.fences.empty() && (r.fences[a.thread] > a.fences || r.epoch > a.epoch);
}

// acquired is whether the running thread sees what others made known before the block's last atomic.
static bool acquired() { return fences[sim_thread.x].acquired || acquired_epoch < block_epoch; }

// apart is whether the access a is ordered before what the running thread does now.
static bool apart(const access &a, uint8_t bytes, bool shared) {
	if (a.launch != launch_id || (a.bytes & bytes) == 0)
		return true;
	if (a.block != sim_block.x)
		return shared || (released(a) && acquired());
	if (a.thread == sim_thread.x || a.epoch != block_epoch)
		return true;
	return a.thread / 32 == sim_thread.x / 32 && a.warp_epoch != (uint16_t)warp_epochs[sim_thread.x / 32];
}

static void race(uintptr_t p, const access &a, const char *what, bool shared) {
	const char *missing = a.block == sim_block.x ? "a barrier" : !released(a) ? "a fence and an atomic after the first" :
	                      "an atomic and a fence before the second";
	fault("race on %s memory at %#zx: %s after thread %u of block %u without %s between",
	      shared ? "shared" : "device", (size_t)p, what, a.thread, a.block, missing);
	abort_kernel();
}

static void check_word(uintptr_t p, uint8_t bytes, bool write, bool shared) {
	shadow *s = shadow_of(p);
	access now = {launch_id, sim_block.x, block_epoch, (uint16_t)sim_thread.x,
	              (uint16_t)warp_epochs[sim_thread.x / 32], fences[sim_thread.x].n, bytes};
	if (!apart(s->write, bytes, shared))
		race(p, s->write, write ? "written, written" : "read, written", shared);
	if (write && !apart(s->read, bytes, shared))
		race(p, s->read, "written, read", shared);
	access &slot = write ? s->write : s->read;
	if (slot.launch == launch_id && slot.block == now.block && slot.thread == now.thread && slot.epoch == now.epoch)
		now.bytes |= slot.bytes;
	slot = now;
}

extern char __start_aegpu_shared[] __attribute__((weak)), __stop_aegpu_shared[] __attribute__((weak));
extern char __ehdr_start[], _end[];

static void check(uintptr_t p, size_t n, bool write) {
	if (running == nullptr)
		return;
	bool shared = p - (uintptr_t)__start_aegpu_shared < (size_t)(__stop_aegpu_shared - __start_aegpu_shared);
	bool device = memory_in_arena(p);
	if (counting_bytes) {
		if (device)
			bytes_touch(p, n, write);
		return;
	}
	if (!shared && !device && (on_kernel_stack(p) || p - (uintptr_t)__ehdr_start < (size_t)(_end - __ehdr_start)))
		return;
	(shared ? stats.shared : write ? stats.stores : stats.loads)++;
	done[sim_thread.x]++;
	if (!shared && !device && memory_is_host(p, n))
		return;
	if (!shared && !memory_check(p, n, write ? "store" : "load"))
		abort_kernel();
	if (p % n != 0 && n <= 16 && (n & (n - 1)) == 0) {
		fault("misaligned %s of %zu bytes at %#zx", write ? "store" : "load", n, (size_t)p);
		abort_kernel();
	}
	for (uintptr_t w = p & ~(uintptr_t)3; w < p + n; w += 4) {
		uint8_t bytes = 15;
		if (w < p)
			bytes &= 15 << (p - w);
		if (w + 4 > p + n)
			bytes &= 15 >> (w + 4 - p - n);
		check_word(w, bytes, write, shared);
	}
}

void sim_atomic(void *p) {
	if (running == nullptr || (!memory_in_arena((uintptr_t)p)))
		return;
	if (!memory_check((uintptr_t)p, 4, "atomic"))
		abort_kernel();
	release &r = released_by[sim_block.x];
	r.fences.resize(sim_block_dim.x);
	for (unsigned t = 0; t < sim_block_dim.x; t++) {
		const thread_fences &f = fences[t];
		bool all = t == sim_thread.x || f.epoch != block_epoch;
		r.fences[t] = all ? f.n : f.before;
		if (r.fences[t] > 0)
			r.epoch = std::max(r.epoch, all ? f.epoch : f.before_epoch);
		fences[t].counted = t == sim_thread.x;
		fences[t].acquired = false;
	}
	atomic_epoch = block_epoch;
	acquired_epoch = UINT32_MAX;
}

void sim_fence() {
	thread_fences &f = fences[sim_thread.x];
	if (f.epoch != block_epoch) {
		f.before = f.n;
		f.before_epoch = f.epoch;
	}
	f.epoch = block_epoch;
	f.n++;
	f.acquired = f.counted || atomic_epoch < block_epoch;
	if (f.acquired && acquired_epoch == UINT32_MAX)
		acquired_epoch = block_epoch;
}

void sim_vector(const void *p, size_t n, bool write) { check((uintptr_t)p, n, write); }

#define HOOK(n)                                                                                                        \
	extern "C" void __tsan_read##n(void *p) { check((uintptr_t)p, n, false); }                                     \
	extern "C" void __tsan_write##n(void *p) { check((uintptr_t)p, n, true); }                                     \
	extern "C" void __tsan_unaligned_read##n(void *p) { check((uintptr_t)p, n, false); }                           \
	extern "C" void __tsan_unaligned_write##n(void *p) { check((uintptr_t)p, n, true); }
HOOK(1)
HOOK(2)
HOOK(4)
HOOK(8)
HOOK(16)
extern "C" void __tsan_read_range(void *p, size_t n) { check((uintptr_t)p, n, false); }
extern "C" void __tsan_write_range(void *p, size_t n) { check((uintptr_t)p, n, true); }
extern "C" void __tsan_init() {}
extern "C" void __tsan_func_entry(void *) {}
extern "C" void __tsan_func_exit(void *) {}
