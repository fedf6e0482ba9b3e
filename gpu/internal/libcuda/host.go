//go:build cuda

package libcuda

// #include <cuda.h>
import "C"

import "unsafe"

// AllocHost is n bytes of page-locked memory of the host.
func AllocHost(n int) ([]byte, error) {
	var p unsafe.Pointer
	if err := result(C.cuMemHostAlloc(&p, C.size_t(n), 0)); err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(p), n), nil
}

// FreeHost gives memory of AllocHost back.
func FreeHost(b []byte) error {
	return result(C.cuMemFreeHost(unsafe.Pointer(unsafe.SliceData(b))))
}
