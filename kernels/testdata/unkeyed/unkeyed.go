// Package unkeyed gives a kernel its arguments by their places alone, which go vet refuses.
package unkeyed

import "github.com/aegpu/aegpu/kernels"

// Swapped has cols for rows, and compiles.
func Swapped(out kernels.Bfloat16s, x kernels.Float32s, rows, cols, ld int) kernels.Launch {
	return kernels.CastFwdBf16{out, x, cols, rows, ld}
}
