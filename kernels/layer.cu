// What stands around the products of a dense layer.
#include "activation.cuh"
#include "bfloat16.cuh"
#include "noise.cuh"
#include "reduce.cuh"

// bias_act is a = x + b, y = s(a), and pre = a where pre is not none; y may be x, the product. b may be null.
//
//	y, pre, x (halves: rows x ld): rows x cols, b: cols
KERNEL bias_act_fwd_f32(float *y, u16 *half, i64 ld, float *pre, u16 *pre_half, const float *x, const u16 *x_half,
                        const float *b, i64 rows, i64 cols, i64 act) {
	bool wide = aligned(y, pre, x);
	Sink out = {y, half, cols, ld}, before = {pre, pre_half, cols, ld};
	Source in = {x, x_half, cols, ld};
	i64 n = rows * cols;
	EACH(q, (n + 3) / 4) {
		int m = count(q, n);
		Four a = load(in, q, m, wide), s;
		i64 j = 4 * q - quotient(4 * q, cols) * cols;
		for (int i = 0; i < 4; i++, j++) {
			j = j == cols ? 0 : j;
			a.v[i] += b ? b[j] : 0.0f;
			s.v[i] = activate((int)act, a.v[i]);
		}
		put(before, q, m, wide, a);
		put(out, q, m, wide, s);
	}
}

// act is y = s(x); y may be x.
KERNEL act_fwd_f32(float *y, const float *x, i64 n, i64 act) {
	bool wide = aligned(y, x);
	EACH(q, (n + 3) / 4) {
		int m = count(q, n);
		Four a = load(x, q, m, wide);
		for (int i = 0; i < 4; i++)
			a.v[i] = activate((int)act, a.v[i]);
		store(y, q, m, wide, a);
	}
}

// act_bwd is dx = dy . s'(saved); dx may be dy.
//
//	dx, dy, saved (halves: rows x ld): rows x cols
KERNEL act_bwd_f32(float *dx, u16 *half, i64 ld, const float *dy, const u16 *dy_half, i64 rows, i64 cols,
                   const float *saved, const u16 *saved_half, i64 act) {
	bool wide = aligned(dx, dy, saved);
	i64 n = rows * cols;
	Sink out = {dx, half, cols, ld};
	Source in = {dy, dy_half, cols, ld};
	Slope slope = {(int)act, {saved, saved_half, cols, ld}};
	EACH(q, (n + 3) / 4) {
		int m = count(q, n);
		put(out, q, m, wide, times(load(in, q, m, wide), slope, q, m, wide));
	}
}

// dropout is y = x . [u >= p] / (1-p) . s'(saved), u from block first of the noise on; y may be x.
//
//	y, x, saved (halves: rows x ld): rows x cols
KERNEL dropout_fwd_f32(float *y, u16 *half, i64 ld, const float *x, const u16 *x_half, const Clock *clock, i64 rows,
                       i64 cols, i64 stream, i64 first, float p, const float *saved, const u16 *saved_half,
                       i64 act) {
	bool wide = aligned(y, x, saved);
	i64 n = rows * cols;
	Sink out = {y, half, cols, ld};
	Source in = {x, x_half, cols, ld};
	Slope slope = {(int)act, {saved, saved_half, cols, ld}};
	EACH(q, (n + 3) / 4) {
		int m = count(q, n);
		Words w = noise_block(clock, stream, first, q);
		Four f = load(in, q, m, wide);
		for (int i = 0; i < 4; i++)
			f.v[i] = uniform(w.w[i]) >= p ? f.v[i] / (1.0f - p) : 0.0f;
		put(out, q, m, wide, times(f, slope, q, m, wide));
	}
}

// add is out = dst + src; out may be dst.
//
//	out (half: rows x ld), dst, src: rows x cols
KERNEL add_fwd_f32(float *out, u16 *half, i64 ld, const float *dst, const float *src, i64 rows, i64 cols) {
	bool wide = aligned(out, dst, src);
	i64 n = rows * cols;
	Sink sum = {out, half, cols, ld};
	EACH(q, (n + 3) / 4) {
		int m = count(q, n);
		Four to = load(dst, q, m, wide), from = load(src, q, m, wide);
		for (int i = 0; i < 4; i++)
			to.v[i] += from.v[i];
		put(sum, q, m, wide, to);
	}
}

// copy_columns is dst[r,j] = src[r,from+j].
//
//	dst: rows x cols, src: rows x src_cols
KERNEL copy_columns_fwd_f32(float *dst, const float *src, i64 rows, i64 cols, i64 src_cols, i64 from) {
	EACH(i, rows * cols) {
		i64 r = quotient(i, cols);
		dst[i] = src[r * src_cols + from + (i - r * cols)];
	}
}

// beside is dst[r] = x[r] | the one-hot code of cls[r/k] among the levels, all zeros where it is none of them.
//
//	dst (half: rows x ld): rows x (cols + levels), x: rows x cols, cls: rows / k
KERNEL beside_fwd_f32(float *dst, u16 *half, i64 ld, const float *x, const float *cls, i64 rows, i64 cols, i64 levels,
                      i64 k) {
	i64 width = cols + levels;
	Sink out = {dst, half, width, ld};
	EACH(i, rows * width) {
		i64 r = quotient(i, width), j = i - r * width;
		put(out, r, j, j < cols ? x[r * cols + j] : cls[quotient(r, k)] == (float)(j - cols) ? 1.0f : 0.0f);
	}
}

// scale_rows is out[r,:] = t[r,:] w[r]; out may be t.
//
//	out (half: rows x ld), t: rows x cols, w: rows
KERNEL scale_rows_fwd_f32(float *out, u16 *half, i64 ld, const float *t, const float *w, i64 rows, i64 cols) {
	Sink to = {out, half, cols, ld};
	EACH(i, rows * cols) {
		i64 r = quotient(i, cols);
		put(to, r, i - r * cols, t[i] * w[r]);
	}
}

// column_sums is out[j] = scale sum_r x[r,j], added to what is there with accumulate.
//
//	out: cols, x (half: rows x ld): rows x cols, part: chunks x cols
KERNEL column_sums_fwd_f32(float *out, const float *x, const u16 *half, i64 ld, i64 rows, i64 cols, i64 chunks,
                           double scale, i64 accumulate, double *part, u32 *count) {
	__shared__ Scratch s;
	Source in = {x, half, cols, ld};
	i64 j;
	double sum;
	auto f = [=](i64 r, i64 c) { return (double)load(in, r, c); };
	if (column_sum(f, rows, cols, chunks, &j, &sum, part, count, &s) && threadIdx.x < 32 && j < cols)
		out[j] = (float)(scale * sum + (accumulate ? (double)out[j] : 0.0));
}
