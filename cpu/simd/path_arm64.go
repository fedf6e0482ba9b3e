package simd

// Supported says whether this machine can run p: NEON is part of arm64.
func (p Path) Supported() bool { return p == Gonum || p == NEON }
