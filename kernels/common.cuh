// What every kernel stands on: sizes, the grid-stride loop, and the clock's layout.
//
// Every kernel runs in blocks of 256 threads, takes sizes of 64 bits, and accepts any number of elements and of blocks.
// A float pointer may be any element's address: loads are four bytes wide unless a kernel says otherwise.
#pragma once

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

#define KERNEL extern "C" __global__ void __launch_bounds__(256)
#define DEVICE static __device__ __forceinline__

// EACH runs its body for every i in [0, n), spread over the grid.
#define EACH(i, n)                                                                                                     \
	for (i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x, i##_stride = (i64)gridDim.x * blockDim.x; i < (n);    \
	     i += i##_stride)

// Bounds that a log-variance is clamped to (backend.MinLogVar, backend.MaxLogVar).
#define MIN_LOG_VAR -20.0f
#define MAX_LOG_VAR 20.0f

DEVICE float clamp_log_var(float l) { return l < MIN_LOG_VAR ? MIN_LOG_VAR : l > MAX_LOG_VAR ? MAX_LOG_VAR : l; }
DEVICE bool clamped(float l) { return l < MIN_LOG_VAR || l > MAX_LOG_VAR; }

// Hyper is backend.Hyper.
struct Hyper { float lr, momentum, correct1, correct2, kl, unused[3]; };

// Clock is backend.Time with its table; keys are those of the epoch's permutation. table_len rows follow the header.
struct Clock {
	u64 seed, epoch, step, row;
	u64 at, table_len; // row of the table that holds now
	u32 keys[12];
	u64 unused[4];
	Hyper table[1];
};

DEVICE Hyper hyper(const Clock *c) {
	Hyper zero = {0, 0, 0, 0, 0, {0, 0, 0}};
	if (c->table_len == 0)
		return zero;
	return c->table[c->at < c->table_len ? c->at : c->table_len - 1];
}
