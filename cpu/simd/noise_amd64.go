package simd

// groupWords is how many words generate writes at a time.
func groupWords(p Path) int {
	switch p {
	case AVX512:
		return 64
	case AVX2:
		return 32
	}
	return 4
}

// generate calls the routines by name, so that buffer and keys stay on the caller's stack.
func generate(p Path, form noiseForm, dst *uint32, groups int, counter *[4]uint32, keys *philoxKeys) {
	switch {
	case p == AVX512 && form == wordNoise:
		philoxAVX512(dst, groups, &counter[0], &keys[0])
	case p == AVX512:
		normalAVX512(dst, groups, &counter[0], &keys[0])
	case p == AVX2 && form == wordNoise:
		philoxAVX2(dst, groups, &counter[0], &keys[0])
	case p == AVX2:
		normalAVX2(dst, groups, &counter[0], &keys[0])
	default:
		portableNoise(form, dst, groups, counter, keys)
	}
}
