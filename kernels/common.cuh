// What every kernel stands on: sizes, the grid-stride loop, and the clock's layout.
//
// Every kernel runs in blocks of BLOCK threads, takes sizes of 64 bits, and accepts any number of elements and of blocks.
// A float pointer may be any element's address; where all are multiples of 16 bytes, loads and stores are four wide.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

#include "seam.cuh"

#define KERNEL extern "C" __global__ void __launch_bounds__(BLOCK)
#define DEVICE static __device__ __forceinline__

// EACH runs its body for every i in [0, n), spread over the grid.
#define EACH(i, n)                                                                                                     \
	for (i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x, i##_stride = (i64)gridDim.x * blockDim.x; i < (n);    \
	     i += i##_stride)

// Four is four neighbouring elements, 4q to 4q+3, of which the first count(q, n) are there.
struct Four { float v[4]; };

DEVICE int count(i64 q, i64 n) { return n - 4 * q < 4 ? (int)(n - 4 * q) : 4; }

// aligned is whether all of the pointers are multiples of 16 bytes; null is one.
DEVICE bool aligned(const void *a, const void *b = 0, const void *c = 0, const void *d = 0) {
	return (((u64)a | (u64)b | (u64)c | (u64)d) & 15) == 0;
}

DEVICE Four load(const float *p, i64 q, int m, bool wide) {
	if (wide && m == 4) {
		float4 f = ((const float4 *)p)[q];
		return {{f.x, f.y, f.z, f.w}};
	}
	Four f;
	for (int i = 0; i < 4; i++)
		f.v[i] = i < m ? p[4 * q + i] : 0.0f;
	return f;
}

DEVICE void store(float *p, i64 q, int m, bool wide, Four f) {
	if (wide && m == 4) {
		((float4 *)p)[q] = make_float4(f.v[0], f.v[1], f.v[2], f.v[3]);
		return;
	}
	for (int i = 0; i < 4; i++)
		if (i < m)
			p[4 * q + i] = f.v[i];
}

// quotient is a / b for sizes; a division of 64 bits costs several of 32.
DEVICE i64 quotient(i64 a, i64 b) { return (a | b) >> 31 ? a / b : (i64)((u32)a / (u32)b); }

DEVICE float clamp_log_var(float l) { return l < MIN_LOG_VAR ? MIN_LOG_VAR : l > MAX_LOG_VAR ? MAX_LOG_VAR : l; }
DEVICE bool clamped(float l) { return l < MIN_LOG_VAR || l > MAX_LOG_VAR; }

// Clock is a clock: its head and, in place of one row, the table.
struct Clock : ClockHead { Hyper table[1]; };
static_assert(sizeof(Clock) == sizeof(ClockHead) + sizeof(Hyper), "the table follows the head");

// tick ends a step of rows examples; one thread does it.
DEVICE void tick(Clock *c, i64 rows) {
	c->step++;
	c->row += rows;
	c->at++;
}

DEVICE Hyper hyper(const Clock *c) {
	Hyper zero = {0, 0, 0, 0, 0, {0, 0, 0}};
	if (c->table_len == 0)
		return zero;
	return c->table[c->at < c->table_len ? c->at : c->table_len - 1];
}
