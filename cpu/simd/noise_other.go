//go:build !amd64 && !arm64

package simd

// groupWords is how many words generate writes at a time.
func groupWords(Path) int { return 4 }

func generate(_ Path, form noiseForm, dst *uint32, groups int, counter *[4]uint32, keys *philoxKeys) {
	portableNoise(form, dst, groups, counter, keys)
}
