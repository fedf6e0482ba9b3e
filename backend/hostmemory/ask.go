package hostmemory

import (
	"fmt"
	"runtime/debug"

	"github.com/aegpu/aegpu/backend"
)

// Error says that what was asked for does not fit the host's memory. It unwraps to [backend.ErrOutOfMemory].
type Error struct {
	What string  // that needs it, in the plural or singular of a sentence: "the codes"
	Need float64 // bytes
	Free uint64  // bytes
}

// Error is one line: what, how much is needed and how much is free.
func (e *Error) Error() string {
	return fmt.Sprintf("out of memory: %s: needs %s, %s free", e.What, Bytes(e.Need), Bytes(float64(e.Free)))
}

// Unwrap returns [backend.ErrOutOfMemory].
func (e *Error) Unwrap() error { return backend.ErrOutOfMemory }

// Bytes returns a number of bytes for people, in MiB.
func Bytes(n float64) string {
	const mebibyte = 1 << 20
	if n > 0 && n < mebibyte {
		return "1 MiB"
	}
	return fmt.Sprintf("%.0f MiB", n/mebibyte)
}

// Small is the bytes that are not worth asking the system about.
const Small = 1 << 20

// unknown stands for what a system has that does not say: a size gone wrong is an error there too.
const unknown = 1 << 40

// Ask returns nil where the product of sizes, in bytes, may be taken for what, and an [*Error] where it may not. It
// takes nothing. Before it refuses, it gives back what the program has freed.
func Ask(what string, sizes ...int) error {
	need := 1.0 // a float, which does not overflow
	for _, n := range sizes {
		need *= float64(n)
	}
	return AskBytes(what, need)
}

// AskBytes is Ask for a number of bytes.
func AskBytes(what string, need float64) error {
	if need <= Small {
		return nil
	}
	free := room()
	if need > float64(free) {
		debug.FreeOSMemory() // what was freed here is not yet the system's again
		free = room()
	}
	if need > float64(free) {
		return &Error{What: what, Need: need, Free: free}
	}
	return nil
}

func room() uint64 {
	if free := Free(); free > 0 {
		return free
	}
	return unknown
}
