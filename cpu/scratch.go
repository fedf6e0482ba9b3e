package cpu

import "github.com/aegpu/aegpu/cpu/simd"

// block is the elements that functions over slices are chained on: few enough to
// stay in the nearest cache.
const block = 256

// scratch is a worker's own memory. (Arrays on the stack would not stay there:
// the loops of an instruction set are called through function values.)
type scratch struct {
	path          simd.Path
	a, b, c, d, e [block]float32
	ones          [block]float32
	words         [block]uint32
	sums          [tile]float64
	squares       [rowsAtOnce * tile]float32
	_             [line]byte // none is shared
}

func newScratch(path simd.Path) *scratch {
	s := &scratch{path: path}
	for i := range s.ones {
		s.ones[i] = 1
	}
	return s
}

// next is v after its first block.
func next(v []float32) []float32 { return v[min(block, len(v)):] }
