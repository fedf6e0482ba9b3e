// Rounding to bfloat16.
#pragma once
#include "common.cuh"

// bfloat16 is the upper half of x, rounded to nearest, ties to even. NaN stays NaN.
DEVICE u16 bfloat16(float x) {
	u32 u = __float_as_uint(x);
	if (x != x)
		return (u16)(u >> 16 | 0x40);
	return (u16)((u + 0x7FFF + (u >> 16 & 1)) >> 16);
}

// Sink is where a kernel leaves a matrix of cols columns: in float32, rounded to bfloat16 for the products that read it,
// rows ld apart, or both. Each may be null. half lies on a boundary of 8 bytes, and ld is a multiple of PACK.
struct Sink { float *f; u16 *half; i64 cols, ld; };

DEVICE void put(Sink s, i64 r, i64 j, float v) {
	if (s.f)
		s.f[r * s.cols + j] = v;
	if (s.half)
		s.half[r * s.ld + j] = bfloat16(v);
}

// put of four neighbours; wide says that f is a multiple of 16 bytes.
DEVICE void put(Sink s, i64 q, int m, bool wide, Four f) {
	if (s.f)
		store(s.f, q, m, wide, f);
	if (!s.half)
		return;
	if (s.ld == s.cols && m == 4) {
		u32 low = bfloat16(f.v[0]) | (u32)bfloat16(f.v[1]) << 16, high = bfloat16(f.v[2]) | (u32)bfloat16(f.v[3]) << 16;
		((u64 *)s.half)[q] = low | (u64)high << 32;
		return;
	}
	i64 r = quotient(4 * q, s.cols), j = 4 * q - r * s.cols;
	u16 *to = s.half + r * s.ld + j;
	for (int i = 0; i < 4; i++, to++) { // four times whatever m: with constants for indices f stays in registers
		if (i < m)
			*to = bfloat16(f.v[i]);
		if (++j == s.cols) {
			j = 0;
			to += s.ld - s.cols;
		}
	}
}

// Source is where a kernel finds a matrix of cols columns: in float32 or, where f is null, in bfloat16, rows ld apart.
struct Source { const float *f; const u16 *half; i64 cols, ld; };

DEVICE float widened(u16 h) { return __uint_as_float((u32)h << 16); }

DEVICE float load(Source s, i64 r, i64 j) { return s.f ? s.f[r * s.cols + j] : widened(s.half[r * s.ld + j]); }

DEVICE Four load(Source s, i64 q, int m, bool wide) {
	if (s.f)
		return load(s.f, q, m, wide);
	Four f = {{0, 0, 0, 0}};
	if (s.ld == s.cols && m == 4) {
		u64 v = ((const u64 *)s.half)[q];
		for (int i = 0; i < 4; i++)
			f.v[i] = widened((u16)(v >> 16 * i));
		return f;
	}
	i64 r = quotient(4 * q, s.cols), j = 4 * q - r * s.cols;
	const u16 *from = s.half + r * s.ld + j;
	for (int i = 0; i < 4; i++, from++) {
		if (i < m)
			f.v[i] = widened(*from);
		if (++j == s.cols) {
			j = 0;
			from += s.ld - s.cols;
		}
	}
	return f;
}
