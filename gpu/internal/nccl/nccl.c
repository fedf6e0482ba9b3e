//go:build cuda

#define _GNU_SOURCE /* dladdr */

#include "nccl.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

enum { SUM = 0 };

typedef struct { char bytes[NCCL_ID]; } unique_id;

typedef struct {
	int (*GetVersion)(int *);
	int (*GetUniqueId)(unique_id *);
	int (*CommInitRank)(void **, int, unique_id, int);
	int (*AllReduce)(const void *, void *, size_t, int type, int op, void *comm, void *stream);
	int (*Broadcast)(const void *, void *, size_t, int type, int root, void *comm, void *stream);
	int (*CommGetAsyncError)(void *, int *);
	int (*CommAbort)(void *);
	int (*CommDestroy)(void *);
	const char *(*GetErrorString)(int);
	const char *(*GetLastError)(void *); /* since 2.13; NULL before */
} functions;

static functions nccl;

/* bind fills f from lib and returns NULL, or the reason why it cannot. */
static const char *bind(void *lib, functions *f) {
#define BIND(name)                                                                                                     \
	if ((f->name = (__typeof__(f->name))dlsym(lib, "nccl" #name)) == NULL)                                         \
	return dlerror()
	BIND(GetVersion);
	BIND(GetUniqueId);
	BIND(CommInitRank);
	BIND(AllReduce);
	BIND(Broadcast);
	BIND(CommGetAsyncError);
	BIND(CommAbort);
	BIND(CommDestroy);
	BIND(GetErrorString);
	f->GetLastError = (__typeof__(f->GetLastError))dlsym(lib, "ncclGetLastError");
	return NULL;
}

const char *nccl_load(const char *path) {
	static char why[1024]; /* what dlerror says goes with the library */
	void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (lib == NULL)
		return dlerror();
	functions f;
	const char *missing = bind(lib, &f);
	if (missing == NULL) {
		nccl = f;
		return NULL;
	}
	snprintf(why, sizeof why, "%s", missing);
	dlclose(lib);
	return why;
}

const char *nccl_path(void) {
	Dl_info info;
	return nccl.GetVersion != NULL && dladdr((void *)nccl.GetVersion, &info) != 0 ? info.dli_fname : NULL;
}

int nccl_version(int *version) { return nccl.GetVersion(version); }

int nccl_new_id(char *id) {
	unique_id u;
	int r = nccl.GetUniqueId(&u);
	memcpy(id, u.bytes, NCCL_ID);
	return r;
}

int nccl_join(void **comm, int size, const char *id, int rank) {
	unique_id u;
	memcpy(u.bytes, id, NCCL_ID);
	return nccl.CommInitRank(comm, size, u, rank);
}

int nccl_all_reduce(void *comm, uintptr_t at, size_t count, int type, uintptr_t stream) {
	return nccl.AllReduce((void *)at, (void *)at, count, type, SUM, comm, (void *)stream);
}

int nccl_broadcast(void *comm, uintptr_t at, size_t bytes, int root, uintptr_t stream) {
	return nccl.Broadcast((void *)at, (void *)at, bytes, NCCL_UINT8, root, comm, (void *)stream);
}

int nccl_async_error(void *comm, int *error) { return nccl.CommGetAsyncError(comm, error); }
int nccl_abort(void *comm) { return nccl.CommAbort(comm); }
int nccl_destroy(void *comm) { return nccl.CommDestroy(comm); }
const char *nccl_text(int error) { return nccl.GetErrorString(error); }
const char *nccl_last(void *comm) { return nccl.GetLastError != NULL ? nccl.GetLastError(comm) : NULL; }
