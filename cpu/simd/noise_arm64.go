package simd

// groupWords is how many words generate writes at a time.
func groupWords(p Path) int {
	if p == NEON {
		return 16
	}
	return 4
}

// generate calls the routines by name, so that buffer and keys stay on the caller's stack.
func generate(p Path, form noiseForm, dst *uint32, groups int, counter *[4]uint32, keys *philoxKeys) {
	switch {
	case p == NEON && form == wordNoise:
		philoxNEON(dst, groups, &counter[0], &keys[0])
	case p == NEON:
		normalNEON(dst, groups, &counter[0], &keys[0])
	default:
		portableNoise(form, dst, groups, counter, keys)
	}
}
