// The k largest elements of every row.
#include "activation.cuh"
#include "reduce.cuh"

// ordered maps a float to an integer of the same order; both zeros are one value.
DEVICE u32 ordered(float v) {
	u32 u = __float_as_uint(v == 0 ? 0.0f : v);
	return u >> 31 ? ~u : u | 0x80000000u;
}

struct Select {
	u32 bins[256];
	u32 prefix, wanted; // of the k-th largest key: the digits found so far, its rank among the keys that share them
	u32 warp_ties[WARPS];
};

// digit finds the bin of the wanted-th largest of the keys that were counted, a warp with eight bins a lane from the top
// down, and takes the keys above it from wanted. One lane finds it: the first with as many in its own bins and above.
DEVICE void digit(u32 prefix, u32 wanted, int shift, int lane, Select *s) {
	u32 bins[8], mine = 0;
	for (int i = 0; i < 8; i++)
		mine += bins[i] = s->bins[255 - 8 * lane - i];
	u32 above = mine;
	for (int by = 1; by < 32; by *= 2) {
		u32 more = __shfl_up_sync(0xffffffffu, above, by);
		above += lane >= by ? more : 0;
	}
	above -= mine;
	if (above >= wanted || (above + mine < wanted && lane < 31))
		return;
	u32 found = 255 - 8 * lane, left = wanted - above;
	for (int i = 0; i < 7; i++) {
		if (bins[i] >= left)
			break;
		left -= bins[i];
		found--;
	}
	s->prefix = prefix | found << shift;
	s->wanted = left;
}

// kth finds the k-th largest key of a row digit by digit (radix selection). It leaves the key in prefix and in wanted how
// many of the keys equal to it belong to the k.
DEVICE void kth(const float *x, i64 cols, i64 k, Select *s) {
	if (threadIdx.x == 0) {
		s->prefix = 0;
		s->wanted = (u32)k;
	}
	for (int shift = 24; shift >= 0; shift -= 8) {
		s->bins[threadIdx.x] = 0;
		__syncthreads();
		u32 prefix = s->prefix, wanted = s->wanted, known = shift == 24 ? 0 : ~0u << (shift + 8);
		for (i64 j = threadIdx.x; j < cols; j += blockDim.x) {
			u32 key = ordered(x[j]);
			if ((key & known) == prefix)
				atomicAdd(&s->bins[key >> shift & 255], 1u);
		}
		__syncthreads();
		if (threadIdx.x < 32)
			digit(prefix, wanted, shift, threadIdx.x, s);
		__syncthreads();
	}
}

// topk keeps the k largest elements of a row, the first of equals, and zeroes the rest; a block a row.
//
//	y (half: rows x ld), x: rows x cols
KERNEL topk_fwd_f32(float *y, u16 *half, i64 ld, const float *x, i64 rows, i64 cols, i64 k) {
	__shared__ Select s;
	Sink out = {y, half, cols, ld};
	int lane = threadIdx.x & 31, warp = threadIdx.x / 32;
	for (i64 r = blockIdx.x; r < rows; r += gridDim.x) {
		const float *row = x + r * cols;
		kth(row, cols, k, &s);
		u32 key = s.prefix, room = s.wanted, before = 0;
		for (i64 from = 0; from < cols; from += blockDim.x) {
			i64 j = from + threadIdx.x;
			float v = j < cols ? row[j] : 0.0f;
			u32 mine = ordered(v);
			bool tie = j < cols && mine == key;
			u32 votes = __ballot_sync(0xffffffffu, tie);
			if (lane == 0)
				s.warp_ties[warp] = __popc(votes);
			__syncthreads();
			u32 rank = before + __popc(votes & ((1u << lane) - 1));
			for (int i = 0; i < WARPS; i++) {
				rank += i < warp ? s.warp_ties[i] : 0;
				before += s.warp_ties[i];
			}
			if (j < cols)
				put(out, r, j, mine > key || (tie && rank < room) ? v : 0.0f);
			__syncthreads();
		}
	}
}

// topk_bwd is dx = [y != 0] . dy . s'(saved); dx may be dy.
//
//	dx, dy, saved (halves: rows x ld), y: rows x cols
KERNEL topk_bwd_f32(float *dx, u16 *half, i64 ld, const float *dy, const u16 *dy_half, const float *y, i64 rows, i64 cols,
                    const float *saved, const u16 *saved_half, i64 act) {
	Sink to = {dx, half, cols, ld};
	Source from = {dy, dy_half, cols, ld};
	Slope slope = {(int)act, {saved, saved_half, cols, ld}};
	EACH(i, rows * cols) {
		i64 r = quotient(i, cols), j = i - r * cols;
		put(to, r, j, times(y[i] != 0 ? load(from, r, j) : 0.0f, slope, r, j));
	}
}
