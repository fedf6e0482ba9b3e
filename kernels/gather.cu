// Batches: fetched from the resident data set, scaled, drawn to bits and corrupted in one pass.
#include "bfloat16.cuh"
#include "noise.cuh"

enum Corruption { NO_CORRUPTION, MASKING, GAUSSIAN, SALT_AND_PEPPER };
enum { STREAM_BINARISE = 0x200, STREAM_CORRUPT = 0x300 };
enum { SHUFFLE = 1, BINARISE = 2, STAGED = 4 };

DEVICE float scaled(u8 v) { return __fdiv_rn((float)v, 255.0f); }
DEVICE float scaled(float v) { return v; }

// corrupted is x damaged: u < p ? 0 : x, x + p n, or u < p/2 ? low : u < p ? high : x.
DEVICE float corrupted(int kind, float x, float u, float n, float p, float low, float high) {
	switch (kind) {
	case MASKING: return u < p ? 0.0f : x;
	case GAUSSIAN: return __fadd_rn(x, __fmul_rn(p, n));
	case SALT_AND_PEPPER: return u < __fmul_rn(p, 0.5f) ? low : u < p ? high : x;
	}
	return x;
}

// gather is clean[b,:] = data[perm(row + b),:], as bits with BINARISE, and noisy = corrupted(clean). A thread makes four
// elements that share a block of noise. Either output may be none. With STAGED the data is the batch, as prefetch left it.
//
//	clean, noisy (halves: batch x ld): batch x cols, data: rows x cols
template <class T>
DEVICE void gather(Sink clean, Sink noisy, const T *data, const Clock *clock, i64 rows, i64 batch, i64 cols, i64 flags,
                   i64 kind, float level, float low, float high) {
	i64 n = batch * cols;
	bool wide = aligned(clean.f, noisy.f);
	EACH(q, (n + 3) / 4) {
		Words bits = {{0, 0, 0, 0}}, noise = {{0, 0, 0, 0}};
		Four normal = {{0, 0, 0, 0}};
		if (flags & BINARISE)
			bits = noise_block(clock, STREAM_BINARISE, q);
		if (kind != NO_CORRUPTION)
			noise = noise_block(clock, STREAM_CORRUPT, q);
		if (kind == GAUSSIAN)
			normal = normals(noise);
		i64 seen = -1;
		u64 from = 0;
		Four x, y;
		int m = count(q, n);
		i64 b = quotient(4 * q, cols), j = 4 * q - b * cols;
		for (int i = 0; i < 4; i++, j++) {
			if (i >= m)
				break;
			if (j == cols) {
				j = 0;
				b++;
			}
			if (b != seen) {
				from = flags & STAGED ? b : clock->row + b;
				from = flags & SHUFFLE && !(flags & STAGED) ? permuted(clock, rows, from) : from;
				seen = b;
			}
			x.v[i] = scaled(data[from * cols + j]);
			if (flags & BINARISE)
				x.v[i] = uniform(bits.w[i]) < x.v[i] ? 1.0f : 0.0f;
			y.v[i] = corrupted((int)kind, x.v[i], uniform(noise.w[i]), normal.v[i], level, low, high);
		}
		put(clean, q, m, wide, x);
		put(noisy, q, m, wide, y);
	}
}

KERNEL gather_fwd_u8(float *clean, u16 *clean_half, float *noisy, u16 *noisy_half, i64 ld, const u8 *data,
                     const Clock *clock, i64 rows, i64 batch, i64 cols, i64 flags, i64 kind, float level, float low,
                     float high) {
	Sink c = {clean, clean_half, cols, ld}, n = {noisy, noisy_half, cols, ld};
	gather(c, n, data, clock, rows, batch, cols, flags, kind, level, low, high);
}

KERNEL gather_fwd_f32(float *clean, u16 *clean_half, float *noisy, u16 *noisy_half, i64 ld, const float *data,
                     const Clock *clock, i64 rows, i64 batch, i64 cols, i64 flags, i64 kind, float level, float low,
                     float high) {
	Sink c = {clean, clean_half, cols, ld}, n = {noisy, noisy_half, cols, ld};
	gather(c, n, data, clock, rows, batch, cols, flags, kind, level, low, high);
}

// prefetch is batch[b,:] = data[perm(row + ahead + b),:]; rows past the end are left out. W is as much of a row as a thread
// copies at a time.
//
//	batch: n x words, data: rows x words
template <class W>
DEVICE void prefetch(W *batch, const W *data, const Clock *clock, i64 rows, i64 n, i64 words, i64 ahead, i64 flags) {
	EACH(q, n * words) {
		i64 b = quotient(q, words);
		u64 from = clock->row + ahead + b;
		if (from >= (u64)rows)
			continue;
		from = flags & SHUFFLE ? permuted(clock, rows, from) : from;
		batch[q] = data[from * words + q - b * words];
	}
}

// Rows are of size bytes.
KERNEL prefetch_fwd_u8(u8 *batch, const u8 *data, const Clock *clock, i64 rows, i64 n, i64 size, i64 ahead, i64 flags) {
	u64 all = (u64)batch | (u64)data | (u64)size;
	if ((all & 15) == 0)
		prefetch((uint4 *)batch, (const uint4 *)data, clock, rows, n, size / 16, ahead, flags);
	else if ((all & 3) == 0)
		prefetch((u32 *)batch, (const u32 *)data, clock, rows, n, size / 4, ahead, flags);
	else
		prefetch(batch, data, clock, rows, n, size, ahead, flags);
}

// tick ends a step of rows examples.
KERNEL tick_u64(Clock *clock, i64 rows) {
	if (blockIdx.x == 0 && threadIdx.x == 0)
		tick(clock, rows);
}
