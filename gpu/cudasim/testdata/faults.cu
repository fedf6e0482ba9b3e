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

// sum is *y += sum x, by the reduction that the real kernels use.
KERNEL test_sum_f32(double *y, const float *x, i64 n, double *part, u32 *count) {
	__shared__ Scratch s;
	double mine = 0;
	EACH(i, n) mine += x[i];
	grid_add(y, 1, mine, part, count, &s);
}

// handed leaves part[block] = 1 and counts the block, and in the block that is counted last *y = sum of part. Of its two
// fences, before and after the atomic, it has those that are asked for; by_one says that the thread that counts does them
// for all.
DEVICE void handed(float *y, double *part, u32 *count, bool release, bool acquire, bool by_one) {
	__shared__ Scratch s;
	bool mine = threadIdx.x == 0;
	if (threadIdx.x == 1)
		part[blockIdx.x] = 1;
	if (release && !by_one)
		__threadfence();
	__syncthreads();
	if (release && by_one && mine)
		__threadfence();
	if (mine)
		s.last = atomicInc(count, gridDim.x - 1) == gridDim.x - 1;
	if (acquire && by_one && mine)
		__threadfence();
	__syncthreads();
	if (acquire && !by_one)
		__threadfence();
	if (s.last && threadIdx.x == 2) {
		double sum = 0;
		for (u32 b = 0; b < gridDim.x; b++)
			sum += part[b];
		*y = (float)sum;
	}
}

KERNEL test_fenced_f32(float *y, double *part, u32 *count) { handed(y, part, count, true, true, false); }
KERNEL test_fenced_by_one_f32(float *y, double *part, u32 *count) { handed(y, part, count, true, true, true); }

// Without the fence before the atomic, the block that is counted last may not find what this one wrote.
KERNEL test_missing_release_f32(float *y, double *part, u32 *count) { handed(y, part, count, false, true, false); }

// Without the one after it, that block may read what it had in its cache before.
KERNEL test_missing_acquire_f32(float *y, double *part, u32 *count) { handed(y, part, count, true, false, false); }

// A fence that another thread does at the same time says nothing of this thread's write.
KERNEL test_foreign_fence_f32(float *y, double *part, u32 *count) {
	__shared__ Scratch s;
	if (threadIdx.x == 1)
		part[blockIdx.x] = 1;
	if (threadIdx.x == 0) {
		__threadfence();
		s.last = atomicInc(count, gridDim.x - 1) == gridDim.x - 1;
		__threadfence();
	}
	__syncthreads();
	if (s.last && threadIdx.x == 2)
		*y = (float)part[0];
}

// A load of 16 bytes from an address that is no multiple of 16.
KERNEL test_misaligned_f32(float *y, const float *x) {
	if (threadIdx.x == 0)
		*(float4 *)y = *(const float4 *)(x + 1);
}
