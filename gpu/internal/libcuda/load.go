//go:build cuda

package libcuda

/*
#cgo linux LDFLAGS: -L${SRCDIR}/link -Wl,--as-needed -ldl
#include <stdlib.h>
#include <cuda.h>
#include "table.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"unsafe"
)

// Env names the variable that overrides the path of the driver's library. The
// simulator is loaded through it.
const Env = "AEGPU_LIBCUDA"

// ErrNoDriver is wrapped by the error of Load where there is no driver library.
var ErrNoDriver = errors.New("no CUDA driver")

// ErrNoDevice is wrapped by the error of Load where the driver finds no device.
var ErrNoDevice = errors.New("no CUDA device")

// Path is where the driver's library is looked for.
func Path() string {
	if path := os.Getenv(Env); path != "" {
		return path
	}
	return "libcuda.so.1"
}

// Load binds the driver and initialises it, once. The error says what is
// missing: the library (with the path that was tried), the device, or what
// cuInit answered.
func Load() error { return load() }

var load = sync.OnceValue(func() error {
	path := Path()
	if err := bind(path); err != nil {
		return err
	}
	return initError(path, int(C.aegpu_libcuda_init()))
})

// bind fills the table from the library at path.
func bind(path string) error {
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	var missing C.int
	if why := C.aegpu_libcuda_load(cpath, &missing); why != nil {
		return fmt.Errorf("%w: %s", ErrNoDriver, C.GoString(why))
	}
	return nil
}

// initError is the error for what cuInit answered.
func initError(path string, code int) error {
	switch code {
	case 0:
		return nil
	case C.CUDA_ERROR_NO_DEVICE:
		return fmt.Errorf("%w: %s is there, but it finds no GPU", ErrNoDevice, path)
	case C.CUDA_ERROR_SYSTEM_DRIVER_MISMATCH:
		return fmt.Errorf("%w: %s does not match the kernel module (restart after a driver update): %w", ErrNoDevice, path, Error(code))
	}
	return fmt.Errorf("%w: %s: cuInit: %w", ErrNoDevice, path, Error(code))
}

// Error is a result of the driver other than success.
type Error int

// Error is the driver's name and text for the result.
func (e Error) Error() string {
	var name, text *C.char
	C.cuGetErrorName(C.CUresult(e), &name)
	C.cuGetErrorString(C.CUresult(e), &text)
	if name == nil || text == nil {
		return fmt.Sprintf("CUDA error %d", int(e))
	}
	return fmt.Sprintf("%s (%d): %s", C.GoString(name), int(e), C.GoString(text))
}

// result is the error for what a driver call answered.
func result(r C.CUresult) error {
	if r == C.CUDA_SUCCESS {
		return nil
	}
	return Error(r)
}
