//go:build cuda

#include "table.h"

#include <dlfcn.h>
#include <stddef.h>

enum {
#define X(slot, name) SLOT_##name,
#include "symbols.inc"
#undef X
	SYMBOLS
};

static int absent(void) { return 100; /* CUDA_ERROR_NO_DEVICE */ }
static int answered(void) { return 0; }

static const char *const names[SYMBOLS] = {
#define X(slot, name) #name,
#include "symbols.inc"
#undef X
};

/* Before a library is bound every function answers CUDA_ERROR_NO_DEVICE, except cuInit: cu calls it when the program
   starts and ends the program if it fails. cuInit never reaches the library through this table. */
void *aegpu_libcuda_table[SYMBOLS] __attribute__((visibility("hidden"))) = {
	[0 ... SYMBOLS - 1] = (void *)absent,
	[SLOT_cuInit] = (void *)answered,
};

static int (*real_init)(unsigned) = NULL;
static _Bool (*real_moved)(uint64_t *, uint64_t *) = NULL; /* of the simulator alone */

const char *aegpu_libcuda_load(const char *path, int *missing) {
	void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (lib == NULL)
		return dlerror();
	*missing = 0;
	for (int i = 0; i < SYMBOLS; i++) {
		if (aegpu_libcuda_table[i] == (void *)answered)
			continue;
		void *f = dlsym(lib, names[i]);
		aegpu_libcuda_table[i] = f ? f : (void *)absent;
		*missing += f == NULL;
	}
	real_init = (int (*)(unsigned))dlsym(lib, "cuInit");
	real_moved = (_Bool (*)(uint64_t *, uint64_t *))dlsym(lib, "cudasim_moved");
	return NULL;
}

int aegpu_libcuda_moved(uint64_t *read, uint64_t *written) { return real_moved ? real_moved(read, written) : 0; }

int aegpu_libcuda_init(void) { return real_init ? real_init(0) : 100; }
