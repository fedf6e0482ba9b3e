// Gaussian codes. ml = (mu, l) side by side, batch x 2 width, l the log-variance, clamped; z has k rows an example.
#include "bfloat16.cuh"
#include "noise.cuh"
#include "reduce.cuh"

// reparam is z = mu + exp(l/2) eps. A thread makes four elements that share a block of noise; first is the tensor's first
// block, here and below.
//
//	z (half: batch k x ld): batch k x width
KERNEL reparam_fwd_f32(float *z, u16 *half, i64 ld, const float *ml, const Clock *clock, i64 stream, i64 first,
                       i64 batch, i64 k, i64 width) {
	i64 n = batch * k * width;
	bool wide = aligned(z);
	Sink out = {z, half, width, ld};
	EACH(q, (n + 3) / 4) {
		Four eps = normals(noise_block(clock, stream, first, q));
		int m = count(q, n);
		for (int i = 0; i < 4; i++) {
			if (i >= m)
				break;
			i64 e = 4 * q + i, r = quotient(e, width), at = quotient(r, k) * 2 * width + (e - r * width);
			eps.v[i] = ml[at] + expf(0.5f * clamp_log_var(ml[at + width])) * eps.v[i];
		}
		put(out, q, m, wide, eps);
	}
}

// gaussian_kl is kl[j] = sum_b (mu^2 + e^l - 1 - l) / 2 / of, and *total += scale sum_j kl[j], where total is not null.
//
//	kl: width, part: chunks x width, tile_part: tiles, count: tiles + 1
KERNEL gaussian_kl_fwd_f32(float *kl, double *total, const float *ml, i64 batch, i64 of, i64 width, double scale,
                           i64 chunks, double *part, double *tile_part, u32 *count) {
	__shared__ Scratch s;
	i64 j;
	double sum;
	auto f = [=](i64 b, i64 c) {
		float mu = ml[b * 2 * width + c], l = clamp_log_var(ml[b * 2 * width + width + c]);
		return (double)(0.5f * (mu * mu + (expm1f(l) - l)));
	};
	if (!column_sum(f, batch, width, chunks, &j, &sum, part, count, &s))
		return;
	bool mine = threadIdx.x < 32 && j < width;
	float mean = (float)(sum / (double)of);
	if (mine)
		kl[j] = mean;
	if (total)
		tile_add(total, scale, mine ? mean : 0.0, width, tile_part, count, &s);
}

// reparam_bwd is the gradient by ml of the decoder's loss (through dz) and of the KL term with weight
// w = scale * the clock's KL weight, 0 for a unit whose kl[j] is at most free_bits:
// dmu = sum_k dz + w mu, dl = sum_k dz eps exp(l/2) / 2 + w (e^l - 1) / 2.
//
//	dml (half: batch x ld): batch x 2 width, dz: batch k x width, kl: width
KERNEL reparam_bwd_f32(float *dml, u16 *half, i64 ld, const float *dz, const float *ml, const float *kl,
                       const Clock *clock, i64 stream, i64 first, i64 batch, i64 k, i64 width, float free_bits,
                       float scale) {
	Sink to = {dml, half, 2 * width, ld};
	float weight = scale * hyper(clock).kl;
	EACH(e, batch * width) {
		i64 b = quotient(e, width), j = e - b * width, at = b * 2 * width + j;
		float raw = ml[at + width], l = clamp_log_var(raw), sd = expf(0.5f * l);
		float w = kl[j] <= free_bits ? 0.0f : weight;
		float dmu = w * ml[at], dl = 0.5f * w * expm1f(l);
		for (i64 r = b * k; r < (b + 1) * k; r++) {
			float g = dz[r * width + j];
			dmu += g;
			dl += 0.5f * g * normal_at(clock, stream, first, r * width + j) * sd;
		}
		put(to, b, j, dmu);
		put(to, b, width + j, clamped(raw) ? 0.0f : dl);
	}
}

// importance_weights is log w = -rows + sum_j (l + eps^2 - z^2) / 2, bound = logsumexp_k log w - log k, w = softmax_k, a
// block an example and a warp a sample.
//
//	w, rows: batch k, bound: batch, z: batch k x width
KERNEL importance_weights_fwd_f32(float *w, float *bound, const float *rows, const float *z, const float *ml,
                                  const Clock *clock, i64 stream, i64 first, i64 batch, i64 k, i64 width) {
	__shared__ Scratch s;
	int lane = threadIdx.x & 31;
	for (i64 b = blockIdx.x; b < batch; b += gridDim.x) {
		const float *log_var = ml + b * 2 * width + width;
		float top = -__uint_as_float(0x7F800000u);
		for (i64 i = threadIdx.x / 32; i < k; i += WARPS) {
			i64 r = b * k + i;
			double v = 0;
			for (i64 j = lane; j < width; j += 32) {
				float eps = normal_at(clock, stream, first, r * width + j), zj = z[r * width + j];
				v += 0.5f * (clamp_log_var(log_var[j]) + eps * eps - zj * zj);
			}
			v = warp_sum(v) - rows[r];
			if (lane == 0)
				w[r] = (float)v;
			top = fmaxf(top, (float)v);
		}
		top = block_max(top, &s);
		double sum = exp_sum(w + b * k, k, top, &s);
		for (i64 i = threadIdx.x; i < k; i += blockDim.x)
			w[b * k + i] = expf(w[b * k + i] - top) / (float)sum;
		if (threadIdx.x == 0)
			bound[b] = top + logf((float)sum / (float)k);
	}
}

// importance_bwd is the gradient by ml of -scale sum_b bound: g = dz + scale w z, dmu = sum_k g,
// dl = sum_k (g eps exp(l/2) - scale w) / 2; dz has its rows already multiplied by w.
//
//	dml (half: batch x ld): batch x 2 width, dz, z: batch k x width, w: batch k
KERNEL importance_bwd_f32(float *dml, u16 *half, i64 ld, const float *dz, const float *z, const float *ml,
                          const float *w, const Clock *clock, i64 stream, i64 first, i64 batch, i64 k, i64 width,
                          float scale) {
	Sink to = {dml, half, 2 * width, ld};
	EACH(e, batch * width) {
		i64 b = quotient(e, width), j = e - b * width, at = b * 2 * width + j;
		float raw = ml[at + width], sd = expf(0.5f * clamp_log_var(raw)), dmu = 0, dl = 0;
		for (i64 r = b * k; r < (b + 1) * k; r++) {
			float sw = scale * w[r], g = dz[r * width + j] + sw * z[r * width + j];
			dmu += g;
			dl += 0.5f * (g * normal_at(clock, stream, first, r * width + j) * sd - sw);
		}
		put(to, b, j, dmu);
		put(to, b, width + j, clamped(raw) ? 0.0f : dl);
	}
}
