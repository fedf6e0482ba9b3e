/* The part of cuBLASLt that aegpu calls, bound at run time. Its ABI has not changed from version 11 to 13; values are
   those of cublasLt.h. Matrices are column-major. */
#ifndef AEGPU_CUBLASLT_H
#define AEGPU_CUBLASLT_H

#include <stddef.h>
#include <stdint.h>

/* D (m x n) = op(A) op(B) + beta D, op(A): m x k, op(B): k x n. Alignments are of the operands' addresses, in bytes. */
typedef struct {
	uint64_t m, n, k;
	int64_t lda, ldb, ldd;
	int trans_a, trans_b;
	int type;     /* of A and B: cudaDataType */
	int type_d;   /* of D, and so of the bias */
	int compute;  /* cublasComputeType_t */
	unsigned epilogue;
	int64_t aux_ld;
	uint32_t align_a, align_b, align_d;
	float beta;
} lt_spec;

enum { LT_CANDIDATES = 8 };

typedef struct {
	void *desc, *a, *b, *d;
	uint64_t algo[LT_CANDIDATES][8]; /* in the library's order of preference */
	int candidates, chosen;
	float beta;
} lt_plan;

/* lt_load opens the library at path, or of that name, and returns NULL, or the reason why it cannot be used; one that was
   loaded before stays then. lt_path is where the loader found the one that is loaded. */
const char *lt_load(const char *path);
const char *lt_path(void);
int lt_create(void **handle);
int lt_destroy(void *handle);
size_t lt_version(void);

/* lt_plan_make fills plan with the algorithms that the heuristic proposes within workspace bytes, the first being chosen.
   Only those are taken whose every run gives the same bits, and whose sums are of float32: none that adds partial sums in
   place, nor in bfloat16. */
int lt_plan_make(void *handle, const lt_spec *spec, size_t workspace, uintptr_t bias, uintptr_t aux, lt_plan *plan);
void lt_plan_free(lt_plan *plan);

/* lt_plan_run enqueues the product. bias and aux are ignored by epilogues without them. */
int lt_plan_run(void *handle, lt_plan *plan, uintptr_t a, uintptr_t b, uintptr_t d, uintptr_t bias, uintptr_t aux,
                uintptr_t work, size_t work_size, uintptr_t stream);

#endif
