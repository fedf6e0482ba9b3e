// Device memory: a reserved range of addresses in which every allocation stands between red zones and no address is
// used twice, so that an access out of bounds or after a free is known for what it is.
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <map>
#include <vector>

#include "sim.h"
#include "stream.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(p, n) __asan_poison_memory_region((void *)(p), n)
#define UNPOISON(p, n) __asan_unpoison_memory_region((void *)(p), n)
#else
#define POISON(p, n) ((void)(p))
#define UNPOISON(p, n) ((void)(p))
#endif

sim_stats stats;

static const size_t RED = 1024;
static const unsigned char FRESH = 0xFF; // a float of these bytes is a NaN

static uintptr_t base, next;
static uint32_t *owner; // per granule: 1 + index into blocks, 0 in red zones
static std::vector<sim_block_info> blocks;
static std::map<uintptr_t, size_t> host;

void *memory_reserve(size_t n) {
	void *p = mmap(nullptr, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		abort();
	return p;
}

static void start() {
	if (base != 0)
		return;
	base = ((uintptr_t)memory_reserve(ARENA + RED) + RED - 1) / RED * RED;
	owner = (uint32_t *)memory_reserve(ARENA / GRANULE * sizeof *owner);
	next = base;
}

enum : size_t { PAGE = 4096, CHUNK = 8 << 20 };

static uintptr_t page_up(uintptr_t p) { return (p + PAGE - 1) / PAGE * PAGE; }
static uintptr_t page_down(uintptr_t p) { return p / PAGE * PAGE; }

// fresh_chunk is a file of CHUNK bytes FRESH. Pages mapped from it read so, and take memory once they are written.
static int fresh_chunk() {
	static int file = -1;
	if (file >= 0)
		return file;
	file = memfd_create("fresh", MFD_CLOEXEC);
	std::vector<unsigned char> v(CHUNK, FRESH);
	if (file < 0 || write(file, v.data(), CHUNK) != (ssize_t)CHUNK)
		abort();
	return file;
}

static void map(uintptr_t p, size_t n, int kind, int file) {
	if (mmap((void *)p, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED | kind, file, 0) == MAP_FAILED)
		abort();
}

// freshen fills n bytes with FRESH, the whole pages of a large allocation without taking memory for them.
static void freshen(uintptr_t p, size_t n) {
	uintptr_t from = page_up(p), to = page_down(p + n), end = p + n;
	if (n < CHUNK) {
		memset((void *)p, FRESH, n);
		return;
	}
	memset((void *)p, FRESH, from - p);
	for (uintptr_t at = from; at < to; at += CHUNK)
		map(at, to - at < CHUNK ? to - at : CHUNK, 0, fresh_chunk());
	memset((void *)to, FRESH, end - to);
}

size_t memory_total() {
	const char *v = getenv("AEGPU_CUDASIM_MEMORY");
	return v ? strtoull(v, nullptr, 10) : (size_t)8 << 30;
}

bool memory_in_arena(uintptr_t p) { return base != 0 && p - base < ARENA; }
size_t memory_offset(uintptr_t p) { return p - base; }

const sim_block_info *memory_owner(uintptr_t p) {
	uint32_t at = owner[(p - base) / GRANULE];
	return at == 0 ? nullptr : &blocks[at - 1];
}

int memory_alloc(size_t n, uintptr_t *p) {
	start();
	if (n == 0)
		return INVALID_VALUE;
	size_t room = (n + RED - 1) / RED * RED + RED;
	if (current_device->live_bytes + n > memory_total() || next + RED + room > base + ARENA)
		return OUT_OF_MEMORY;
	*p = next + RED;
	next += room;
	blocks.push_back({*p, n, false, current_device});
	for (uintptr_t g = *p; g < *p + n; g += GRANULE)
		owner[(g - base) / GRANULE] = blocks.size();
	freshen(*p, n);
	POISON(*p - RED, room + RED);
	UNPOISON(*p, n);
	current_device->live_bytes += n;
	stats.live++;
	stats.live_bytes += n;
	if (stats.live_bytes > stats.peak_bytes)
		stats.peak_bytes = stats.live_bytes;
	return OK;
}

static void release(sim_block_info &b) {
	b.freed = true;
	stats.live--;
	stats.live_bytes -= b.size;
	b.device->live_bytes -= b.size;
	POISON(b.base, b.size);
	check_forget(b.base, b.size);
	uintptr_t from = page_up(b.base), to = page_down(b.base + b.size);
	if (b.size >= CHUNK)
		map(from, to - from, MAP_ANONYMOUS, -1);
	else if (from < to)
		madvise((void *)from, to - from, MADV_DONTNEED);
}

int memory_free(uintptr_t p) {
	if (p == 0)
		return OK;
	const sim_block_info *b = memory_in_arena(p) ? memory_owner(p) : nullptr;
	if (b == nullptr || b->freed || b->base != p) {
		fault("free of %#zx, which is not an allocation", (size_t)p);
		return INVALID_VALUE;
	}
	if (b->device != current_device) {
		fault("free of memory of device %d in the context of device %d", device_number(b->device), device_number(current_device));
		return INVALID_VALUE;
	}
	release(*(sim_block_info *)b);
	return OK;
}

size_t memory_live(const sim_device *d) { return d->live_bytes; }

void memory_free_all(sim_device *d) {
	for (auto &b : blocks)
		if (!b.freed && b.device == d) {
			stats.leaked++;
			fault("leak: %zu bytes were still allocated when the context was destroyed", b.size);
			release(b);
		}
}

// nearest is the last allocation that begins at or below p.
static const sim_block_info *nearest(uintptr_t p) {
	const sim_block_info *found = nullptr;
	for (auto &b : blocks)
		if (b.base <= p && (found == nullptr || b.base > found->base))
			found = &b;
	return found;
}

bool memory_check(uintptr_t p, size_t n, const char *what) {
	if (memory_in_arena(p)) {
		const sim_block_info *b = memory_owner(p);
		if (b != nullptr && !b->freed && p + n <= b->base + b->size) {
			const sim_device *here = on != nullptr ? on : current_device;
			if (b->device == here)
				return true;
			fault("%s of %zu bytes of device %d, on device %d", what, n, device_number(b->device), device_number(here));
			return false;
		}
		if ((b = nearest(p)) == nullptr)
			fault("%s of %zu bytes before every allocation", what, n);
		else if (b->freed && p < b->base + b->size)
			fault("%s of %zu bytes in a buffer of %zu bytes that was freed", what, n, b->size);
		else
			fault("%s of %zu bytes at offset %zu of a buffer of %zu bytes", what, n, (size_t)(p - b->base), b->size);
		return false;
	}
	if (memory_is_host(p, n))
		return true;
	fault("%s of %zu bytes at %#zx, which is no device memory", what, n, (size_t)p);
	return false;
}

int memory_host_alloc(size_t n, void **p) {
	*p = aligned_alloc(4096, (n + 4095) / 4096 * 4096);
	if (*p == nullptr)
		return OUT_OF_MEMORY;
	host[(uintptr_t)*p] = n;
	return OK;
}

int memory_host_free(void *p) {
	if (host.erase((uintptr_t)p) == 0)
		return INVALID_VALUE;
	free(p);
	return OK;
}

bool memory_is_host(uintptr_t p, size_t n) {
	auto it = host.upper_bound(p);
	return it != host.begin() && (--it, p + n <= it->first + it->second);
}
