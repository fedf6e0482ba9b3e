/* The part of NCCL that aegpu calls, bound at run time. Its ABI has not changed within version 2; values are those of nccl.h. */
#ifndef AEGPU_NCCL_H
#define AEGPU_NCCL_H

#include <stddef.h>
#include <stdint.h>

enum { NCCL_ID = 128, NCCL_UINT8 = 1, NCCL_FLOAT32 = 7, NCCL_FLOAT64 = 8 };

/* nccl_load opens the library at path, or of that name, and returns NULL, or the reason why it cannot be used. nccl_path is
   where the loader found it. */
const char *nccl_load(const char *path);
const char *nccl_path(void);
int nccl_version(int *version);
int nccl_new_id(char *id);
int nccl_join(void **comm, int size, const char *id, int rank);
int nccl_all_reduce(void *comm, uintptr_t at, size_t count, int type, uintptr_t stream);
int nccl_broadcast(void *comm, uintptr_t at, size_t bytes, int root, uintptr_t stream);
int nccl_async_error(void *comm, int *error);
int nccl_abort(void *comm);
int nccl_destroy(void *comm);
const char *nccl_text(int error);       /* what a result means */
const char *nccl_last(void *comm);      /* what the library says of the last error, or NULL */

#endif
