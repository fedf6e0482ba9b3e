//go:build !amd64 && !arm64

package simd

// Supported says whether this machine can run p.
func (p Path) Supported() bool { return p == Gonum }
