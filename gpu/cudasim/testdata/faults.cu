// Kernels with one fault each, which the simulator must find, and their sound twins. They are no part of aegpu.
#include "reduce.cuh"

// reverse is y = x backwards within blocks of 256, through shared memory.
KERNEL test_reverse_f32(float *y, const float *x, i64 n) {
	__shared__ float s[256];
	i64 i = (i64)blockIdx.x * 256 + threadIdx.x;
	if (i < n)
		s[threadIdx.x] = x[i];
	__syncthreads();
	i64 last = n - (i64)blockIdx.x * 256 < 256 ? n - (i64)blockIdx.x * 256 - 1 : 255;
	if (i < n)
		y[i] = s[last - threadIdx.x];
}

// Without its barrier, it reads what another thread may not have written yet.
KERNEL test_missing_barrier_f32(float *y, const float *x, i64 n) {
	__shared__ float s[256];
	i64 i = (i64)blockIdx.x * 256 + threadIdx.x;
	s[threadIdx.x] = i < n ? x[i] : 0.0f;
	if (i < n)
		y[i] = s[255 - threadIdx.x];
	__syncthreads();
}

// Only half of the threads come to the barrier that the others wait at.
KERNEL test_divergent_barrier_f32(float *y, i64 n) {
	if (threadIdx.x < 128)
		__syncthreads();
	else
		y[threadIdx.x % n] = warp_sum(1.0);
	__syncthreads();
}

// The tail guard is off by one: a thread reads past the end.
KERNEL test_out_of_bounds_f32(float *y, const float *x, i64 n) {
	i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x;
	if (i <= n)
		y[i] = x[i];
}

// Every block adds to the same element of device memory.
KERNEL test_grid_race_f32(float *y) {
	if (threadIdx.x == 0)
		y[0] += 1.0f;
}

// sum is *y = sum x, by the reduction that the real kernels use.
KERNEL test_sum_f32(double *y, const float *x, i64 n, double *part, u32 *count) {
	__shared__ Scratch s;
	double mine = 0, total;
	EACH(i, n) mine += x[i];
	if (grid_sum(mine, &total, part, count, &s) && threadIdx.x == 0)
		*y = total;
}
