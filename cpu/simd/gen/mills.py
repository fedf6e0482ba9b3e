"""Fits the polynomial behind normalCDF, gelu and geluBack.

The upper tail of the standard normal is Q(a) = exp(-a*a/2) * t * P(t) with t = 1/(1 + a/2). P is fitted in
relative error at Chebyshev nodes of t over a in [0, 14.5], beyond which Q is below every float32, with a few rounds of
reweighting towards the minimax polynomial. Needs numpy and mpmath; prints the coefficients, highest first."""
import mpmath as mp
import numpy as np

DEGREE, LAST = 9, 14.5
low = 1 / (1 + LAST / 2)
x = np.cos(np.pi * (np.arange(600) + 0.5) / 600)
t = (1 + low) / 2 + (1 - low) / 2 * x
want = np.array([float(mp.erfc(2 * (1 / mp.mpf(v) - 1) / mp.sqrt(2)) / 2 * mp.exp((2 * (1 / mp.mpf(v) - 1)) ** 2 / 2) / mp.mpf(v)) for v in t])
weight = np.ones_like(t)
for _ in range(60):
    p = np.polynomial.chebyshev.Chebyshev.fit(t, want, DEGREE, domain=[low, 1], w=np.sqrt(weight) / want)
    error = np.abs(p(t) / want - 1)
    weight *= 0.2 + error / error.max()
    weight /= weight.max()
print("relative error", error.max())
c = p.convert(kind=np.polynomial.Polynomial).coef[::-1]
print(", ".join("%.10e" % v for v in c))
f = np.float32(0)
for v in c:
    f = (f * t.astype("f") + np.float32(v)).astype("f")
print("relative error in float32", np.abs(f / want - 1).max())
