package simd

// kernelsFor returns the kernels of a path, nil if it has none.
func kernelsFor(p Path) *kernels {
	if p == NEON {
		return &neonKernels
	}
	return nil
}

// A vector of these kernels is a pair of registers, 8 lanes, so that they are cut as the AVX2 ones are.
var neonKernels = kernels{
	rows: 6, cols: 16, lanes: 8,
	byStep: [2][]func(*byte){
		{
			gemmNEONK1x1, gemmNEONK2x1, gemmNEONK3x1, gemmNEONK4x1, gemmNEONK5x1,
			gemmNEONK6x1,
		},
		{
			gemmNEONK1x2, gemmNEONK2x2, gemmNEONK3x2, gemmNEONK4x2, gemmNEONK5x2,
			gemmNEONK6x2,
		},
	},
	byRow: [2][]func(*byte){
		{
			gemmNEONR1x1, gemmNEONR2x1, gemmNEONR3x1, gemmNEONR4x1, gemmNEONR5x1,
			gemmNEONR6x1,
		},
		{
			gemmNEONR1x2, gemmNEONR2x2, gemmNEONR3x2, gemmNEONR4x2, gemmNEONR5x2,
			gemmNEONR6x2,
		},
	},
	copyRows:      packCopyNEON,
	transposeRows: packTransposeNEON,
	wholeB:        true,
}
