// Noise, bit for bit that of package backend (noise.go): the same words, and the same float operations each rounded on
// its own. The _rn intrinsics keep the compiler from fusing them.
#pragma once
#include "common.cuh"

struct Words { u32 w[4]; };

// philox is Philox4x32-10 with counter (block, stream, step) and key seed.
DEVICE Words philox(u64 seed, u32 stream, u64 step, u32 block) {
	u32 c0 = block, c1 = stream, c2 = (u32)step, c3 = (u32)(step >> 32);
	u32 k0 = (u32)seed, k1 = (u32)(seed >> 32);
	for (int round = 0; round < 10; round++) {
		u32 hi0 = __umulhi(0xD2511F53u, c0), lo0 = 0xD2511F53u * c0;
		u32 hi1 = __umulhi(0xCD9E8D57u, c2), lo1 = 0xCD9E8D57u * c2;
		c0 = hi1 ^ c1 ^ k0;
		c1 = lo1;
		c2 = hi0 ^ c3 ^ k1;
		c3 = lo0;
		k0 += 0x9E3779B9u;
		k1 += 0xBB67AE85u;
	}
	return {{c0, c1, c2, c3}};
}

// noise_block is the noise of the tensor's elements 4q to 4q+3, whose first one is that of block first: a rank's share of a
// batch begins where those before it end.
DEVICE Words noise_block(const Clock *c, i64 stream, i64 first, i64 q) {
	return philox(c->seed, (u32)stream, c->step, (u32)(first + q));
}

DEVICE float uniform(u32 word) { return __fmul_rn((float)(word >> 8), 5.9604644775390625e-8f); }

// muladd is a*b + c, rounded twice.
DEVICE float muladd(float a, float b, float c) { return __fadd_rn(__fmul_rn(a, b), c); }

// sin_quarter is sin(pi f / 2) for f in [0, 1].
DEVICE float sin_quarter(float f) {
	float z = __fmul_rn(f, f);
	float p = -3.5988432e-6f;
	p = muladd(p, z, 1.6044118e-4f);
	p = muladd(p, z, -4.6817541e-3f);
	p = muladd(p, z, 7.9692626e-2f);
	p = muladd(p, z, -6.4596410e-1f);
	p = muladd(p, z, 1.5707963f);
	return __fmul_rn(p, f);
}

// log_unit is ln u for u in (0, 1].
DEVICE float log_unit(float u) {
	u32 b = __float_as_uint(u);
	float e = (float)((int)(b >> 23) - 127);
	float m = __uint_as_float((b & 0x7FFFFFu) | 0x3F800000u);
	if (m > 1.41421356f) {
		m = __fmul_rn(m, 0.5f);
		e = __fadd_rn(e, 1.0f);
	}
	float x = __fsub_rn(m, 1.0f), z = __fmul_rn(x, x);
	float p = 7.0376836292e-2f;
	p = muladd(p, x, -1.1514610310e-1f);
	p = muladd(p, x, 1.1676998740e-1f);
	p = muladd(p, x, -1.2420140846e-1f);
	p = muladd(p, x, 1.4249322787e-1f);
	p = muladd(p, x, -1.6668057665e-1f);
	p = muladd(p, x, 2.0000714765e-1f);
	p = muladd(p, x, -2.4999993993e-1f);
	p = muladd(p, x, 3.3333331174e-1f);
	float y = __fmul_rn(__fmul_rn(p, x), z);
	y = __fadd_rn(y, __fmul_rn(e, -2.12194440e-4f));
	y = __fadd_rn(y, __fmul_rn(-0.5f, z));
	return __fadd_rn(__fadd_rn(x, y), __fmul_rn(e, 0.693359375f));
}

// box_muller turns two words into two standard normals.
DEVICE void box_muller(u32 a, u32 b, float *n0, float *n1) {
	float u = __fmul_rn((float)((a >> 8) + 1), 5.9604644775390625e-8f);
	float r = __fsqrt_rn(__fmul_rn(-2.0f, log_unit(u)));
	float f = __fmul_rn((float)(b << 2 >> 8), 5.9604644775390625e-8f);
	float s = sin_quarter(f), c = sin_quarter(__fsub_rn(1.0f, f));
	u32 quadrant = b >> 30;
	float cq = quadrant == 0 ? c : quadrant == 1 ? -s : quadrant == 2 ? -c : s;
	float sq = quadrant == 0 ? s : quadrant == 1 ? c : quadrant == 2 ? -s : -c;
	*n0 = __fmul_rn(r, cq);
	*n1 = __fmul_rn(r, sq);
}

DEVICE Four normals(Words w) {
	Four n;
	box_muller(w.w[0], w.w[1], &n.v[0], &n.v[1]);
	box_muller(w.w[2], w.w[3], &n.v[2], &n.v[3]);
	return n;
}

// normal_at is the normal of one element.
DEVICE float normal_at(const Clock *c, i64 stream, i64 first, i64 index) {
	Words w = noise_block(c, stream, first, index / 4);
	float n0, n1;
	int pair = (int)(index & 2);
	box_muller(pair ? w.w[2] : w.w[0], pair ? w.w[3] : w.w[1], &n0, &n1);
	return index & 1 ? n1 : n0;
}

// mix is MurmurHash3's 32-bit finaliser.
DEVICE u32 mix(u32 h) {
	h ^= h >> 16;
	h *= 0x85EBCA6Bu;
	h ^= h >> 13;
	h *= 0xC2B2AE35u;
	return h ^ h >> 16;
}

// permuted is the image of i under the epoch's permutation of [0, n).
DEVICE u64 permuted(const Clock *c, u64 n, u64 i) {
	int width = n < 2 ? 0 : 64 - __clzll((i64)(n - 1));
	width = width < 2 ? 2 : width;
	int left = width / 2, right = width - left;
	u32 lm = (1u << left) - 1, rm = (1u << right) - 1;
	do {
		u32 l = (u32)(i >> right), r = (u32)i & rm;
		for (int k = 0; k < KEYS; k += 2) {
			l ^= mix(r + c->keys[k]) & lm;
			r ^= mix(l + c->keys[k + 1]) & rm;
		}
		i = (u64)l << right | r;
	} while (i >= n);
	return i;
}
