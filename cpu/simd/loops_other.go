//go:build !amd64 && !arm64

package simd

var pathLoops = [...]*loops{Gonum: &portableLoops, AVX2: &portableLoops, AVX512: &portableLoops}
