// Batches: fetched from the resident data set, scaled, drawn to bits and corrupted in one pass.
#include "bfloat16.cuh"
#include "noise.cuh"

// scaled is v / 255, rounded once: the product with 1/255 and what it lacks, in place of a division, which is many
// instructions and a call (TestGatherOfAllBytes).
DEVICE float scaled(u8 v) {
	float x = (float)v, q = __fmul_rn(x, 0.003921568859368563f);
	return __fmaf_rn(__fmaf_rn(-255.0f, q, x), 0.003921568859368563f, q);
}
DEVICE float scaled(float v) { return v; }

DEVICE Four scaled(uchar4 v) { return {{scaled(v.x), scaled(v.y), scaled(v.z), scaled(v.w)}}; }
DEVICE Four scaled(float4 v) { return {{v.x, v.y, v.z, v.w}}; }

// Quad is four neighbours of data of type T, as one load.
template <class T> struct Quad;
template <> struct Quad<u8> { typedef uchar4 type; };
template <> struct Quad<float> { typedef float4 type; };

// corrupted is x damaged: u < p ? 0 : x, x + p n, or u < p/2 ? low : u < p ? high : x.
DEVICE float corrupted(int kind, float x, float u, float n, float p, float low, float high) {
	switch (kind) {
	case MASKING: return u < p ? 0.0f : x;
	case GAUSSIAN_NOISE: return __fadd_rn(x, __fmul_rn(p, n));
	case SALT_AND_PEPPER: return u < __fmul_rn(p, 0.5f) ? low : u < p ? high : x;
	}
	return x;
}

// over_rows runs f(q, j, from) for every q < n / size, a part of size elements of a matrix of n elements, cols a row. The
// part's first one is in column j of the row that comes from row *from of the data, those behind it from from[1] on. row(b)
// is where row b comes from: a block has a range of neighbours and works that out once a row, however many parts the row
// has, for a piece of its range at a time that reaches over no more rows than the block has threads.
//
//	known: BLOCK
template <class R, class F> DEVICE void over_rows(i64 n, i64 size, i64 cols, R row, F f, u64 *known) {
	i64 parts = (n + size - 1) / size, each = (parts + gridDim.x - 1) / gridDim.x;
	each = (each + BLOCK - 1) / BLOCK * BLOCK;
	i64 begin = blockIdx.x * each, end = begin + each < parts ? begin + each : parts, piece = (BLOCK - 2) * cols / size;
	for (; begin < end; begin += piece) {
		i64 stop = begin + piece < end ? begin + piece : end, past = stop * size < n ? stop * size : n;
		i64 first = quotient(begin * size, cols);
		__syncthreads(); // all have done the piece before
		if ((first + threadIdx.x) * cols < past)
			known[threadIdx.x] = row(first + threadIdx.x);
		__syncthreads();
#pragma unroll 1 // unrolled it spills, and gains nothing: no load may pass a store
		for (i64 q = begin + threadIdx.x; q < stop; q += BLOCK) {
			i64 b = quotient(q * size, cols);
			f(q, q * size - b * cols, known + (b - first));
		}
	}
}

// fetched is four neighbours, of which m are there, from column j of row *from on. With whole they lie in one row and on a
// boundary of their own size.
template <class T> DEVICE Four fetched(const T *data, const u64 *from, i64 j, int m, i64 cols, bool whole) {
	if (whole)
		return scaled(*(const typename Quad<T>::type *)(data + *from * cols + j));
	Four x;
	for (int i = 0; i < 4; i++) {
		x.v[i] = i < m ? scaled(data[*from * cols + j]) : 0.0f;
		if (++j == cols) {
			j = 0;
			from++;
		}
	}
	return x;
}

// gather is what the entries below say, on data of type T. A thread makes four elements that share a block of noise.
template <class T>
DEVICE void gather(Sink clean, Sink noisy, const T *data, const Clock *clock, i64 rows, i64 batch, i64 cols, i64 flags,
                   i64 kind, float level, float low, float high, i64 first, u64 *known) {
	i64 n = batch * cols;
	u64 seed = clock->seed, step = clock->step;
	bool wide = aligned(clean.f, noisy.f), whole = cols % 4 == 0 && (u64)data % (4 * sizeof(T)) == 0;
	auto row = [=](i64 b) {
		u64 from = flags & GATHER_FETCHED ? b : clock->row + b;
		return flags & GATHER_SHUFFLE && !(flags & GATHER_FETCHED) ? permuted(clock, rows, from) : from;
	};
	auto make = [=](i64 q, i64 j, const u64 *from) {
		int m = count(q, n);
		Four x = fetched(data, from, j, m, cols, whole);
		if (flags & GATHER_BINARISE) {
			Words bits = philox(seed, STREAM_BINARISE, step, (u32)(first + q));
			for (int i = 0; i < 4; i++)
				x.v[i] = uniform(bits.w[i]) < x.v[i] ? 1.0f : 0.0f;
		}
		put(clean, q, m, wide, x);
		if (!noisy.f && !noisy.half)
			return;
		if (kind != NO_CORRUPTION) {
			Words noise = philox(seed, STREAM_CORRUPT, step, (u32)(first + q));
			Four normal = {{0, 0, 0, 0}};
			if (kind == GAUSSIAN_NOISE)
				normal = normals(noise);
			for (int i = 0; i < 4; i++)
				x.v[i] = corrupted((int)kind, x.v[i], uniform(noise.w[i]), normal.v[i], level, low, high);
		}
		put(noisy, q, m, wide, x);
	};
	over_rows(n, 4, cols, row, make, known);
}

// gather is clean[b,:] = data[perm(row + b),:], a byte v being v / 255, as bits with GATHER_BINARISE, and
// noisy = corrupted(clean), with kind a CorruptionKind, drawn from block first on. Either output may be none. With
// GATHER_FETCHED the data is the batch, as prefetch left it.
//
//	clean, noisy (halves: batch x ld): batch x cols, data: rows x cols
KERNEL gather_fwd_u8(float *clean, u16 *clean_half, float *noisy, u16 *noisy_half, i64 ld, const u8 *data,
                     const Clock *clock, i64 rows, i64 batch, i64 cols, i64 flags, i64 kind, float level, float low,
                     float high, i64 first) {
	__shared__ u64 known[BLOCK];
	Sink c = {clean, clean_half, cols, ld}, n = {noisy, noisy_half, cols, ld};
	gather(c, n, data, clock, rows, batch, cols, flags, kind, level, low, high, first, known);
}

// gather is clean[b,:] = data[perm(row + b),:], as bits with GATHER_BINARISE, and noisy = corrupted(clean), with kind a
// CorruptionKind, drawn from block first on. Either output may be none. With GATHER_FETCHED the data is the batch, as
// prefetch left it.
//
//	clean, noisy (halves: batch x ld): batch x cols, data: rows x cols
KERNEL gather_fwd_f32(float *clean, u16 *clean_half, float *noisy, u16 *noisy_half, i64 ld, const float *data,
                     const Clock *clock, i64 rows, i64 batch, i64 cols, i64 flags, i64 kind, float level, float low,
                     float high, i64 first) {
	__shared__ u64 known[BLOCK];
	Sink c = {clean, clean_half, cols, ld}, n = {noisy, noisy_half, cols, ld};
	gather(c, n, data, clock, rows, batch, cols, flags, kind, level, low, high, first, known);
}

// prefetch copies rows of so many words; W is as much of a row as a thread copies at a time.
//
//	batch: n x words, data: rows x words
template <class W>
DEVICE void prefetch(W *batch, const W *data, const Clock *clock, i64 rows, i64 n, i64 words, i64 ahead, i64 flags, u64 *known) {
	auto row = [=](i64 b) {
		u64 from = clock->row + ahead + b;
		return flags & GATHER_SHUFFLE && from < (u64)rows ? permuted(clock, rows, from) : from;
	};
	auto copy = [=](i64 q, i64 j, const u64 *from) {
		if (*from < (u64)rows)
			batch[q] = data[*from * words + j];
	};
	over_rows(n * words, 1, words, row, copy, known);
}

// prefetch is batch[b,:] = data[perm(row + ahead + b),:] for b < n, rows of size bytes; those past the end of the data are
// left out. Of the flags it looks at GATHER_SHUFFLE.
//
//	batch: n x size, data: rows x size
KERNEL prefetch_fwd_u8(u8 *batch, const u8 *data, const Clock *clock, i64 rows, i64 n, i64 size, i64 ahead, i64 flags) {
	__shared__ u64 known[BLOCK];
	u64 all = (u64)batch | (u64)data | (u64)size;
	if ((all & 15) == 0)
		prefetch((uint4 *)batch, (const uint4 *)data, clock, rows, n, size / 16, ahead, flags, known);
	else if ((all & 3) == 0)
		prefetch((u32 *)batch, (const u32 *)data, clock, rows, n, size / 4, ahead, flags, known);
	else
		prefetch(batch, data, clock, rows, n, size, ahead, flags, known);
}

// tick ends a step of rows examples.
KERNEL tick_u64(Clock *clock, i64 rows) {
	if (blockIdx.x == 0 && threadIdx.x == 0)
		tick(clock, rows);
}
