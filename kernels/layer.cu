// What stands around the products of a dense layer.
#include "activation.cuh"
#include "noise.cuh"
#include "reduce.cuh"

// bias_act is a = y + b, y = s(a), and pre = a where pre is not null; y holds the product before. b may be null.
//
//	y, pre: rows x cols, b: cols
KERNEL bias_act_fwd_f32(float *y, float *pre, const float *b, i64 rows, i64 cols, i64 act) {
	EACH(i, rows * cols) {
		float a = y[i] + (b ? b[i % cols] : 0.0f);
		if (pre)
			pre[i] = a;
		y[i] = activate((int)act, a);
	}
}

// act is y = s(x); y may be x.
KERNEL act_fwd_f32(float *y, const float *x, i64 n, i64 act) {
	EACH(i, n) y[i] = activate((int)act, x[i]);
}

// act_bwd is dx = dy . s'(saved); dx may be dy.
KERNEL act_bwd_f32(float *dx, const float *dy, const float *saved, i64 n, i64 act) {
	EACH(i, n) dx[i] = dy[i] * slope((int)act, saved[i]);
}

// dropout is y = x . [u >= p] / (1-p); y may be x.
KERNEL dropout_fwd_f32(float *y, const float *x, const Clock *clock, i64 n, i64 stream, float p) {
	EACH(q, (n + 3) / 4) {
		Words w = noise_block(clock, (u32)stream, q);
		for (int i = 0; i < 4 && 4 * q + i < n; i++)
			y[4 * q + i] = uniform(w.w[i]) >= p ? x[4 * q + i] / (1.0f - p) : 0.0f;
	}
}

// add is dst += src.
KERNEL add_fwd_f32(float *dst, const float *src, i64 n) {
	EACH(i, n) dst[i] += src[i];
}

// copy_columns is dst[r,j] = src[r,from+j].
//
//	dst: rows x cols, src: rows x src_cols
KERNEL copy_columns_fwd_f32(float *dst, const float *src, i64 rows, i64 cols, i64 src_cols, i64 from) {
	EACH(i, rows * cols) {
		i64 r = i / cols;
		dst[i] = src[r * src_cols + from + (i - r * cols)];
	}
}

// scale_rows is t[r,:] *= w[r].
//
//	t: rows x cols, w: rows
KERNEL scale_rows_fwd_f32(float *t, const float *w, i64 rows, i64 cols) {
	EACH(i, rows * cols) t[i] *= w[i / cols];
}

// column_sums is out[j] = scale sum_r x[r,j], added to what is there with accumulate.
//
//	out: cols, x: rows x cols, part: chunks x cols
KERNEL column_sums_fwd_f32(float *out, const float *x, i64 rows, i64 cols, i64 chunks, double scale, i64 accumulate,
                           double *part, u32 *count) {
	__shared__ Scratch s;
	i64 j;
	double sum;
	auto f = [=](i64 r, i64 c) { return (double)x[r * cols + c]; };
	if (column_sum(f, rows, cols, chunks, &j, &sum, part, count, &s) && threadIdx.x < 32 && j < cols)
		out[j] = (float)(scale * sum + (accumulate ? (double)out[j] : 0.0));
}
