// What a .cu file needs to be compiled by g++: the language extensions, the built-in variables, and the intrinsics that
// the kernels use. Included ahead of every kernel source by scripts/cuda-sim.sh.
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

#define AEGPU_SIM 1
#define __global__ __attribute__((noinline))
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __restrict__ __restrict
// Shared memory is one section, so that the checks know its addresses. One kernel runs at a time.
#define __shared__ static __attribute__((section("aegpu_shared")))
#define __constant__ static const

struct uint3 { unsigned x, y, z; };

extern uint3 sim_thread, sim_block, sim_block_dim, sim_grid_dim;
#define threadIdx sim_thread
#define blockIdx sim_block
#define blockDim sim_block_dim
#define gridDim sim_grid_dim

#define SIM_QUIET __attribute__((no_sanitize("thread"), noipa))

// A vector is moved by one instruction, which must be aligned: its copies are checked as one access, where the compiler
// would take it apart.
void sim_vector(const void *p, size_t n, bool write);
template <class T> struct alignas(4 * sizeof(T)) sim_vector4 {
	T x, y, z, w;
	sim_vector4() = default;
	sim_vector4(T x, T y, T z, T w) : x(x), y(y), z(z), w(w) {}
	sim_vector4(const sim_vector4 &v) { copy(this, &v); }
	sim_vector4 &operator=(const sim_vector4 &v) {
#ifdef __SANITIZE_THREAD__
		sim_vector(this, sizeof v, true);
#endif
		copy(this, &v);
		return *this;
	}

private:
	SIM_QUIET static void copy(sim_vector4 *to, const sim_vector4 *from) {
#ifdef __SANITIZE_THREAD__
		sim_vector(from, sizeof *from, false);
#endif
		to->x = from->x, to->y = from->y, to->z = from->z, to->w = from->w;
	}
};
typedef sim_vector4<float> float4;
typedef sim_vector4<unsigned> uint4;
typedef sim_vector4<unsigned char> uchar4;
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

// Barriers and warp operations: a thread waits until the others are there. line tells two barriers apart.
void sim_barrier(int line);
void sim_warp(unsigned mask, int line, bool orders_memory);
uint64_t sim_exchange(unsigned mask, int line, uint64_t mine, int from);
unsigned sim_ballot(unsigned mask, int line, bool vote);
void sim_atomic(void *p);
void sim_fence();
void sim_trap();

#define __syncthreads() sim_barrier(__LINE__)
#define __syncwarp() sim_warp(0xffffffffu, __LINE__, true)
#define __threadfence() sim_fence()
#define __trap() sim_trap()

static inline int sim_lane() { return (int)(threadIdx.x & 31); }

template <class T> T sim_shuffle(unsigned mask, int line, T v, int from) {
	uint64_t bits = 0;
	memcpy(&bits, &v, sizeof v);
	bits = sim_exchange(mask, line, bits, from & 31);
	memcpy(&v, &bits, sizeof v);
	return v;
}
#define __shfl_sync(mask, v, from) sim_shuffle(mask, __LINE__, v, from)
#define __shfl_xor_sync(mask, v, with) sim_shuffle(mask, __LINE__, v, sim_lane() ^ (with))
#define __shfl_up_sync(mask, v, by) sim_shuffle(mask, __LINE__, v, sim_lane() < (by) ? sim_lane() : sim_lane() - (by))
#define __ballot_sync(mask, p) sim_ballot(mask, __LINE__, p)

static inline int __popc(unsigned v) { return __builtin_popcount(v); }
static inline int __clz(int v) { return v == 0 ? 32 : __builtin_clz((unsigned)v); }
static inline int __clzll(long long v) { return v == 0 ? 64 : __builtin_clzll((unsigned long long)v); }
static inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)(((uint64_t)a * b) >> 32); }
static inline unsigned __float_as_uint(float f) { unsigned u; memcpy(&u, &f, 4); return u; }
static inline float __uint_as_float(unsigned u) { float f; memcpy(&f, &u, 4); return f; }
// The kernels are compiled with -ffp-contract=off, so plain operators round each on its own.
static inline float __fmul_rn(float a, float b) { return a * b; }
static inline float __fadd_rn(float a, float b) { return a + b; }
static inline float __fsub_rn(float a, float b) { return a - b; }
static inline float __fdiv_rn(float a, float b) { return a / b; }
static inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
static inline float __fsqrt_rn(float a) { return sqrtf(a); }
static inline double __dmul_rn(double a, double b) { return a * b; }
static inline double __dadd_rn(double a, double b) { return a + b; }

template <class T> SIM_QUIET T sim_rmw(T *p, T add) {
	sim_atomic(p);
	T old = *(volatile T *)p;
	*(volatile T *)p = old + add;
	return old;
}
SIM_QUIET static inline unsigned atomicAdd(unsigned *p, unsigned v) { return sim_rmw(p, v); }
SIM_QUIET static inline int atomicAdd(int *p, int v) { return sim_rmw(p, v); }
SIM_QUIET static inline unsigned atomicInc(unsigned *p, unsigned limit) {
	sim_atomic(p);
	unsigned old = *p;
	*p = old >= limit ? 0 : old + 1;
	return old;
}

// A kernel registers itself by the name that its PTX gives it.
struct sim_kernel {
	const char *name;
	void (*call)(void **params);
	int params;
	bool waits; // has barriers or warp operations
	const sim_kernel *next;
};
void sim_register(sim_kernel *k);

template <int... I> struct sim_seq {};
template <int N, int... I> struct sim_make : sim_make<N - 1, N - 1, I...> {};
template <int... I> struct sim_make<0, I...> { typedef sim_seq<I...> type; };
template <class... A, int... I> SIM_QUIET void sim_call(void (*f)(A...), void **p, sim_seq<I...>) { f(*(A *)p[I]...); }
template <class... A> constexpr int sim_arity(void (*)(A...)) { return sizeof...(A); }

#define SIM_KERNEL(fn, waits_)                                                                                         \
	static sim_kernel sim_kernel_##fn = {                                                                          \
	    #fn, [](void **p) { sim_call(fn, p, sim_make<sim_arity(fn)>::type()); }, sim_arity(fn), waits_, nullptr};  \
	__attribute__((constructor)) static void sim_register_##fn() { sim_register(&sim_kernel_##fn); }
