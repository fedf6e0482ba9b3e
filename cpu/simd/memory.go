package simd

import "unsafe"

// line is the bytes of a cache line.
const line = 64

// Floats is n zeroed elements from a cache line's start on: vector loads like it, and products
// whose bits depend on the alignment (gonum's) are the same in every run. Large ones are in huge pages
// where the system gives them to who asks, since a product walks over more pages than a processor
// keeps the addresses of.
func Floats(n int) []float32 {
	v := make([]float32, n+line/4-1)
	hugePages(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 4*len(v)))
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(v))) % line / 4)
	return v[skip : skip+n : skip+n]
}

// Bytes is a copy of v, in huge pages as those of [Floats].
func Bytes(v []byte) []byte {
	b := make([]byte, len(v))
	hugePages(b)
	copy(b, v)
	return b
}
