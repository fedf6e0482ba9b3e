// Launches: blocks one after the other; the threads of a block as a plain loop where the kernel never waits, else as
// fibers that a scheduler resumes in turn.
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>

#include "sim.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#define ASAN_START(save, bottom, size) __sanitizer_start_switch_fiber(save, bottom, size)
#define ASAN_FINISH(save, bottom, size) __sanitizer_finish_switch_fiber(save, bottom, size)
#else
#define ASAN_START(save, bottom, size) ((void)0)
#define ASAN_FINISH(save, bottom, size) ((void)0)
#endif

extern "C" void sim_switch(void **save, void *to);

uint3 sim_thread, sim_block, sim_block_dim, sim_grid_dim;
const sim_kernel *running;
unsigned warp_epochs[64], block_epoch;

enum { MAX_THREADS = 1024, STACK = 128 << 10 };
enum state { READY, AT_BARRIER, AT_WARP, DONE };

struct fiber {
	void *sp;
	state st;
	int line;
	unsigned mask, turn;  // of a warp operation; turn picks one of two exchange buffers
	bool orders_memory;
};
static fiber fibers[MAX_THREADS];
static uint64_t exchange[2][MAX_THREADS];
static char *stacks;
static void *scheduler_sp;
static void **current_params;
static jmp_buf escape;
static bool in_fibers, aborted;
#if defined(__SANITIZE_ADDRESS__)
static const void *scheduler_bottom;
static size_t scheduler_size;
static void *scheduler_fake;
#endif

static const sim_kernel *kernels;

void sim_register(sim_kernel *k) {
	k->next = kernels;
	kernels = k;
}

const sim_kernel *find_kernel(const char *name) {
	for (const sim_kernel *k = kernels; k != nullptr; k = k->next)
		if (strcmp(k->name, name) == 0)
			return k;
	return nullptr;
}

bool on_kernel_stack(uintptr_t p) {
	char *here = (char *)__builtin_frame_address(0);
	if (!in_fibers)
		return p - (uintptr_t)(here - (1 << 20)) < (2u << 20);
	return stacks != nullptr && p - (uintptr_t)stacks < (size_t)MAX_THREADS * STACK;
}

static void leave(fiber *f) {
	ASAN_START(f->st == DONE ? nullptr : &scheduler_fake, scheduler_bottom, scheduler_size);
	sim_switch(&f->sp, scheduler_sp);
	ASAN_FINISH(nullptr, nullptr, nullptr);
}

static void fiber_main() {
	ASAN_FINISH(nullptr, &scheduler_bottom, &scheduler_size);
	fiber *f = &fibers[sim_thread.x];
	running->call(current_params);
	f->st = DONE;
	leave(f);
	__builtin_unreachable();
}

static void prepare(unsigned t) {
	void **top = (void **)(stacks + (size_t)(t + 1) * STACK);
#if defined(__x86_64__)
	*--top = nullptr; // keeps the stack aligned as after a call
	*--top = (void *)fiber_main;
	top -= 6;
#else
	top -= 20;
	top[11] = (void *)fiber_main; // x30
#endif
	fibers[t] = {top, READY, 0, 0, 0, false};
}

static void resume(unsigned t) {
	sim_thread = {t, 0, 0};
	ASAN_START(&scheduler_fake, stacks + (size_t)t * STACK, STACK);
	sim_switch(&scheduler_sp, fibers[t].sp);
	ASAN_FINISH(scheduler_fake, nullptr, nullptr);
}

void abort_kernel() {
	aborted = true;
	if (!in_fibers)
		longjmp(escape, 1);
	fiber *f = &fibers[sim_thread.x];
	f->st = DONE;
	leave(f);
	__builtin_unreachable();
}

void sim_trap() {
	fault("trap");
	abort_kernel();
}

static void wait(state st, int line, unsigned mask, bool orders_memory) {
	if (!in_fibers) {
		fault("a kernel without barriers in its PTX waits at line %d: regenerate the PTX", line);
		abort_kernel();
	}
	fiber *f = &fibers[sim_thread.x];
	f->st = st;
	f->line = line;
	f->mask = mask;
	f->orders_memory = orders_memory;
	leave(f);
	sim_thread = {(unsigned)(f - fibers), 0, 0};
}

void sim_barrier(int line) { wait(AT_BARRIER, line, 0, false); }
void sim_warp(unsigned mask, int line, bool orders_memory) { wait(AT_WARP, line, mask, orders_memory); }

uint64_t sim_exchange(unsigned mask, int line, uint64_t mine, int from) {
	unsigned t = sim_thread.x, turn = fibers[t].turn++ & 1;
	exchange[turn][t] = mine;
	sim_warp(mask, line, false);
	return exchange[turn][(t & ~31u) + from];
}

unsigned sim_ballot(unsigned mask, int line, bool vote) {
	unsigned t = sim_thread.x, turn = fibers[t].turn++ & 1, all = 0;
	exchange[turn][t] = vote;
	sim_warp(mask, line, false);
	for (unsigned lane = 0; lane < 32; lane++)
		all |= (mask >> lane & 1 && exchange[turn][(t & ~31u) + lane]) ? 1u << lane : 0;
	return all;
}

// release_warp lets the lanes of a warp go on if all of their mask wait at the same place.
static bool release_warp(unsigned first) {
	unsigned waiting = 0, mask = 0;
	int line = 0;
	for (unsigned i = 0; i < 32; i++) {
		fiber *f = &fibers[first + i];
		if (f->st != AT_WARP)
			continue;
		if (waiting != 0 && (f->line != line || f->mask != mask))
			return false;
		waiting |= 1u << i;
		mask = f->mask;
		line = f->line;
	}
	if (waiting == 0 || waiting != mask)
		return false;
	warp_epochs[first / 32] += fibers[first].orders_memory;
	for (unsigned i = 0; i < 32; i++)
		if (mask >> i & 1)
			fibers[first + i].st = READY;
	return true;
}

// release_block lets the threads go on if all that are not done wait at the same barrier.
static bool release_block(unsigned n) {
	int line = 0;
	for (unsigned t = 0; t < n; t++) {
		if (fibers[t].st == DONE)
			continue;
		if (fibers[t].st != AT_BARRIER)
			return false;
		if (line != 0 && line != fibers[t].line) {
			fault("threads of one block wait at different barriers, lines %d and %d", line, fibers[t].line);
			return false;
		}
		line = fibers[t].line;
	}
	block_epoch++;
	for (unsigned t = 0; t < n; t++)
		if (fibers[t].st == AT_BARRIER)
			fibers[t].st = READY;
	return line != 0;
}

static bool run_fibers(unsigned n) {
	if (stacks == nullptr)
		stacks = (char *)mmap(nullptr, (size_t)MAX_THREADS * STACK, PROT_READ | PROT_WRITE,
		                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	for (unsigned t = 0; t < n; t++)
		prepare(t);
	in_fibers = true;
	for (;;) {
		bool moved = false, alive = false;
		for (unsigned t = 0; t < n && !aborted; t++) {
			if (fibers[t].st == READY) {
				resume(t);
				moved = true;
			}
			alive |= fibers[t].st != DONE;
			if (t % 32 == 31)
				moved |= release_warp(t - 31);
		}
		if (aborted || !alive)
			break;
		moved |= release_block(n);
		if (!moved) {
			fault("deadlock: threads wait for others that are done or wait elsewhere");
			break;
		}
	}
	in_fibers = false;
	return !aborted;
}

static bool run_loop(unsigned n) {
	if (setjmp(escape) != 0)
		return false;
	for (unsigned t = 0; t < n; t++) {
		sim_thread = {t, 0, 0};
		running->call(current_params);
	}
	return true;
}

int launch(const sim_kernel *k, unsigned grid, unsigned block, void **params) {
	running = k;
	current_params = params;
	sim_grid_dim = {grid, 1, 1};
	sim_block_dim = {block, 1, 1};
	aborted = false;
	check_launch_begin();
	stats.launches++;
	for (unsigned b = 0; b < grid && !check_failed; b++) {
		sim_block = {b, 0, 0};
		block_epoch = 0;
		memset(warp_epochs, 0, sizeof warp_epochs);
		check_block_begin();
		if (!(k->waits ? run_fibers(block) : run_loop(block)))
			break;
		check_block_end();
	}
	running = nullptr;
	return check_failed ? ILLEGAL_ADDRESS : OK;
}
