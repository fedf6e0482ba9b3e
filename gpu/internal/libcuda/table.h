/* The table that the driver functions of stubs.S jump through. */
#ifndef AEGPU_LIBCUDA_TABLE_H
#define AEGPU_LIBCUDA_TABLE_H

#include <stdint.h>

/* aegpu_libcuda_load binds every function from the library at path; it may be called again with another path.
   It returns NULL, or what dlopen said (valid until the thread's next call). *missing counts functions that the
   library lacks; they go on answering CUDA_ERROR_NO_DEVICE. */
const char *aegpu_libcuda_load(const char *path, int *missing);

/* aegpu_libcuda_init calls the library's own cuInit. */
int aegpu_libcuda_init(void);

/* aegpu_libcuda_moved is the bytes of device memory that launches have read and written so far. It returns 0 where the
   library does not count them; only the simulator does. */
int aegpu_libcuda_moved(uint64_t *read, uint64_t *written);

#endif
