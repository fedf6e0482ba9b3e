package simd

import "golang.org/x/sys/cpu"

// Supported says whether this machine can run p. The feature bits are only set where the
// operating system also saves the wide registers.
func (p Path) Supported() bool {
	x := &cpu.X86
	switch p {
	case Gonum:
		return true
	case AVX2:
		return x.HasAVX2 && x.HasFMA
	case AVX512:
		return x.HasAVX2 && x.HasFMA && x.HasAVX512F && x.HasAVX512VL && x.HasAVX512DQ && x.HasAVX512BW
	}
	return false
}
