// Likelihoods of counts in float32: gamma functions are written as Stirling's formula and its error, so that what is
// large cancels on paper (Loader, Fast and Accurate Computation of Binomial Probabilities, 2000).
#pragma once
#include "activation.cuh"

#define LOG_TWO_PI 1.8378770664f
// FEW_COUNTS is up to which whole numbers gamma functions are products.
#define FEW_COUNTS 8.0f
// MOST_SPREAD is beyond which a count is a Poisson's, to all digits.
#define MOST_SPREAD 60.0f

DEVICE bool few(float x) { return x >= 0 && x <= FEW_COUNTS && x == floorf(x); }

// stirling_error is ln G(z) - ((z-1/2) ln z - z + ln(2 pi)/2), z > 0: a series from 3 on, and steps that are as small as what
// they add up to below.
DEVICE float stirling_error(float z) {
	float below = 0;
	for (; z < 3.0f; z++)
		below += (z + 0.5f) * log1pf(1.0f / z) - 1.0f;
	float w = 1.0f / z / z;
	return below + (1.0f / 12 - w * (1.0f / 360 - w * (1.0f / 1260 - w * (1.0f / 1680 - w * (1.0f / 1188))))) / z;
}

// digamma_error is ln z - 1/(2z) - psi(z), z > 0.
DEVICE float digamma_error(float z) {
	float below = 0;
	for (; z < 3.0f; z++)
		below += 0.5f / z + 0.5f / (z + 1.0f) - log1pf(1.0f / z);
	float w = 1.0f / z / z;
	return below + w * (1.0f / 12 - w * (1.0f / 120 - w * (1.0f / 252 - w * (1.0f / 240 - w * (1.0f / 132)))));
}

// excess is w - ln(1+w), 1+w being ratio.
DEVICE float excess(float w, float ratio) {
	if (fabsf(w) > 0.3f)
		return w - logf(ratio);
	float s = w / (2.0f + w), q = s * s; // ln(1+w) = 2 atanh s
	return w * s - 2.0f * s * q * (1.0f / 3 + q * (1.0f / 5 + q * (1.0f / 7 + q * (1.0f / 9 + q * (1.0f / 11)))));
}

// surplus is m - x, u being ln(m/x).
DEVICE float surplus(float x, float m, float u) { return fabsf(u) < 0.5f ? x * expm1f(u) : m - x; }

// log_factorial is ln x! of x >= 0.
DEVICE float log_factorial(float x) {
	if (!few(x))
		return (x + 0.5f) * logf(x) - x + 0.5f * LOG_TWO_PI + stirling_error(x);
	float product = 1;
	for (float i = 2; i <= x; i++)
		product *= i;
	return logf(product);
}

// poisson is m - x ln m + ln x!, lm being ln m.
DEVICE float poisson(float x, float m, float lm) {
	if (x == 0)
		return m;
	if (few(x))
		return m - x * lm + log_factorial(x);
	float lx = logf(x), u = lm - lx;
	return surplus(x, m, u) - x * u + 0.5f * (LOG_TWO_PI + lx) + stirling_error(x);
}

// negative_binomial is -ln of its probability of x, r the inverse dispersion.
DEVICE float negative_binomial(float x, float m, float lm, float r) {
	if (few(x)) {
		// ln x! less the sum of ln(1 + i/r), i < x
		float product = 1;
		for (float i = 1; i < x; i++)
			product *= (i + 1) / (1 + i / r);
		float all = (r + x) * log1pf(m / r);
		return x == 0 ? all : logf(product) + all - x * lm;
	}
	// x ln(x/m) - (x+r) ln((x+r)/(m+r)), which is 0 for m = x, as x y + r l: both are small where r is, and those of the
	// Poisson where it is large.
	float lx = logf(x), u = lm - lx, over = surplus(x, m, u), t = over / (r + x);
	float l = t < -0.5f ? logf((r + m) / (r + x)) : log1pf(t);
	float q = -over / m * (r / (x + r));
	float y = q > -0.5f && q <= 1.0f ? log1pf(q) : l - u;
	return x * y + r * l + 0.5f * (LOG_TWO_PI + lx + log1pf(x / r)) + stirling_error(x) + stirling_error(r) - stirling_error(x + r);
}

// negative_binomial_back is its derivative by r.
DEVICE float negative_binomial_back(float x, float m, float r) {
	if (few(x)) {
		float g = excess(-m / (r + m), r / (r + m));
		for (float i = 0; i < x; i++)
			g += (i - m) / (r + m) / (r + i);
		return g;
	}
	return excess((x - m) / (r + m), (r + x) / (r + m)) - x / (x + r) / (2.0f * r) - (digamma_error(r) - digamma_error(x + r));
}

// zeros is the loss of a count of 0 that is a column's own with the logit zero, or else has the loss l:
// -ln(p + (1-p) e^-l) = softplus(zero) + l - softplus(zero + l).
DEVICE float zeros(float zero, float l) {
	float rest = log1pf(expf(-fabsf(zero))) - log1pf(expf(-fabsf(zero + l)));
	return zero >= 0 ? rest : zero + l >= 0 ? rest - zero : rest + l;
}
