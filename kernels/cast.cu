// Operands of products in bfloat16.
#include "bfloat16.cuh"

// cast is out[r,j] = bfloat16(x[r,j]); the columns from cols to ld, a multiple of PACK, are 0. A thread makes PACK
// elements.
//
//	out: rows x ld, on a boundary of 16 bytes, x: rows x cols
KERNEL cast_fwd_bf16(uint4 *out, const float *x, i64 rows, i64 cols, i64 ld) {
	EACH(i, rows * (ld / PACK)) {
		i64 r = quotient(i, ld / PACK), j = (i - r * (ld / PACK)) * PACK;
		u32 pair[PACK / 2];
		for (int k = 0; k < PACK / 2; k++) {
			i64 c = j + 2 * k;
			u32 low = c < cols ? bfloat16(x[r * cols + c]) : 0, high = c + 1 < cols ? bfloat16(x[r * cols + c + 1]) : 0;
			pair[k] = low | high << 16;
		}
		uint4 v;
		v.x = pair[0];
		v.y = pair[1];
		v.z = pair[2];
		v.w = pair[3];
		out[i] = v;
	}
}

// expand is out[r,j] = x[r,j], rows of x being ld apart: a tensor whose bfloat16 alone was written.
//
//	out: rows x cols, x: rows x ld
KERNEL expand_fwd_f32(float *out, const u16 *x, i64 rows, i64 cols, i64 ld) {
	EACH(i, rows * cols) {
		i64 r = quotient(i, cols);
		out[i] = widened(x[r * ld + (i - r * cols)]);
	}
}
