// Regularisers of the code. Each adds its value to an accumulator and its gradient to dh or da, and some then multiply
// that by s'(saved).
#include "activation.cuh"
#include "bfloat16.cuh"
#include "noise.cuh"
#include "reduce.cuh"

DEVICE double clamp(double q, double low) { return q < low ? low : q > 1 - low ? 1 - low : q; }

// sparse_kl is *sum += sum_j KL(rho || m_j), m clamped to [low, 1-low], and
// out[b,j] = (dh[b,j] + scale (-rho/m_j + (1-rho)/(1-m_j))) s'(saved); out may be dh. The first block adds up the value.
//
//	out, dh, saved (halves: rows x ld): rows x cols, m: cols
KERNEL sparse_kl_bwd_f32(float *out, u16 *half, i64 ld, const float *dh, const u16 *dh_half, double *sum, const float *m,
                         i64 rows, i64 cols, float rho, float scale, float low, const float *saved,
                         const u16 *saved_half, i64 act) {
	__shared__ Scratch s;
	Sink to = {out, half, cols, ld};
	Source from = {dh, dh_half, cols, ld};
	Slope slope = {(int)act, {saved, saved_half, cols, ld}};
	double p = rho, bound = low;
	if (blockIdx.x == 0) {
		double v = 0;
		for (i64 j = threadIdx.x; j < cols; j += blockDim.x) {
			double q = clamp(m[j], bound);
			v += p * log(p / q) + (1 - p) * log((1 - p) / (1 - q));
		}
		v = block_sum(v, &s);
		if (threadIdx.x == 0)
			*sum += v;
	}
	EACH(i, rows * cols) {
		i64 r = quotient(i, cols), j = i - r * cols;
		float q = m[j], rest = 1.0f - q;
		q = q < low ? low : q;
		rest = rest < low ? low : rest;
		put(to, r, j, times(load(from, r, j) + scale * ((1.0f - rho) / rest - rho / q), slope, r, j));
	}
}

// l1 is *sum += share sum |h| and out = (dh + scale sign(h)) s'(saved); out may be dh.
//
//	out, dh, h, saved (halves: rows x ld): rows x cols, part: grid
KERNEL l1_bwd_f32(float *out, u16 *half, i64 ld, const float *dh, const u16 *dh_half, double *sum, const float *h,
                  const u16 *h_half, i64 rows, i64 cols, double share, float scale, const float *saved,
                  const u16 *saved_half, i64 act, double *part, u32 *count) {
	__shared__ Scratch s;
	Sink to = {out, half, cols, ld};
	Source from = {dh, dh_half, cols, ld}, code = {h, h_half, cols, ld};
	Slope slope = {(int)act, {saved, saved_half, cols, ld}};
	double mine = 0;
	EACH(i, rows * cols) {
		i64 r = quotient(i, cols), j = i - r * cols;
		float x = load(code, r, j);
		mine += fabsf(x);
		put(to, r, j, times(load(from, r, j) + (x > 0 ? scale : x < 0 ? -scale : 0.0f), slope, r, j));
	}
	grid_add(sum, share, mine, part, count, &s);
}

// row_squares is r[j] = sum_i w[j,i]^2, a block a row.
//
//	r: rows, w: rows x cols
KERNEL row_squares_fwd_f32(float *r, const float *w, i64 rows, i64 cols) {
	__shared__ Scratch s;
	auto f = [=](i64 j, i64 i) { return (double)w[j * cols + i] * w[j * cols + i]; };
	row_sums(f, r, rows, cols, &s);
}

// contract_shallow is *sum += share sum_bj s'^2 r_j, out = da + 2 scale s' s'' r_j, where out may be da, and
// dr[j] = scale sum_b s'^2. With sloped da is multiplied by s' first.
//
//	out, da, saved (halves: rows x ld): rows x cols, dr, r: cols, part: chunks x cols, tile_part: tiles, count: tiles + 1
KERNEL contract_shallow_bwd_f32(float *out, u16 *half, i64 ld, const float *da, const u16 *da_half, float *dr,
                                double *sum, const float *saved, const u16 *saved_half, const float *r, i64 rows,
                                i64 cols, i64 act, i64 sloped, double share, float scale, i64 chunks, double *part,
                                double *tile_part, u32 *count) {
	__shared__ Scratch s;
	Sink to = {out, half, cols, ld};
	Source before = {da, da_half, cols, ld}, at = {saved, saved_half, cols, ld};
	i64 j;
	double squares;
	auto f = [=](i64 b, i64 c) {
		float v = load(at, b, c), s1 = slope((int)act, v);
		put(to, b, c, load(before, b, c) * (sloped ? s1 : 1.0f) + 2.0f * scale * s1 * curvature((int)act, v) * r[c]);
		return (double)(s1 * s1);
	};
	if (!column_sum(f, rows, cols, chunks, &j, &squares, part, count, &s))
		return;
	bool mine = threadIdx.x < 32 && j < cols;
	if (mine)
		dr[j] = (float)(scale * squares);
	tile_add(sum, share, mine ? squares * r[j] : 0.0, cols, tile_part, count, &s);
}

// scaled_rows is dw[j,i] += 2 c_j w[j,i].
//
//	dw, w: rows x cols, c: rows
KERNEL scaled_rows_bwd_f32(float *dw, const float *w, const float *c, i64 rows, i64 cols) {
	EACH(i, rows * cols) dw[i] += 2.0f * c[quotient(i, cols)] * w[i];
}

// probes is v[b,k,:] = the k-th unit vector with exact, otherwise signs from bit 31 of the noise, from its
// block first on.
//
//	v: rows x cols, rows = batch k
KERNEL probes_fwd_f32(float *v, const Clock *clock, i64 stream, i64 first, i64 rows, i64 cols, i64 k,
                      i64 exact) {
	i64 n = rows * cols;
	EACH(q, (n + 3) / 4) {
		Words w = {{0, 0, 0, 0}};
		if (!exact)
			w = noise_block(clock, stream, first, q);
		for (int i = 0; i < 4 && 4 * q + i < n; i++) {
			i64 e = 4 * q + i, r = quotient(e, cols);
			float unit = r - quotient(r, k) * k == e - r * cols ? 1.0f : 0.0f;
			v[e] = exact ? unit : w.w[i] >> 31 ? -1.0f : 1.0f;
		}
	}
}

// derivative is u[b,k,:] = v[b,k,:] . s'(saved[b,:]); u may be v.
//
//	u (half: rows x ld), v: rows x cols, saved: rows/k x cols
KERNEL derivative_fwd_f32(float *u, u16 *half, i64 ld, const float *v, const float *saved, i64 rows, i64 cols, i64 k,
                          i64 act) {
	Sink out = {u, half, cols, ld};
	EACH(i, rows * cols) {
		i64 r = quotient(i, cols);
		put(out, r, i - r * cols, v[i] * slope((int)act, saved[quotient(r, k) * cols + (i - r * cols)]));
	}
}

// derivative_bwd is dv = du . s'(saved), where dv is not none (it may be du), and da[b,:] = sum_k du . v . s''(saved[b,:]).
//
//	dv (half: batch k x ld), du, v: batch k x cols, da, saved: batch x cols
KERNEL derivative_bwd_f32(float *dv, u16 *half, i64 ld, float *da, const float *du, const float *v, const float *saved,
                          i64 batch, i64 cols, i64 k, i64 act) {
	Sink to = {dv, half, cols, ld};
	EACH(e, batch * cols) {
		i64 b = quotient(e, cols), j = e - b * cols;
		float a = saved[e], s1 = slope((int)act, a), sum = 0;
		for (i64 r = b * k; r < (b + 1) * k; r++) {
			float g = du[r * cols + j];
			sum += g * v[r * cols + j];
			put(to, r, j, g * s1);
		}
		da[e] = sum * curvature((int)act, a);
	}
}

// square_sum is *sum += share sum v^2 and dv = 2 scale v; dv may be v.
//
//	dv (half: rows x ld), v: rows x cols, part: grid
KERNEL square_sum_bwd_f32(float *dv, u16 *half, i64 ld, double *sum, const float *v, i64 rows, i64 cols, double share,
                          float scale, double *part, u32 *count) {
	__shared__ Scratch s;
	Sink to = {dv, half, cols, ld};
	double mine = 0;
	EACH(i, rows * cols) {
		float x = v[i];
		i64 r = quotient(i, cols);
		mine += (double)x * x;
		put(to, r, i - r * cols, 2.0f * scale * x);
	}
	grid_add(sum, share, mine, part, count, &s);
}
