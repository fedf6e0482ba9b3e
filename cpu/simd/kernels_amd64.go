package simd

// kernelsFor returns the kernels of a path, nil if it has none.
func kernelsFor(p Path) *kernels {
	switch p {
	case AVX2:
		return &avx2Kernels
	case AVX512:
		return &avx512Kernels
	}
	return nil
}

var avx512Kernels = kernels{
	rows: 14, cols: 32, lanes: 16,
	byStep: [2][]func(*byte){
		{
			gemmAVX512K1x1, gemmAVX512K2x1, gemmAVX512K3x1, gemmAVX512K4x1, gemmAVX512K5x1,
			gemmAVX512K6x1, gemmAVX512K7x1, gemmAVX512K8x1, gemmAVX512K9x1, gemmAVX512K10x1,
			gemmAVX512K11x1, gemmAVX512K12x1, gemmAVX512K13x1, gemmAVX512K14x1,
		},
		{
			gemmAVX512K1x2, gemmAVX512K2x2, gemmAVX512K3x2, gemmAVX512K4x2, gemmAVX512K5x2,
			gemmAVX512K6x2, gemmAVX512K7x2, gemmAVX512K8x2, gemmAVX512K9x2, gemmAVX512K10x2,
			gemmAVX512K11x2, gemmAVX512K12x2, gemmAVX512K13x2, gemmAVX512K14x2,
		},
	},
	byRow: [2][]func(*byte){
		{
			gemmAVX512R1x1, gemmAVX512R2x1, gemmAVX512R3x1, gemmAVX512R4x1, gemmAVX512R5x1,
			gemmAVX512R6x1, gemmAVX512R7x1, gemmAVX512R8x1, gemmAVX512R9x1, gemmAVX512R10x1,
			gemmAVX512R11x1, gemmAVX512R12x1, gemmAVX512R13x1, gemmAVX512R14x1,
		},
		{
			gemmAVX512R1x2, gemmAVX512R2x2, gemmAVX512R3x2, gemmAVX512R4x2, gemmAVX512R5x2,
			gemmAVX512R6x2, gemmAVX512R7x2, gemmAVX512R8x2, gemmAVX512R9x2, gemmAVX512R10x2,
			gemmAVX512R11x2, gemmAVX512R12x2, gemmAVX512R13x2, gemmAVX512R14x2,
		},
	},
	copyRows:      packCopyAVX512,
	transposeRows: packTransposeAVX512,
}

var avx2Kernels = kernels{
	rows: 6, cols: 16, lanes: 8,
	byStep: [2][]func(*byte){
		{
			gemmAVX2K1x1, gemmAVX2K2x1, gemmAVX2K3x1, gemmAVX2K4x1, gemmAVX2K5x1,
			gemmAVX2K6x1,
		},
		{
			gemmAVX2K1x2, gemmAVX2K2x2, gemmAVX2K3x2, gemmAVX2K4x2, gemmAVX2K5x2,
			gemmAVX2K6x2,
		},
	},
	byRow: [2][]func(*byte){
		{
			gemmAVX2R1x1, gemmAVX2R2x1, gemmAVX2R3x1, gemmAVX2R4x1, gemmAVX2R5x1,
			gemmAVX2R6x1,
		},
		{
			gemmAVX2R1x2, gemmAVX2R2x2, gemmAVX2R3x2, gemmAVX2R4x2, gemmAVX2R5x2,
			gemmAVX2R6x2,
		},
	},
	copyRows:      packCopyAVX2,
	transposeRows: packTransposeAVX2,
}
