// The driver's calls that have to do with the device, its context, its memory and its modules.
#include <stdlib.h>

#include <string>
#include <vector>

#include "sim.h"
#include "stream.h"

static bool initialised;

EXPORT int cuInit(unsigned) {
	sim_lock hold;
	int r = setting("AEGPU_CUDASIM_INIT", OK);
	initialised = r == OK;
	return r;
}

EXPORT int cuDriverGetVersion(int *v) {
	sim_lock hold;
	*v = 12040;
	return OK;
}

EXPORT int cuDeviceGetCount(int *n) {
	sim_lock hold;
	*n = setting("AEGPU_CUDASIM_DEVICES", 1);
	return initialised ? OK : NOT_INITIALIZED;
}

EXPORT int cuDeviceGet(int *d, int ordinal) {
	sim_lock hold;
	*d = ordinal;
	return ordinal < setting("AEGPU_CUDASIM_DEVICES", 1) ? OK : INVALID_DEVICE;
}

EXPORT int cuDeviceGetName(char *s, int n, int) {
	sim_lock hold;
	snprintf(s, n, "cudasim (no GPU: kernels run on the CPU)");
	return OK;
}

EXPORT int cuDeviceTotalMem_v2(size_t *n, int) {
	sim_lock hold;
	*n = memory_total();
	return OK;
}

EXPORT int cuDeviceGetAttribute(int *v, int attribute, int) {
	sim_lock hold;
	switch (attribute) {
	case 16: *v = 2; break;   // MULTIPROCESSOR_COUNT: few, so that grids are small and loops stride
	case 75: *v = setting("AEGPU_CUDASIM_MAJOR", 8); break; // COMPUTE_CAPABILITY_MAJOR
	case 76: *v = 0; break;   // COMPUTE_CAPABILITY_MINOR
	case 10: *v = 32; break;  // WARP_SIZE
	case 1: *v = 1024; break; // MAX_THREADS_PER_BLOCK
	default: *v = 0;
	}
	return OK;
}

EXPORT int cuCtxCreate_v2(void **ctx, unsigned, int n) {
	sim_lock hold;
	if (n < 0 || n >= MAX_DEVICES)
		return INVALID_DEVICE;
	devices[n].contexts++;
	*ctx = current_device = &devices[n];
	return OK;
}

EXPORT int cuCtxDestroy_v2(void *ctx) {
	sim_lock hold;
	sim_device *d = (sim_device *)ctx;
	if (d == nullptr || d->contexts == 0)
		return INVALID_CONTEXT;
	drain_all(d);
	while (d->helped)
		let_others();
	if (--d->contexts == 0) {
		communicators_left(d);
		memory_free_all(d);
		clear_streams(d);
	}
	return OK;
}

EXPORT int cuDevicePrimaryCtxRetain(void **ctx, int n) {
	sim_lock hold;
	sim_device *was = current_device;
	int r = cuCtxCreate_v2(ctx, 0, n);
	current_device = was;
	return r;
}
EXPORT int cuDevicePrimaryCtxRelease_v2(int n) {
	sim_lock hold;
	return n < 0 || n >= MAX_DEVICES ? (int)INVALID_DEVICE : cuCtxDestroy_v2(&devices[n]);
}

EXPORT int cuCtxSetCurrent(void *ctx) { return current_device = (sim_device *)ctx, OK; }
EXPORT int cuCtxPushCurrent_v2(void *ctx) { return current_device = (sim_device *)ctx, OK; }
EXPORT int cuCtxPopCurrent_v2(void **ctx) { return *ctx = current_device, OK; }

EXPORT int cuMemGetInfo_v2(size_t *free_bytes, size_t *total) {
	sim_lock hold;
	*total = memory_total();
	*free_bytes = *total - (current_device == nullptr ? 0 : memory_live(current_device));
	return OK;
}

EXPORT int cuMemAlloc_v2(uintptr_t *p, size_t n) {
	sim_lock hold;
	if (refused_by_capture())
		return CAPTURE_UNSUPPORTED;
	if (current_device == nullptr || current_device->contexts == 0)
		return INVALID_CONTEXT;
	return sticky_error() ? sticky_error() : memory_alloc(n, p);
}

EXPORT int cuMemFree_v2(uintptr_t p) {
	sim_lock hold;
	if (refused_by_capture())
		return CAPTURE_UNSUPPORTED;
	if (current_device == nullptr)
		return INVALID_CONTEXT;
	drain_all(current_device); // as the driver does
	return memory_free(p);
}

EXPORT int cuMemHostAlloc(void **p, size_t n, unsigned) {
	sim_lock hold;
	return refused_by_capture() ? (int)CAPTURE_UNSUPPORTED : memory_host_alloc(n, p);
}

EXPORT int cuMemFreeHost(void *p) {
	sim_lock hold;
	if (refused_by_capture())
		return CAPTURE_UNSUPPORTED;
	if (current_device != nullptr)
		drain_all(current_device);
	return memory_host_free(p);
}

static int copy_in(uintptr_t dst, const void *src, size_t n) {
	if (!memory_check(dst, n, "copy from the host"))
		return ILLEGAL_ADDRESS;
	memcpy((void *)dst, src, n);
	stats.bytes_in += n;
	return OK;
}

static int copy_out(void *dst, uintptr_t src, size_t n) {
	if (!memory_check(src, n, "copy to the host"))
		return ILLEGAL_ADDRESS;
	memcpy(dst, (void *)src, n);
	stats.bytes_out += n;
	return OK;
}

static int copy_within(uintptr_t dst, uintptr_t src, size_t n) {
	if (!memory_check(dst, n, "copy on the device") || !memory_check(src, n, "copy on the device"))
		return ILLEGAL_ADDRESS;
	bytes_move(dst, src, n);
	memmove((void *)dst, (void *)src, n);
	stats.bytes_within += n;
	stats.bytes_read += n;
	stats.bytes_written += n;
	return OK;
}

EXPORT int cuMemcpyHtoD_v2(uintptr_t dst, const void *src, size_t n) {
	sim_lock hold;
	if (refused_by_capture())
		return CAPTURE_UNSUPPORTED;
	int r = sync_copies();
	return r ? r : copy_in(dst, src, n);
}

EXPORT int cuMemcpyDtoH_v2(void *dst, uintptr_t src, size_t n) {
	sim_lock hold;
	if (refused_by_capture())
		return CAPTURE_UNSUPPORTED;
	int r = sync_copies();
	return r ? r : copy_out(dst, src, n);
}

// pinned is whether an asynchronous copy may read or write the host's memory later.
static bool pinned(const void *p, size_t n) {
	if (memory_is_host((uintptr_t)p, n))
		return true;
	fault("asynchronous copy of %zu bytes of memory that is not page-locked", n);
	return false;
}

EXPORT int cuMemcpyHtoDAsync_v2(uintptr_t dst, const void *src, size_t n, void *s) {
	sim_lock hold;
	return pinned(src, n) ? enqueue(stream_of(s), "copy", [=] { return copy_in(dst, src, n); }) : (int)INVALID_VALUE;
}

EXPORT int cuMemcpyDtoHAsync_v2(void *dst, uintptr_t src, size_t n, void *s) {
	sim_lock hold;
	return pinned(dst, n) ? enqueue(stream_of(s), "copy", [=] { return copy_out(dst, src, n); }) : (int)INVALID_VALUE;
}

EXPORT int cuMemcpyDtoDAsync_v2(uintptr_t dst, uintptr_t src, size_t n, void *s) {
	sim_lock hold;
	return enqueue(stream_of(s), "copy", [=] { return copy_within(dst, src, n); });
}

EXPORT int cuMemsetD8Async(uintptr_t dst, unsigned char v, size_t n, void *s) {
	sim_lock hold;
	return enqueue(stream_of(s), "set", [=] {
		if (!memory_check(dst, n, "set"))
			return (int)ILLEGAL_ADDRESS;
		bytes_move(dst, 0, n);
		memset((void *)dst, v, n);
		stats.bytes_written += n;
		return (int)OK;
	});
}

// A module is the names of the entries of its PTX, each with a kernel compiled from the same source. As with lazy loading, an
// entry is loaded when it is first launched or asked about.
struct sim_function { const sim_kernel *kernel; unsigned max_block; bool loaded; };
struct sim_module { std::vector<std::pair<std::string, sim_function>> functions; };

static sim_function *entry(const std::string &ptx, size_t at, std::string *name, std::pair<std::string, sim_function> *f) {
	*name = ptx.substr(at, ptx.find('(', at) - at);
	size_t limit = ptx.find(".maxntid ", at), body = ptx.find('{', at);
	f->first = *name;
	f->second = {find_kernel(name->c_str()), limit < body ? (unsigned)atoi(&ptx[limit + 9]) : 1024, false};
	return &f->second;
}

EXPORT int cuModuleLoadData(void **out, const void *image) {
	sim_lock hold;
	if (refused_by_capture())
		return CAPTURE_UNSUPPORTED;
	std::string ptx = (const char *)image;
	if (ptx.find(".version") == std::string::npos)
		return INVALID_IMAGE;
	sim_module *m = new sim_module();
	for (size_t at = ptx.find(".entry "); at != std::string::npos; at = ptx.find(".entry ", at)) {
		at += 7;
		std::string name;
		std::pair<std::string, sim_function> f;
		if (entry(ptx, at, &name, &f)->kernel == nullptr) {
			fault("no kernel %s was compiled into the simulator", name.c_str());
			delete m;
			return INVALID_IMAGE;
		}
		m->functions.push_back(f);
	}
	*out = m;
	return OK;
}

EXPORT int cuModuleLoadDataEx(void **out, const void *image, unsigned, void *, void **) {
	sim_lock hold;
	return cuModuleLoadData(out, image);
}

EXPORT int cuModuleUnload(void *m) {
	sim_lock hold;
	delete (sim_module *)m;
	return OK;
}

EXPORT int cuModuleGetFunction(void **f, void *h, const char *name) {
	sim_lock hold;
	for (auto &e : ((sim_module *)h)->functions)
		if (e.first == name) {
			*f = &e.second;
			return OK;
		}
	return NOT_FOUND;
}

// cuFuncGetAttribute knows what kernels are launched with.
EXPORT int cuFuncGetAttribute(int *v, int attribute, void *h) {
	sim_lock hold;
	if (attribute != 0) // MAX_THREADS_PER_BLOCK
		return INVALID_VALUE;
	if (!((sim_function *)h)->loaded && refused_by_capture())
		return CAPTURE_UNSUPPORTED;
	((sim_function *)h)->loaded = true;
	*v = ((sim_function *)h)->max_block;
	return OK;
}

EXPORT int cuLaunchKernel(void *h, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned,
                          void *s, void **params, void **) {
	sim_lock hold;
	if (!((sim_function *)h)->loaded && refused_by_capture())
		return CAPTURE_UNSUPPORTED;
	((sim_function *)h)->loaded = true;
	sim_function f = *(sim_function *)h;
	if (gx == 0 || gy != 1 || gz != 1 || bx == 0 || bx % 32 != 0 || bx > f.max_block || by != 1 || bz != 1) {
		fault("launch of %s with grid %ux%ux%u and blocks of %ux%ux%u", f.kernel->name, gx, gy, gz, bx, by, bz);
		return INVALID_VALUE;
	}
	std::vector<uint64_t> values(f.kernel->params); // copied now, as the driver does
	for (size_t i = 0; i < values.size(); i++)
		memcpy(&values[i], params[i], 8);
	return enqueue(stream_of(s), f.kernel->name, [=]() mutable {
		std::vector<void *> p(values.size());
		for (size_t i = 0; i < p.size(); i++)
			p[i] = &values[i];
		return launch(f.kernel, gx, bx, p.data());
	});
}

static const struct { int code; const char *name, *text; } errors[] = {
    {INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {CAPTURE_UNSUPPORTED, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"},
    {CAPTURE_INVALIDATED, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", "operation failed due to a previous error during capture"},
};

EXPORT int cuGetErrorName(int code, const char **s) {
	sim_lock hold;
	for (auto &e : errors)
		if (e.code == code)
			return *s = e.name, OK;
	return *s = nullptr, INVALID_VALUE;
}

EXPORT int cuGetErrorString(int code, const char **s) {
	sim_lock hold;
	for (auto &e : errors)
		if (e.code == code)
			return *s = e.text, OK;
	return *s = nullptr, INVALID_VALUE;
}
