// The activations and their derivatives, by the table in package backend (activation.go).
#pragma once
#include "bfloat16.cuh"

DEVICE float logistic(float a) { return 1.0f / (1.0f + expf(-a)); }
DEVICE float softplus(float a) { return fmaxf(a, 0.0f) + log1pf(expf(-fabsf(a))); }
// gauss_cdf and gauss_pdf are Phi and phi.
DEVICE float gauss_cdf(float a) { return 0.5f * erfcf(-0.70710678f * a); }
DEVICE float gauss_pdf(float a) { return 0.39894228f * expf(-0.5f * a * a); }

// activate is s(a).
DEVICE float activate(int act, float a) {
	switch (act) {
	case RELU: return a > 0 || a != a ? a : 0.0f;
	case LEAKY_RELU: return a > 0 ? a : LEAKY_SLOPE * a;
	case ELU: return a > 0 ? a : expm1f(a);
	case GELU: return a * gauss_cdf(a);
	case SILU: return a * logistic(a);
	case SOFTPLUS: return softplus(a);
	case SIGMOID: return logistic(a);
	case TANH: return tanhf(a);
	}
	return a;
}

// slope is s' as a function of the saved value v.
DEVICE float slope(int act, float v) {
	float g;
	switch (act) {
	case RELU: return v > 0 ? 1.0f : 0.0f;
	case LEAKY_RELU: return v > 0 ? 1.0f : LEAKY_SLOPE;
	case ELU: return v > 0 ? 1.0f : v + 1.0f;
	case GELU: return gauss_cdf(v) + v * gauss_pdf(v);
	case SILU: g = logistic(v); return g * (1.0f + v * (1.0f - g));
	case SOFTPLUS: return -expm1f(-v);
	case SIGMOID: return v * (1.0f - v);
	case TANH: return 1.0f - v * v;
	}
	return 1.0f;
}

// curvature is s'' as a function of the saved value v.
DEVICE float curvature(int act, float v) {
	float g;
	switch (act) {
	case ELU: return v > 0 ? 0.0f : v + 1.0f;
	case GELU: return (2.0f - v * v) * gauss_pdf(v);
	case SILU: g = logistic(v); return g * (1.0f - g) * (2.0f + v * (1.0f - 2.0f * g));
	case SOFTPLUS: g = expf(-v); return g * -expm1f(-v);
	case SIGMOID: return v * (1.0f - v) * (1.0f - 2.0f * v);
	case TANH: return -2.0f * v * (1.0f - v * v);
	}
	return 0.0f;
}

// Slope is s'(saved), 1 where act is the identity; times multiplies by it.
struct Slope { int act; Source saved; };

DEVICE float times(float g, Slope s, i64 r, i64 j) { return s.act == IDENTITY ? g : g * slope(s.act, load(s.saved, r, j)); }

DEVICE Four times(Four g, Slope s, i64 q, int m, bool wide) {
	if (s.act == IDENTITY)
		return g;
	Four v = load(s.saved, q, m, wide);
	for (int i = 0; i < 4; i++)
		g.v[i] *= slope(s.act, v.v[i]);
	return g;
}
