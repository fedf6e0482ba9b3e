//go:build !amd64 && !arm64

package simd

func kernelsFor(Path) *kernels { return nil }
