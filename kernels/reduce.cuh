// Reductions in a fixed order, so that a run gives the same bits every time: no atomic ever adds a float. A sum over the
// grid leaves one partial sum a block and the block that finishes last adds them up in order; a counter, which that
// block leaves at zero, tells which one it is.
#pragma once
#include "common.cuh"

// Scratch is the shared memory of a reduction.
struct Scratch {
	double warp[WARPS];
	double column[WARPS][33];
	u32 last;
};

DEVICE double warp_sum(double v) {
	for (int with = 16; with > 0; with /= 2)
		v += __shfl_xor_sync(0xffffffffu, v, with);
	return v;
}

DEVICE float warp_max(float v) {
	for (int with = 16; with > 0; with /= 2)
		v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, with));
	return v;
}

// block_sum is the sum of v over the block, in every thread.
DEVICE double block_sum(double v, Scratch *s) {
	v = warp_sum(v);
	__syncthreads();
	if ((threadIdx.x & 31) == 0)
		s->warp[threadIdx.x / 32] = v;
	__syncthreads();
	double sum = 0;
	for (int i = 0; i < WARPS; i++)
		sum += s->warp[i];
	return sum;
}

// block_max is the maximum of v over the block, in every thread.
DEVICE float block_max(float v, Scratch *s) {
	v = warp_max(v);
	__syncthreads();
	if ((threadIdx.x & 31) == 0)
		s->warp[threadIdx.x / 32] = v;
	__syncthreads();
	float m = (float)s->warp[0];
	for (int i = 1; i < WARPS; i++)
		m = fmaxf(m, (float)s->warp[i]);
	return m;
}

// last_block is whether this is the last of n blocks to get here; what the others wrote before is then visible.
DEVICE bool last_block(u32 *count, i64 n, Scratch *s) {
	__threadfence();
	__syncthreads();
	if (threadIdx.x == 0)
		s->last = atomicInc(count, (u32)n - 1) == (u32)n - 1;
	__syncthreads();
	__threadfence();
	return s->last != 0;
}

// warp_part is what a lane adds up of the partial sums from to to of part, stride apart: every 32nd. Eight are read before
// the first is added, since each comes from far.
DEVICE double warp_part(const double *part, i64 from, i64 to, i64 stride, int lane) {
	double v = 0;
	for (i64 i = from + lane; i < to; i += 8 * 32) {
		double some[8];
		for (int k = 0; k < 8; k++)
			some[k] = i + 32 * k < to ? ((volatile const double *)part)[(i + 32 * k) * stride] : 0;
		for (int k = 0; k < 8; k++)
			v += some[k];
	}
	return v;
}

// add_parts is *to += scale times the sum of v over the threads of n blocks, of which this is block at. The one that gets
// here last adds the parts up.
//
//	part: n, count: 1
DEVICE void add_parts(double *to, double scale, double v, i64 at, i64 n, double *part, u32 *count, Scratch *s) {
	v = block_sum(v, s);
	if (threadIdx.x == 0)
		part[at] = v;
	if (!last_block(count, n, s))
		return;
	v = 0;
	for (i64 i = threadIdx.x; i < n; i += blockDim.x)
		v += ((volatile double *)part)[i];
	v = block_sum(v, s);
	if (threadIdx.x == 0)
		*to += scale * v;
}

// grid_add is *to += scale times the sum of v over the grid.
//
//	part: gridDim.x, count: 1
DEVICE void grid_add(double *to, double scale, double v, double *part, u32 *count, Scratch *s) {
	add_parts(to, scale, v, blockIdx.x, gridDim.x, part, count, s);
}

// row_sums is out[r] = sum_j f(r, j) over n rows of cols, a block a row.
template <class F> DEVICE void row_sums(F f, float *out, i64 n, i64 cols, Scratch *s) {
	for (i64 r = blockIdx.x; r < n; r += gridDim.x) {
		double v = 0;
		for (i64 j = threadIdx.x; j < cols; j += blockDim.x)
			v += f(r, j);
		v = block_sum(v, s);
		if (threadIdx.x == 0)
			out[r] = (float)v;
	}
}

// exp_sum is sum_j exp(x[j] - top) over the n elements of x, in every thread of the block.
DEVICE double exp_sum(const float *x, i64 n, float top, Scratch *s) {
	double sum = 0;
	for (i64 j = threadIdx.x; j < n; j += blockDim.x)
		sum += expf(x[j] - top);
	return block_sum(sum, s);
}

// over_warps is the sum of v over the block's warps, lane by lane, in the first warp.
DEVICE double over_warps(double v, int lane, int warp, Scratch *s) {
	__syncthreads();
	s->column[warp][lane] = v;
	__syncthreads();
	v = 0;
	for (int i = 0; i < WARPS && warp == 0; i++)
		v += s->column[i][lane];
	return v;
}

// column_sum is sum_r f(r, j) over rows x cols, for the column j of this thread, TILE columns a block. Blocks are tiles of
// columns times chunks of rows: gridDim.x = tiles * chunks. It returns true in the blocks that have the sums, where those
// of threads 0 to 31 hold, *column being below cols.
//
//	part: chunks x cols, count: tiles
template <class F>
DEVICE bool column_sum(F f, i64 rows, i64 cols, i64 chunks, i64 *column, double *sum, double *part, u32 *count, Scratch *s) {
	i64 tiles = (cols + TILE - 1) / TILE, tile = blockIdx.x % tiles, chunk = blockIdx.x / tiles;
	int x = threadIdx.x & 31, y = threadIdx.x / 32;
	i64 j = tile * TILE + x;
	double v = 0;
	if (j < cols)
		for (i64 r = chunk * WARPS + y; r < rows; r += chunks * WARPS)
			v += f(r, j);
	*column = j;
	*sum = over_warps(v, x, y, s);
	if (chunks == 1)
		return true;
	if (y == 0 && j < cols)
		part[chunk * cols + j] = *sum;
	if (!last_block(&count[tile], chunks, s))
		return false;
	v = 0;
	if (j < cols)
		for (i64 c = y; c < chunks; c += WARPS)
			v += ((volatile double *)part)[c * cols + j];
	*sum = over_warps(v, x, y, s);
	return true;
}

// tile_add is *to += scale times the sum of v over the blocks in which column_sum is true.
//
//	tile_part: tiles, count: tiles + 1
DEVICE void tile_add(double *to, double scale, double v, i64 cols, double *tile_part, u32 *count, Scratch *s) {
	i64 tiles = (cols + TILE - 1) / TILE;
	add_parts(to, scale, v, blockIdx.x % tiles, tiles, tile_part, &count[tiles], s);
}
