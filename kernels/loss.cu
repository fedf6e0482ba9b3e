// Losses: value and gradient in one pass over the network's output, a block a row (row_sums, whose f writes the gradient). rows[r] = loss(out[r], target[r/k]),
// dout = scale times its gradient by out times s'(saved); dout may be none, and may be out or saved itself.
#include "activation.cuh"
#include "bfloat16.cuh"
#include "reduce.cuh"

// loss_squared is sum (o - x)^2.
//
//	dout, saved (halves: n x ld), out: n x cols, target: n/k x cols, rows: n
KERNEL loss_squared_bwd_f32(float *dout, u16 *half, i64 ld, float *rows, const float *out, const float *target, i64 n,
                            i64 cols, i64 k, float scale, const float *saved,
                            const u16 *saved_half, i64 act) {
	__shared__ Scratch s;
	Sink to = {dout, half, cols, ld};
	Slope slope = {(int)act, {saved, saved_half, cols, ld}};
	auto f = [=](i64 r, i64 j) {
		float d = out[r * cols + j] - target[r / k * cols + j];
		put(to, r, j, times(2.0f * scale * d, slope, r, j));
		return d * d;
	};
	row_sums(f, rows, n, cols, &s);
}

// loss_bernoulli is sum softplus(o) - o x, cross-entropy from logits.
//
//	dout, saved (halves: n x ld), out: n x cols, target: n/k x cols, rows: n
KERNEL loss_bernoulli_bwd_f32(float *dout, u16 *half, i64 ld, float *rows, const float *out, const float *target, i64 n,
                              i64 cols, i64 k, float scale, const float *saved,
                              const u16 *saved_half, i64 act) {
	__shared__ Scratch s;
	Sink to = {dout, half, cols, ld};
	Slope slope = {(int)act, {saved, saved_half, cols, ld}};
	auto f = [=](i64 r, i64 j) {
		float o = out[r * cols + j], x = target[r / k * cols + j];
		if (dout || half)
			put(to, r, j, times(scale * (logistic(o) - x), slope, r, j));
		return softplus(o) - o * x;
	};
	row_sums(f, rows, n, cols, &s);
}

// loss_gaussian is sum ((x-mu)^2 e^-l + l + ln 2 pi) / 2, o = (mu, l), l clamped, without gradient where it is.
//
//	dout, saved (halves: n x ld), out: n x 2 cols, target: n/k x cols, rows: n
KERNEL loss_gaussian_bwd_f32(float *dout, u16 *half, i64 ld, float *rows, const float *out, const float *target, i64 n,
                             i64 cols, i64 k, float scale, const float *saved,
                             const u16 *saved_half, i64 act) {
	__shared__ Scratch s;
	Sink to = {dout, half, 2 * cols, ld};
	Slope slope = {(int)act, {saved, saved_half, 2 * cols, ld}};
	auto f = [=](i64 r, i64 j) {
		i64 at = r * 2 * cols + j;
		float raw = out[at + cols], l = clamp_log_var(raw);
		float d = out[at] - target[r / k * cols + j], g = d * expf(-l);
		put(to, r, j, times(scale * g, slope, r, j));
		put(to, r, cols + j, times(clamped(raw) ? 0.0f : 0.5f * scale * (1.0f - d * g), slope, r, cols + j));
		return 0.5f * (d * g + l + 1.8378770664f);
	};
	row_sums(f, rows, n, cols, &s);
}

// loss_categorical is logsumexp(o) - o[x], x a class number.
//
//	dout, saved (halves: n x ld), out: n x cols, target: n/k, rows: n
KERNEL loss_categorical_bwd_f32(float *dout, u16 *half, i64 ld, float *rows, const float *out, const float *target, i64 n,
                                i64 cols, i64 k, float scale, const float *saved,
                                const u16 *saved_half, i64 act) {
	__shared__ Scratch s;
	Sink to = {dout, half, cols, ld};
	Slope slope = {(int)act, {saved, saved_half, cols, ld}};
	for (i64 r = blockIdx.x; r < n; r += gridDim.x) {
		const float *o = out + r * cols;
		i64 x = (i64)target[r / k];
		float top = o[0], chosen = o[x];
		for (i64 j = threadIdx.x; j < cols; j += blockDim.x)
			top = fmaxf(top, o[j]);
		top = block_max(top, &s);
		double sum = exp_sum(o, cols, top, &s);
		if (threadIdx.x == 0)
			rows[r] = (top - chosen) + logf((float)sum);
		for (i64 j = threadIdx.x; (dout || half) && j < cols; j += blockDim.x)
			put(to, r, j, times(scale * (expf(o[j] - top) / (float)sum - (j == x ? 1.0f : 0.0f)), slope, r, j));
	}
}

// correct is *sum += number of rows whose largest logit (the first of equals) is the target's, a warp a row.
//
//	logits: n x cols, target: n, part: grid
KERNEL correct_fwd_f32(double *sum, const float *logits, const float *target, i64 n, i64 cols, double *part, u32 *count) {
	__shared__ Scratch s;
	int lane = threadIdx.x & 31;
	double hits = 0;
	for (i64 r = (i64)blockIdx.x * WARPS + threadIdx.x / 32; r < n; r += (i64)gridDim.x * WARPS) {
		float best = -__uint_as_float(0x7F800000u);
		i64 at = cols;
		for (i64 j = lane; j < cols; j += 32)
			if (logits[r * cols + j] > best || at == cols) {
				best = logits[r * cols + j];
				at = j;
			}
		for (int with = 16; with > 0; with /= 2) {
			float b = __shfl_xor_sync(0xffffffffu, best, with);
			i64 a = __shfl_xor_sync(0xffffffffu, at, with);
			if (a < cols && (at == cols || b > best || (b == best && a < at))) {
				best = b;
				at = a;
			}
		}
		hits += lane == 0 && at == (i64)target[r] ? 1.0 : 0.0;
	}
	grid_add(sum, 1, hits, part, count, &s);
}

// accumulate is *sum += scale sum v.
//
//	v: n, part: grid
KERNEL accumulate_fwd_f32(double *sum, const float *v, i64 n, double scale, double *part, u32 *count) {
	__shared__ Scratch s;
	double mine = 0;
	EACH(i, n) mine += v[i];
	grid_add(sum, scale, mine, part, count, &s);
}
