// Package gpu computes on an NVIDIA GPU: a [backend.Device] on CUDA.
//
// The device is there with the build tag cuda; without it [Open] and [List] say
// how to get it. With it, the program still starts on a machine without a GPU or
// a driver, which are found when a device is opened (see internal/libcuda).
//
// A device is one goroutine locked to its thread (internal/worker), a context,
// one stream that everything is enqueued on (but for what a compiled step fetches
// ahead of data on the host: prefetch.go), the kernels of package kernels, and
// cuBLASLt for the products (internal/cublaslt). A compiled step is a CUDA graph.
//
// Tests run through the simulator (package cudasim, scripts/cuda-test.sh); on a
// machine with a GPU, go test -tags cuda ./gpu runs them on it instead.
//
// Everything is deterministic: a run gives the same bits every time on the same
// GPU with the same libraries and the same file of algorithms. The algorithm of a
// product is measured once and noted in that file before it is used; later runs
// take what it says. Options.Tuning, or AEGPU_GPU_TUNING in the environment, says
// which file: by default aegpu/tuning.jsonl in the user's cache, "off" for the
// library's first proposals. What Choose is given comes before that file.
package gpu
