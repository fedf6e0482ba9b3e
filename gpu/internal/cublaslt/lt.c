//go:build cuda

#define _GNU_SOURCE /* dladdr */

#include "lt.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

enum { R_32F = 0, NOT_SUPPORTED = 15, NOT_INITIALIZED = 1 };
enum { DESC_TRANSA = 3, DESC_TRANSB = 4, DESC_EPILOGUE = 7, DESC_BIAS_POINTER = 8, DESC_AUX_POINTER = 11, DESC_AUX_LD = 12 };
enum { PREF_WORKSPACE = 1, PREF_REDUCTIONS = 3, PREF_ALIGN_A = 5, PREF_ALIGN_B = 6, PREF_ALIGN_C = 7, PREF_ALIGN_D = 8 };

enum { REDUCE_IN_COMPUTE_TYPE = 2, REDUCE_IN_OUTPUT_TYPE = 4 };

/* Partial sums over k that go through the workspace are added in a fixed order; those added in place are not taken. Nor are
   those kept in bfloat16, in which every one is rounded: on an H100 that was 29 times the error of the result's rounding. */
static uint32_t reductions(const lt_spec *s) {
	return s->type_d == R_32F ? REDUCE_IN_COMPUTE_TYPE | REDUCE_IN_OUTPUT_TYPE : REDUCE_IN_COMPUTE_TYPE;
}

typedef struct {
	uint64_t algo[8];
	size_t workspace;
	int state;
	float waves;
	int reserved[4];
} heuristic;

typedef struct {
	int (*Create)(void **);
	int (*Destroy)(void *);
	size_t (*GetVersion)(void);
	int (*MatmulDescCreate)(void **, int compute, int scale);
	int (*MatmulDescDestroy)(void *);
	int (*MatmulDescSetAttribute)(void *, int, const void *, size_t);
	int (*MatrixLayoutCreate)(void **, int type, uint64_t rows, uint64_t cols, int64_t ld);
	int (*MatrixLayoutDestroy)(void *);
	int (*MatmulPreferenceCreate)(void **);
	int (*MatmulPreferenceDestroy)(void *);
	int (*MatmulPreferenceSetAttribute)(void *, int, const void *, size_t);
	int (*MatmulAlgoGetHeuristic)(void *, void *desc, void *a, void *b, void *c, void *d, void *pref, int want,
	                              heuristic *, int *got);
	int (*Matmul)(void *, void *desc, const void *alpha, const void *a, void *adesc, const void *b, void *bdesc,
	              const void *beta, const void *c, void *cdesc, void *d, void *ddesc, const void *algo, void *work,
	              size_t work_size, void *stream);
} functions;

static functions lt;

/* bind fills f from lib and returns NULL, or the reason why it cannot. */
static const char *bind(void *lib, functions *f) {
#define BIND(name)                                                                                                     \
	if ((f->name = (__typeof__(f->name))dlsym(lib, "cublasLt" #name)) == NULL)                                     \
	return dlerror()
	BIND(Create);
	BIND(Destroy);
	BIND(GetVersion);
	BIND(MatmulDescCreate);
	BIND(MatmulDescDestroy);
	BIND(MatmulDescSetAttribute);
	BIND(MatrixLayoutCreate);
	BIND(MatrixLayoutDestroy);
	BIND(MatmulPreferenceCreate);
	BIND(MatmulPreferenceDestroy);
	BIND(MatmulPreferenceSetAttribute);
	BIND(MatmulAlgoGetHeuristic);
	BIND(Matmul);
	return NULL;
}

const char *lt_load(const char *path) {
	static char why[1024]; /* what dlerror says goes with the library */
	void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (lib == NULL)
		return dlerror();
	functions f;
	const char *missing = bind(lib, &f);
	if (missing == NULL) {
		lt = f;
		return NULL;
	}
	snprintf(why, sizeof why, "%s", missing);
	dlclose(lib);
	return why;
}

const char *lt_path(void) {
	Dl_info info;
	return lt.Create != NULL && dladdr((void *)lt.Create, &info) != 0 ? info.dli_fname : NULL;
}

int lt_create(void **handle) { return lt.Create ? lt.Create(handle) : NOT_INITIALIZED; }
int lt_destroy(void *handle) { return lt.Destroy(handle); }
size_t lt_version(void) { return lt.GetVersion ? lt.GetVersion() : 0; }

#define TRY(call)                                                                                                      \
	do {                                                                                                           \
		int status = (call);                                                                                   \
		if (status != 0)                                                                                       \
			return status;                                                                                 \
	} while (0)

static int describe(const lt_spec *s, uintptr_t bias, uintptr_t aux, lt_plan *p) {
	TRY(lt.MatmulDescCreate(&p->desc, s->compute, R_32F));
	int32_t ta = s->trans_a, tb = s->trans_b;
	TRY(lt.MatmulDescSetAttribute(p->desc, DESC_TRANSA, &ta, sizeof ta));
	TRY(lt.MatmulDescSetAttribute(p->desc, DESC_TRANSB, &tb, sizeof tb));
	TRY(lt.MatmulDescSetAttribute(p->desc, DESC_EPILOGUE, &s->epilogue, sizeof s->epilogue));
	if (bias != 0)
		TRY(lt.MatmulDescSetAttribute(p->desc, DESC_BIAS_POINTER, &bias, sizeof bias));
	if (aux != 0) {
		TRY(lt.MatmulDescSetAttribute(p->desc, DESC_AUX_POINTER, &aux, sizeof aux));
		TRY(lt.MatmulDescSetAttribute(p->desc, DESC_AUX_LD, &s->aux_ld, sizeof s->aux_ld));
	}
	TRY(lt.MatrixLayoutCreate(&p->a, s->type, s->trans_a ? s->k : s->m, s->trans_a ? s->m : s->k, s->lda));
	TRY(lt.MatrixLayoutCreate(&p->b, s->type, s->trans_b ? s->n : s->k, s->trans_b ? s->k : s->n, s->ldb));
	return lt.MatrixLayoutCreate(&p->d, s->type_d, s->m, s->n, s->ldd);
}

static int choose(void *handle, const lt_spec *s, size_t workspace, void *pref, lt_plan *p) {
	uint64_t bytes = workspace;
	TRY(lt.MatmulPreferenceSetAttribute(pref, PREF_WORKSPACE, &bytes, sizeof bytes));
	uint32_t reduce = reductions(s);
	TRY(lt.MatmulPreferenceSetAttribute(pref, PREF_REDUCTIONS, &reduce, sizeof reduce));
	TRY(lt.MatmulPreferenceSetAttribute(pref, PREF_ALIGN_A, &s->align_a, sizeof s->align_a));
	TRY(lt.MatmulPreferenceSetAttribute(pref, PREF_ALIGN_B, &s->align_b, sizeof s->align_b));
	TRY(lt.MatmulPreferenceSetAttribute(pref, PREF_ALIGN_C, &s->align_d, sizeof s->align_d));
	TRY(lt.MatmulPreferenceSetAttribute(pref, PREF_ALIGN_D, &s->align_d, sizeof s->align_d));
	heuristic h[LT_CANDIDATES] = {0}; /* the library leaves gaps as they are */
	int got = 0;
	TRY(lt.MatmulAlgoGetHeuristic(handle, p->desc, p->a, p->b, p->d, p->d, pref, LT_CANDIDATES, h, &got));
	for (int i = 0; i < got; i++)
		if (h[i].state == 0)
			memcpy(p->algo[p->candidates++], h[i].algo, sizeof h[i].algo);
	return p->candidates > 0 ? 0 : NOT_SUPPORTED;
}

int lt_plan_make(void *handle, const lt_spec *s, size_t workspace, uintptr_t bias, uintptr_t aux, lt_plan *p) {
	void *pref = NULL;
	int status = describe(s, bias, aux, p);
	p->beta = s->beta;
	if (status == 0)
		status = lt.MatmulPreferenceCreate(&pref);
	if (status == 0)
		status = choose(handle, s, workspace, pref, p);
	if (pref != NULL)
		lt.MatmulPreferenceDestroy(pref);
	if (status != 0)
		lt_plan_free(p);
	return status;
}

void lt_plan_free(lt_plan *p) {
	if (p->desc != NULL)
		lt.MatmulDescDestroy(p->desc);
	void *layouts[] = {p->a, p->b, p->d};
	for (int i = 0; i < 3; i++)
		if (layouts[i] != NULL)
			lt.MatrixLayoutDestroy(layouts[i]);
	*p = (lt_plan){0};
}

int lt_plan_run(void *handle, lt_plan *p, uintptr_t a, uintptr_t b, uintptr_t d, uintptr_t bias, uintptr_t aux,
                uintptr_t work, size_t work_size, uintptr_t stream) {
	const float alpha = 1;
	if (bias != 0)
		TRY(lt.MatmulDescSetAttribute(p->desc, DESC_BIAS_POINTER, &bias, sizeof bias));
	if (aux != 0)
		TRY(lt.MatmulDescSetAttribute(p->desc, DESC_AUX_POINTER, &aux, sizeof aux));
	return lt.Matmul(handle, p->desc, &alpha, (void *)a, p->a, (void *)b, p->b, &p->beta, (void *)d, p->d, (void *)d, p->d,
	                 p->algo[p->chosen], (void *)work, work_size, (void *)stream);
}
