// Bytes: what launches read and write of device memory, every byte once a launch, and none that the launch has itself
// written before: what would move if each launch had a cache that forgets nothing. With AEGPU_CUDASIM_BYTES set kernels
// are counted instead of checked, and products are counted instead of computed: they make zeros. Which bytes they were also
// tells which nodes of a graph may not run at the same time (graph.cc).
#include <stdlib.h>

#include <algorithm>
#include <vector>

#include "sim.h"

// What the launch did to a page of 4096 bytes, a bit each.
struct page {
	uint64_t launch;
	sim_page bits;
};

static page **pages;
static uint64_t current;           // launch, fill or copy
static std::vector<page *> touched; // by it

bool counting_bytes;

void bytes_launch_begin() {
	const char *v = getenv("AEGPU_CUDASIM_BYTES");
	counting_bytes = v != nullptr && *v;
	if (counting_bytes && pages == nullptr)
		pages = (page **)memory_reserve(ARENA / 4096 * sizeof(page *));
	current++;
	touched.clear();
}

std::vector<sim_page> bytes_touched() {
	std::vector<sim_page> all;
	for (page *g : touched)
		all.push_back(g->bits);
	std::sort(all.begin(), all.end(), [](const sim_page &a, const sim_page &b) { return a.number < b.number; });
	touched.clear();
	return all;
}

static page *page_of(uintptr_t p) {
	page *&g = pages[memory_offset(p) / 4096];
	if (g == nullptr)
		g = (page *)calloc(1, sizeof(page));
	if (g->launch != current) {
		*g = {current, {memory_offset(p) / 4096, {}, {}}};
		touched.push_back(g);
	}
	return g;
}

static size_t ones(uint64_t bits, uint64_t all, size_t n) { return bits == all ? n : __builtin_popcountll(bits); }

void bytes_touch(uintptr_t p, size_t n, bool write, bool count) {
	for (uintptr_t end = p + n; p < end;) {
		size_t at = p % 64, some = end - p < 64 - at ? end - p : 64 - at;
		uint64_t bits = (some == 64 ? ~0ull : (1ull << some) - 1) << at;
		page *g = page_of(p);
		uint64_t *read = &g->bits.read[p % 4096 / 64], *written = &g->bits.written[p % 4096 / 64];
		if (count && write)
			stats.bytes_written += ones(bits & ~*written, bits, some);
		else if (count)
			stats.bytes_read += ones(bits & ~(*read | *written), bits, some);
		*(write ? written : read) |= bits;
		p += some;
	}
}

void bytes_move(uintptr_t to, uintptr_t from, size_t n) {
	bytes_launch_begin();
	if (!counting_bytes)
		return;
	bytes_touch(to, n, true, false);
	if (from != 0)
		bytes_touch(from, n, false, false);
}

// cudasim_moved is the bytes that launches have read and written since the process began, and whether they are counted.
EXPORT bool cudasim_moved(uint64_t *read, uint64_t *written) {
	sim_lock hold;
	bytes_launch_begin();
	*read = stats.bytes_read;
	*written = stats.bytes_written;
	return counting_bytes && strcmp(SIM_KIND, "checked") == 0;
}
