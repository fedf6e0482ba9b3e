// Rounding to bfloat16.
#pragma once
#include "common.cuh"

// bfloat16 is the upper half of x, rounded to nearest, ties to even. NaN stays NaN.
DEVICE unsigned short bfloat16(float x) {
	u32 u = __float_as_uint(x);
	if (x != x)
		return (unsigned short)(u >> 16 | 0x40);
	return (unsigned short)((u + 0x7FFF + (u >> 16 & 1)) >> 16);
}
