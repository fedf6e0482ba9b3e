//go:build !amd64

package simd

// pause would tell the core that this is a spin loop; elsewhere the loop itself has to do.
func pause() {}
