// Bytes: what launches read and write of device memory, every byte once a launch, and none that the launch has itself
// written before: what would move if each launch had a cache that forgets nothing. With AEGPU_CUDASIM_BYTES set kernels
// are counted instead of checked, and products are counted instead of computed: they make zeros.
#include <stdlib.h>

#include "sim.h"

// What a launch did to a page of 4096 bytes, a bit each.
struct page { uint64_t launch, read[64], written[64]; };

static page **pages;

bool counting_bytes;

void bytes_launch_begin() {
	const char *v = getenv("AEGPU_CUDASIM_BYTES");
	counting_bytes = v != nullptr && *v;
	if (counting_bytes && pages == nullptr)
		pages = (page **)memory_reserve(ARENA / 4096 * sizeof(page *));
}

static page *page_of(uintptr_t p) {
	page *&g = pages[memory_offset(p) / 4096];
	if (g == nullptr)
		g = (page *)calloc(1, sizeof(page));
	if (g->launch != stats.launches)
		*g = {stats.launches, {}, {}};
	return g;
}

static size_t ones(uint64_t bits, uint64_t all, size_t n) { return bits == all ? n : __builtin_popcountll(bits); }

void bytes_touch(uintptr_t p, size_t n, bool write) {
	for (uintptr_t end = p + n; p < end;) {
		size_t at = p % 64, some = end - p < 64 - at ? end - p : 64 - at;
		uint64_t bits = (some == 64 ? ~0ull : (1ull << some) - 1) << at;
		page *g = page_of(p);
		uint64_t *read = &g->read[p % 4096 / 64], *written = &g->written[p % 4096 / 64];
		if (write) {
			stats.bytes_written += ones(bits & ~*written, bits, some);
			*written |= bits;
		} else {
			stats.bytes_read += ones(bits & ~(*read | *written), bits, some);
			*read |= bits;
		}
		p += some;
	}
}

// cudasim_moved is the bytes that launches have read and written since the process began, and whether they are counted.
EXPORT bool cudasim_moved(uint64_t *read, uint64_t *written) {
	bytes_launch_begin();
	*read = stats.bytes_read;
	*written = stats.bytes_written;
	return counting_bytes && strcmp(SIM_KIND, "checked") == 0;
}
