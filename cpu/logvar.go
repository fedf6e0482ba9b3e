package cpu

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// clampLogVars is dst = src within the bounds of a log-variance, and reports
// whether it was there. NaN stays.
func clampLogVars(dst, src []float32) (inside bool) {
	copy(dst, src)
	const bound = min(backend.MaxLogVar, -backend.MinLogVar)
	limit, over := int32(math.Float32bits(bound)), int32(0)
	for _, l := range src {
		over |= limit - int32(math.Float32bits(l)&^signBit) // negative where |l| > bound
	}
	if over >= 0 {
		return true
	}
	for i, l := range src {
		switch {
		case l < backend.MinLogVar:
			dst[i] = backend.MinLogVar
		case l > backend.MaxLogVar:
			dst[i] = backend.MaxLogVar
		}
	}
	return false
}

// clamped reports whether a bound took l's gradient.
func clamped(l float32) bool { return l < backend.MinLogVar || l > backend.MaxLogVar }

// zeroClamped is 0 where a bound took l's gradient, otherwise 1.
func zeroClamped(dst, logVar []float32) {
	for i, l := range logVar {
		dst[i] = 1
		if clamped(l) {
			dst[i] = 0
		}
	}
}
