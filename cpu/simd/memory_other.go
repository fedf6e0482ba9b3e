//go:build !linux

package simd

func hugePages([]byte) {}
