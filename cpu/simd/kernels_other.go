//go:build !amd64

package simd

func kernelsFor(Path) *kernels { return nil }
