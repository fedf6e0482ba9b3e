// cuBLASLt: products with their layouts, transposes and epilogues; its rules on alignment and on descriptors are checked.
#include <stdlib.h>
#include <unistd.h>

#include <set>
#include <vector>

#include "sim.h"
#include "stream.h"

enum { BLAS_OK = 0, BLAS_INVALID = 7, BLAS_FAILED = 13, BLAS_INTERNAL = 14, BLAS_UNSUPPORTED = 15 };
enum { F32 = 0, BF16 = 14, COMPUTE_32F = 68, COMPUTE_TF32 = 77 };
enum { E_RELU = 2, E_BIAS = 4, E_DRELU = 8, E_BGRAD = 16, E_AUX = 128, E_BGRADA = 256, E_BGRADB = 512 };
enum { E_SUMS = E_BGRAD | E_BGRADA | E_BGRADB, E_VECTOR = E_BIAS | E_SUMS };

struct lt_desc {
	int compute;
	int32_t trans_a = 0, trans_b = 0;
	uint32_t epilogue = 1;
	uintptr_t bias = 0, aux = 0;
	int64_t aux_ld = 0;
};
struct lt_layout { int type; uint64_t rows, cols; int64_t ld; };
struct lt_pref { uint64_t workspace = 0; uint32_t reductions = 7, align[4] = {256, 256, 256, 256}; };
// What the simulator keeps in the opaque algorithm: the problem it was chosen for.
struct lt_algo { uint64_t magic, m, n, k; uint32_t epilogue, align_a, align_b, align_d; uint64_t candidate, pad; };
struct lt_heuristic { lt_algo algo; size_t workspace; int state; float waves; int reserved[4]; };
static uint64_t size_of(int type) { return type == F32 ? 4 : 2; }
static_assert(sizeof(lt_algo) == 64, "the algorithm is 64 bytes");
static const uint64_t MAGIC = 0x61656770756c74;
// Algorithms that a product has to choose from: each adds up k in an order of its own, IN_PLACE differently every time. Where it
// may, IN_HALF comes first for a result in bfloat16, as on an H100: each half of its sum is rounded to that.
enum { CANDIDATES = 4, IN_PLACE = 2, IN_HALF = CANDIDATES };

EXPORT size_t cublasLtGetVersion() { return 120400; }
EXPORT int cublasLtCreate(void **h) { return *h = new int(0), BLAS_OK; }
EXPORT int cublasLtDestroy(void *h) { return delete (int *)h, BLAS_OK; }
EXPORT int cublasLtMatmulDescCreate(void **d, int compute, int scale) {
	if (scale != F32 || (compute != COMPUTE_32F && compute != COMPUTE_TF32))
		return BLAS_UNSUPPORTED;
	return *d = new lt_desc{compute}, BLAS_OK;
}
EXPORT int cublasLtMatmulDescDestroy(void *d) { return delete (lt_desc *)d, BLAS_OK; }

template <class T> static int set(T *field, const void *v, size_t n) {
	if (n != sizeof *field)
		return BLAS_INVALID;
	memcpy(field, v, n);
	return BLAS_OK;
}

EXPORT int cublasLtMatmulDescSetAttribute(void *h, int attribute, const void *v, size_t n) {
	lt_desc *d = (lt_desc *)h;
	switch (attribute) {
	case 3: return set(&d->trans_a, v, n);
	case 4: return set(&d->trans_b, v, n);
	case 7: return set(&d->epilogue, v, n);
	case 8: return set(&d->bias, v, n);
	case 11: return set(&d->aux, v, n);
	case 12: return set(&d->aux_ld, v, n);
	}
	return BLAS_INVALID;
}

EXPORT int cublasLtMatrixLayoutCreate(void **l, int type, uint64_t rows, uint64_t cols, int64_t ld) {
	if (rows == 0 || cols == 0 || ld < (int64_t)rows)
		return BLAS_INVALID;
	return *l = new lt_layout{type, rows, cols, ld}, BLAS_OK;
}
EXPORT int cublasLtMatrixLayoutDestroy(void *l) { return delete (lt_layout *)l, BLAS_OK; }
EXPORT int cublasLtMatmulPreferenceCreate(void **p) { return *p = new lt_pref(), BLAS_OK; }
EXPORT int cublasLtMatmulPreferenceDestroy(void *p) { return delete (lt_pref *)p, BLAS_OK; }
EXPORT int cublasLtMatmulPreferenceSetAttribute(void *h, int attribute, const void *v, size_t n) {
	lt_pref *p = (lt_pref *)h;
	if (attribute == 1)
		return set(&p->workspace, v, n);
	if (attribute == 3)
		return set(&p->reductions, v, n);
	return attribute >= 5 && attribute <= 8 ? set(&p->align[attribute - 5], v, n) : BLAS_INVALID;
}

static bool shapes(const lt_desc *d, const lt_layout *a, const lt_layout *b, const lt_layout *c, uint64_t *k) {
	*k = d->trans_a ? a->rows : a->cols;
	return (d->trans_a ? a->cols : a->rows) == c->rows && (d->trans_b ? b->rows : b->cols) == c->cols &&
	       (d->trans_b ? b->cols : b->rows) == *k && a->type == b->type && (a->type == F32 || a->type == BF16) &&
	       (c->type == F32 || (c->type == BF16 && a->type == BF16));
}

static int epilogue_ok(const lt_desc *d, const lt_layout *c) {
	uint32_t e = d->epilogue;
	const char *without = getenv("AEGPU_CUDASIM_NO_EPILOGUES"); // to test what stands in for them
	if (without != nullptr && *without && (e != 1 || (c->type == BF16 && *without == '2'))) // 2: nor results in bfloat16
		return BLAS_UNSUPPORTED;
	if ((d->bias != 0 && !(e & E_VECTOR)) || (d->aux != 0 && !(e & E_AUX))) { // the library takes it; a mistake it is all the same
		fault("a product with the pointer of an epilogue that it does not have");
		return BLAS_INVALID;
	}
	if ((e & E_AUX) && (d->aux == 0 || d->aux % 16 != 0 || d->aux_ld % 128 != 0 || d->aux_ld < (int64_t)c->rows))
		return BLAS_INVALID;
	if ((e & E_VECTOR) && (d->bias == 0 || d->bias % size_of(c->type) != 0)) // it is of the type of D
		return BLAS_INVALID;
	return BLAS_OK;
}

// turn is how far the order of algorithms, and of the sums of each, is from that of a plain product.
static uint64_t turn(uint32_t epilogue) {
	return quirk("epilogues-differ") ? __builtin_popcount(epilogue) - 1 + __builtin_ctz(epilogue) : 0;
}

EXPORT int cublasLtMatmulAlgoGetHeuristic(void *, void *hd, void *ha, void *hb, void *hc, void *, void *hp, int want,
                                          lt_heuristic *out, int *got) {
	sim_lock hold;
	lt_desc *d = (lt_desc *)hd;
	lt_layout *a = (lt_layout *)ha, *b = (lt_layout *)hb, *c = (lt_layout *)hc;
	lt_pref *p = (lt_pref *)hp;
	uint64_t k;
	*got = 0;
	if (want < 1 || !shapes(d, a, b, c, &k))
		return BLAS_INVALID;
	if (refused_by_capture()) // "could not obtain green context information", libcublasLt 13.10
		return BLAS_INTERNAL;
	if (int r = epilogue_ok(d, c))
		return r;
	if (k == 1 && (d->epilogue & E_DRELU) && quirk("no-drelu-k1") && !quirk("refuse-late"))
		return BLAS_UNSUPPORTED;
	bool odd = quirk("alignments-differ") && (p->align[0] < 16 || p->align[1] < 16 || p->align[3] < 16);
	for (uint64_t i = 0; i <= CANDIDATES && *got < want; i++) {
		uint64_t candidate = i == 0 ? IN_HALF : (i - 1 + turn(d->epilogue) + odd) % CANDIDATES;
		if ((candidate == IN_PLACE && !(p->reductions & 1)) || (candidate == IN_HALF && (c->type == F32 || !(p->reductions & 4))))
			continue;
		lt_heuristic h = {};
		h.algo = {MAGIC, c->rows, c->cols, k, d->epilogue, p->align[0], p->align[1], p->align[3], candidate, 0};
		h.workspace = p->workspace < 1024 ? 0 : 1024;
		out[(*got)++] = h;
	}
	return BLAS_OK;
}

static float rounded(float v, int compute) { // to tf32: 10 bits of mantissa, to nearest
	if (compute != COMPUTE_TF32)
		return v;
	uint32_t u;
	memcpy(&u, &v, 4);
	u = (u + 0xFFF + (u >> 13 & 1)) & ~0x1FFFu;
	memcpy(&v, &u, 4);
	return v;
}

static float load(uintptr_t p, int type, uint64_t i) {
	if (type == F32)
		return ((const float *)p)[i];
	uint32_t u = (uint32_t)((const uint16_t *)p)[i] << 16;
	float v;
	memcpy(&v, &u, 4);
	return v;
}

static void store(uintptr_t p, int type, uint64_t i, float v) {
	uint32_t u;
	memcpy(&u, &v, 4);
	if (type == F32)
		((float *)p)[i] = v;
	else
		((uint16_t *)p)[i] = v != v ? u >> 16 | 0x40 : (u + 0x7FFF + (u >> 16 & 1)) >> 16;
}

static float bfloat16(float v) {
	uint16_t half;
	store((uintptr_t)&half, BF16, 0, v);
	return load((uintptr_t)&half, BF16, 0);
}

// dense is op(X) as a float matrix, rows x cols, column-major, so that the product below has one form.
static std::vector<float> dense(uintptr_t p, const lt_layout &l, bool trans, int compute) {
	std::vector<float> x(l.rows * l.cols);
	for (uint64_t j = 0; j < l.cols; j++)
		for (uint64_t i = 0; i < l.rows; i++) {
			float v = load(p, l.type, j * l.ld + i);
			x[trans ? i * l.cols + j : j * l.rows + i] = rounded(v, compute);
		}
	return x;
}

struct product {
	lt_desc d;
	lt_layout a, b, c;
	uintptr_t pa, pb, pd;
	float alpha, beta;
	uint64_t k, candidate, first; // the step of k that each sum begins with
	uintptr_t work;
	bool at_zero, drops_nan, rounds_first, split, apart; // quirks
};

static bool in_bounds(const product &q) {
	auto bytes = [](const lt_layout &l) { return ((l.cols - 1) * l.ld + l.rows) * size_of(l.type); };
	const lt_desc &d = q.d;
	uint64_t bias = d.epilogue & E_BGRADB ? q.c.cols : q.c.rows;
	return memory_check(q.pa, bytes(q.a), "product: load of A") && memory_check(q.pb, bytes(q.b), "product: load of B") &&
	       memory_check(q.pd, bytes(q.c), "product: store of D") &&
	       (!(d.epilogue & E_VECTOR) || memory_check(d.bias, bias * size_of(q.c.type), "product: bias")) &&
	       (!(d.epilogue & E_AUX) || memory_check(d.aux, q.c.cols * d.aux_ld / 8, "product: mask"));
}

// finish applies the epilogue to column j of D.
static void finish(const product &q, uint64_t j, const float *sum, double *row_sums) {
	uint32_t e = q.d.epilogue;
	uint8_t *mask = e & E_AUX ? (uint8_t *)q.d.aux + j * q.d.aux_ld / 8 : nullptr;
	for (uint64_t i = 0; i < q.c.rows; i++) {
		float v = q.alpha * sum[i] + (q.beta != 0 ? q.beta * load(q.pd, q.c.type, j * q.c.ld + i) : 0);
		if (q.rounds_first && q.c.type == BF16)
			v = bfloat16(v);
		if (e & E_BIAS)
			v += load(q.d.bias, q.c.type, i);
		if (e & E_RELU) {
			if (mask != nullptr)
				mask[i / 8] = (mask[i / 8] & ~(1 << i % 8)) | (v > 0 || (v == 0 && q.at_zero)) << i % 8;
			v = v > 0 || (v != v && !q.drops_nan) ? v : 0;
		}
		if ((e & E_DRELU) && !q.apart && !(mask[i / 8] >> i % 8 & 1))
			v = 0;
		if (e & E_BGRAD)
			row_sums[i] += v;
		store(q.pd, q.c.type, j * q.c.ld + i, v);
	}
}

static void store_sums(const product &q, const std::vector<float> &a, const std::vector<float> &b,
                       const std::vector<double> &row_sums) {
	uint64_t m = q.c.rows, n = q.c.cols;
	if (q.d.epilogue & E_BGRAD)
		for (uint64_t i = 0; i < m; i++)
			store(q.d.bias, q.c.type, i, (float)row_sums[i]);
	if (q.d.epilogue & E_BGRADA)
		for (uint64_t i = 0; i < m; i++) {
			double s = 0;
			for (uint64_t l = 0; l < q.k; l++)
				s += a[l * m + i];
			store(q.d.bias, q.c.type, i, (float)s);
		}
	if (q.d.epilogue & E_BGRADB)
		for (uint64_t j = 0; j < n; j++) {
			double s = 0;
			for (uint64_t l = 0; l < q.k; l++)
				s += b[j * q.k + l];
			store(q.d.bias, q.c.type, j, (float)s);
		}
}

// count_bytes counts what the product moves, and stores zeros. The workspace stands for itself by its first byte, uncounted.
static void count_bytes(const product &q) {
	const lt_desc &d = q.d;
	auto touch = [](uintptr_t p, const lt_layout &l, bool write) {
		for (uint64_t j = 0; j < l.cols; j++)
			bytes_touch(p + j * l.ld * size_of(l.type), l.rows * size_of(l.type), write);
	};
	touch(q.pa, q.a, false);
	touch(q.pb, q.b, false);
	if (q.beta != 0)
		touch(q.pd, q.c, false);
	touch(q.pd, q.c, true);
	uint64_t bias = d.epilogue & E_BGRADB ? q.c.cols : q.c.rows;
	if (d.epilogue & E_VECTOR)
		bytes_touch(d.bias, bias * size_of(q.c.type), !(d.epilogue & E_BIAS));
	for (uint64_t j = 0; (d.epilogue & E_AUX) && j < q.c.cols; j++)
		bytes_touch(d.aux + j * d.aux_ld / 8, (q.c.rows + 7) / 8, !(d.epilogue & E_DRELU & ~E_AUX));
	if (q.work != 0)
		bytes_touch(q.work, 1, true, false);
	for (uint64_t j = 0; j < q.c.cols; j++)
		memset((char *)q.pd + j * q.c.ld * size_of(q.c.type), 0, q.c.rows * size_of(q.c.type));
	if (d.epilogue & E_SUMS)
		memset((void *)d.bias, 0, bias * size_of(q.c.type));
}

static int multiply(const product &q) {
	stats.launches++;
	stats.products++;
	const char *fast = getenv("AEGPU_CUDASIM_FAST_ALGORITHM"); // the others take longer
	if (fast != nullptr && strtoull(fast, nullptr, 10) != q.candidate)
		usleep(2000);
	if (!in_bounds(q))
		return ILLEGAL_ADDRESS;
	bytes_launch_begin();
	if (counting_bytes) {
		count_bytes(q);
		return OK;
	}
	uint64_t m = q.c.rows;
	std::vector<float> a = dense(q.pa, q.a, q.d.trans_a, q.d.compute), b = dense(q.pb, q.b, q.d.trans_b, q.d.compute);
	std::vector<float> sum(m);
	std::vector<double> row_sums(m);
	static uint64_t runs;
	uint64_t first = q.candidate == IN_PLACE ? runs++ : q.first;
	for (uint64_t j = 0; j < q.c.cols; j++) {
		sum.assign(m, 0);
		for (uint64_t step = 0; step < q.k; step++) {
			uint64_t l = (step + first) % q.k;
			float x = b[j * q.k + l];
			const float *col = &a[l * m];
			for (uint64_t i = 0; i < m; i++)
				sum[i] += col[i] * x;
			if (q.candidate == IN_HALF && step == q.k / 2)
				for (float &s : sum)
					s = bfloat16(s);
		}
		finish(q, j, sum.data(), row_sums.data());
	}
	if (!q.split)
		store_sums(q, a, b, row_sums);
	return OK;
}

// reduce is the second node of a product with sums that is two: what the first one read must still be there.
static int reduce(const product &q) {
	stats.launches++;
	if (!in_bounds(q))
		return ILLEGAL_ADDRESS;
	bytes_launch_begin();
	if (counting_bytes)
		return OK;
	std::vector<double> row_sums(q.c.rows);
	for (uint64_t j = 0; j < q.c.cols; j++)
		for (uint64_t i = 0; i < q.c.rows; i++)
			row_sums[i] += load(q.pd, q.c.type, j * q.c.ld + i);
	store_sums(q, dense(q.pa, q.a, q.d.trans_a, q.d.compute), dense(q.pb, q.b, q.d.trans_b, q.d.compute), row_sums);
	return OK;
}

// derive is the second node of a product with the derivative of ReLU that is two.
static int derive(const product &q) {
	stats.launches++;
	if (!in_bounds(q))
		return ILLEGAL_ADDRESS;
	bytes_launch_begin();
	for (uint64_t j = 0; j < q.c.cols && !counting_bytes; j++)
		for (uint64_t i = 0; i < q.c.rows; i++)
			if (!(((const uint8_t *)q.d.aux)[j * q.d.aux_ld / 8 + i / 8] >> i % 8 & 1))
				store(q.pd, q.c.type, j * q.c.ld + i, 0);
	return OK;
}

// load_kernel is whether the kernel of the product is there: it is loaded when it first runs, which must not be in a capture.
static bool load_kernel(const product &q) {
	static std::set<std::vector<uint64_t>> loaded;
	std::vector<uint64_t> key = {(uint64_t)q.a.type, (uint64_t)q.c.type, (uint64_t)q.d.compute, (uint64_t)q.d.trans_a,
	                             (uint64_t)q.d.trans_b, q.d.epilogue, q.candidate};
	if (loaded.count(key) == 0 && refused_by_capture())
		return false;
	loaded.insert(key);
	return true;
}

EXPORT int cublasLtMatmul(void *, void *hd, const float *alpha, const void *a, void *ha, const void *b, void *hb,
                          const float *beta, const void *c, void *, void *d, void *hc, const lt_algo *algo, void *work,
                          size_t work_size, void *s) {
	sim_lock hold;
	product q = {*(lt_desc *)hd, *(lt_layout *)ha, *(lt_layout *)hb, *(lt_layout *)hc, (uintptr_t)a, (uintptr_t)b,
	             (uintptr_t)d, *alpha, *beta, 0, 0, 0, work_size > 0 ? (uintptr_t)work : 0, quirk("mask-at-zero"), quirk("relu-drops-nan"), quirk("rounds-first"), false, false};
	if (!shapes(&q.d, &q.a, &q.b, &q.c, &q.k) || c != d)
		return BLAS_INVALID;
	if (int r = epilogue_ok(&q.d, &q.c))
		return r;
	if (algo == nullptr || algo->magic != MAGIC || algo->m != q.c.rows || algo->n != q.c.cols || algo->k != q.k ||
	    algo->epilogue != q.d.epilogue) {
		fault("product with an algorithm that was chosen for another problem");
		return BLAS_INVALID;
	}
	if ((q.d.epilogue & E_DRELU) && ((quirk("refuse-late") && q.k == 1) || (quirk("refuse-captured") && capturing())))
		return BLAS_UNSUPPORTED;
	q.candidate = algo->candidate;
	q.first = q.candidate + turn(q.d.epilogue);
	q.apart = (q.d.epilogue & E_DRELU & ~E_AUX) && quirk("drelu-two-nodes");
	q.split = (q.d.epilogue & E_SUMS) && quirk("bgrad-two-nodes");
	if (!load_kernel(q))
		return BLAS_INTERNAL;
	if (q.pa % algo->align_a != 0 || q.pb % algo->align_b != 0 || q.pd % algo->align_d != 0) {
		fault("product of operands that are less aligned than its algorithm was told");
		return BLAS_INVALID;
	}
	if (work_size > 0 && (!memory_check((uintptr_t)work, work_size, "product: workspace") || (uintptr_t)work % 256 != 0))
		return BLAS_INVALID;
	int r = enqueue(stream_of(s), "product", [q] { return multiply(q); });
	if (r == OK && q.split)
		r = enqueue(stream_of(s), "sums of a product", [q] { return reduce(q); });
	if (r == OK && q.apart)
		r = enqueue(stream_of(s), "derivative of a product", [q] { return derive(q); });
	return r == OK ? BLAS_OK : BLAS_FAILED;
}
