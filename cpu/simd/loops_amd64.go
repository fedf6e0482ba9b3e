package simd

var pathLoops = [...]*loops{Gonum: &portableLoops, AVX2: &avx2Loops, AVX512: &avx512Loops}

var avx2Loops = loops{
	exp:           expAVX2,
	expm1:         expm1AVX2,
	log:           logAVX2,
	tanh:          tanhAVX2,
	sigmoid:       sigmoidAVX2,
	softplus:      softplusAVX2,
	normalCDF:     normalCDFAVX2,
	normalPDF:     normalPDFAVX2,
	relu:          reluAVX2,
	leakyReLU:     leakyReLUAVX2,
	elu:           eluAVX2,
	gelu:          geluAVX2,
	silu:          siluAVX2,
	tanhBias:      tanhBiasAVX2,
	sigmoidBias:   sigmoidBiasAVX2,
	softplusBias:  softplusBiasAVX2,
	reluBias:      reluBiasAVX2,
	leakyReLUBias: leakyReLUBiasAVX2,
	eluBias:       eluBiasAVX2,
	tanhBack:      tanhBackAVX2,
	sigmoidBack:   sigmoidBackAVX2,
	softplusBack:  softplusBackAVX2,
	reluBack:      reluBackAVX2,
	leakyReLUBack: leakyReLUBackAVX2,
	eluBack:       eluBackAVX2,
	geluBack:      geluBackAVX2,
	siluBack:      siluBackAVX2,
	add:           addAVX2,
	mul:           mulAVX2,
	scale:         func(dst, src []float32, k float32) { scaleAVX2(dst, src, &k) },
	axpy:          func(dst, src []float32, k float32) { axpyAVX2(dst, src, &k) },
	dequantise: func(dst []float32, src []uint8, top float32) {
		dequantiseAVX2(dst, src, top)
		tailDequantise(dst, src, top, 8)
	},
	addRows: func(sums []float64, src []float32, stride, rows int) {
		addRowsAVX2(&sums[0], len(sums), &src[0], stride, rows)
		tailRows(sums, src, stride, rows, 8)
	},
	sum: func(x []float32) float64 {
		var l [lanesOfSum]float64
		sumAVX2(&l[0], x)
		for i, v := range x[len(x)&^(lanesOfSum-1):] {
			l[i] += float64(v)
		}
		return total(&l)
	},
	sumSquares: func(x []float32) float64 {
		var l [lanesOfSum]float64
		sumSquaresAVX2(&l[0], x)
		for i, v := range x[len(x)&^(lanesOfSum-1):] {
			l[i] += float64(v) * float64(v)
		}
		return total(&l)
	},
	bceLogits: func(grad, logits, target []float32, scale float32) float64 {
		var l [lanesOfSum]float64
		bceLogitsAVX2(&l[0], &scale, grad, logits, target)
		return total(&l)
	},
	bceLoss: func(logits, target []float32) float64 {
		var l [lanesOfSum]float64
		bceLossAVX2(&l[0], nil, logits, target)
		return total(&l)
	},
	squaredError: func(grad, x, target []float32, scale float32) float64 {
		var l [lanesOfSum]float64
		squaredErrorAVX2(&l[0], &scale, grad, x, target)
		return total(&l)
	},
	adam:     func(p, g, m, v []float32, a Adam) { adamAVX2(p, g, m, v, &a.GradScale) },
	sgd:      func(p, g []float32, s SGD) { sgdAVX2(p, g, &s.GradScale) },
	momentum: func(p, g, m []float32, s SGD) { momentumAVX2(p, g, m, &s.GradScale) },
	nesterov: func(p, g, m []float32, s SGD) { nesterovAVX2(p, g, m, &s.GradScale) },
}

var avx512Loops = loops{
	exp:           expAVX512,
	expm1:         expm1AVX512,
	log:           logAVX512,
	tanh:          tanhAVX512,
	sigmoid:       sigmoidAVX512,
	softplus:      softplusAVX512,
	normalCDF:     normalCDFAVX512,
	normalPDF:     normalPDFAVX512,
	relu:          reluAVX512,
	leakyReLU:     leakyReLUAVX512,
	elu:           eluAVX512,
	gelu:          geluAVX512,
	silu:          siluAVX512,
	tanhBias:      tanhBiasAVX512,
	sigmoidBias:   sigmoidBiasAVX512,
	softplusBias:  softplusBiasAVX512,
	reluBias:      reluBiasAVX512,
	leakyReLUBias: leakyReLUBiasAVX512,
	eluBias:       eluBiasAVX512,
	tanhBack:      tanhBackAVX512,
	sigmoidBack:   sigmoidBackAVX512,
	softplusBack:  softplusBackAVX512,
	reluBack:      reluBackAVX512,
	leakyReLUBack: leakyReLUBackAVX512,
	eluBack:       eluBackAVX512,
	geluBack:      geluBackAVX512,
	siluBack:      siluBackAVX512,
	add:           addAVX512,
	mul:           mulAVX512,
	scale:         func(dst, src []float32, k float32) { scaleAVX512(dst, src, &k) },
	axpy:          func(dst, src []float32, k float32) { axpyAVX512(dst, src, &k) },
	dequantise: func(dst []float32, src []uint8, top float32) {
		dequantiseAVX512(dst, src, top)
		tailDequantise(dst, src, top, 16)
	},
	addRows: func(sums []float64, src []float32, stride, rows int) {
		addRowsAVX512(&sums[0], len(sums), &src[0], stride, rows)
		tailRows(sums, src, stride, rows, 16)
	},
	sum: func(x []float32) float64 {
		var l [lanesOfSum]float64
		sumAVX512(&l[0], x)
		for i, v := range x[len(x)&^(lanesOfSum-1):] {
			l[i] += float64(v)
		}
		return total(&l)
	},
	sumSquares: func(x []float32) float64 {
		var l [lanesOfSum]float64
		sumSquaresAVX512(&l[0], x)
		for i, v := range x[len(x)&^(lanesOfSum-1):] {
			l[i] += float64(v) * float64(v)
		}
		return total(&l)
	},
	bceLogits: func(grad, logits, target []float32, scale float32) float64 {
		var l [lanesOfSum]float64
		bceLogitsAVX512(&l[0], &scale, grad, logits, target)
		return total(&l)
	},
	bceLoss: func(logits, target []float32) float64 {
		var l [lanesOfSum]float64
		bceLossAVX512(&l[0], nil, logits, target)
		return total(&l)
	},
	squaredError: func(grad, x, target []float32, scale float32) float64 {
		var l [lanesOfSum]float64
		squaredErrorAVX512(&l[0], &scale, grad, x, target)
		return total(&l)
	},
	adam:     func(p, g, m, v []float32, a Adam) { adamAVX512(p, g, m, v, &a.GradScale) },
	sgd:      func(p, g []float32, s SGD) { sgdAVX512(p, g, &s.GradScale) },
	momentum: func(p, g, m []float32, s SGD) { momentumAVX512(p, g, m, &s.GradScale) },
	nesterov: func(p, g, m []float32, s SGD) { nesterovAVX512(p, g, m, &s.GradScale) },
}
