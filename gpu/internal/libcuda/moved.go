//go:build cuda

package libcuda

// #include "table.h"
import "C"

// Moved is the bytes of device memory that launches have read and written so far,
// not ok where they are not counted, as on every GPU: only the simulator does.
func Moved() (read, written int, ok bool) {
	var r, w C.uint64_t
	ok = C.aegpu_libcuda_moved(&r, &w) != 0
	return int(r), int(w), ok
}
