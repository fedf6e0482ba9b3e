package simd

var pathLoops = [...]*loops{Gonum: &portableLoops, NEON: &neonLoops}

var neonLoops = loops{
	exp:           expNEON,
	expm1:         expm1NEON,
	log:           logNEON,
	tanh:          tanhNEON,
	sigmoid:       sigmoidNEON,
	softplus:      softplusNEON,
	normalCDF:     normalCDFNEON,
	normalPDF:     normalPDFNEON,
	relu:          reluNEON,
	leakyReLU:     leakyReLUNEON,
	elu:           eluNEON,
	gelu:          geluNEON,
	silu:          siluNEON,
	tanhBias:      tanhBiasNEON,
	sigmoidBias:   sigmoidBiasNEON,
	softplusBias:  softplusBiasNEON,
	reluBias:      reluBiasNEON,
	leakyReLUBias: leakyReLUBiasNEON,
	eluBias:       eluBiasNEON,
	tanhBack:      tanhBackNEON,
	sigmoidBack:   sigmoidBackNEON,
	softplusBack:  softplusBackNEON,
	reluBack:      reluBackNEON,
	leakyReLUBack: leakyReLUBackNEON,
	eluBack:       eluBackNEON,
	geluBack:      geluBackNEON,
	siluBack:      siluBackNEON,
	add:           addNEON,
	mul:           mulNEON,
	scale:         func(dst, src []float32, k float32) { scaleNEON(dst, src, &k) },
	axpy:          func(dst, src []float32, k float32) { axpyNEON(dst, src, &k) },
	dequantise: func(dst []float32, src []uint8, top float32) {
		dequantiseNEON(dst, src, top)
		tailDequantise(dst, src, top, 4)
	},
	addRows: func(sums []float64, src []float32, stride, rows int) {
		addRowsNEON(&sums[0], len(sums), &src[0], stride, rows)
		tailRows(sums, src, stride, rows, 4)
	},
	sum: func(x []float32) float64 {
		var l [lanesOfSum]float64
		sumNEON(&l[0], x)
		for i, v := range x[len(x)&^(lanesOfSum-1):] {
			l[i] += float64(v)
		}
		return total(&l)
	},
	sumSquares: func(x []float32) float64 {
		var l [lanesOfSum]float64
		sumSquaresNEON(&l[0], x)
		for i, v := range x[len(x)&^(lanesOfSum-1):] {
			l[i] += float64(v) * float64(v)
		}
		return total(&l)
	},
	bceLogits: func(grad, logits, target []float32, scale float32) float64 {
		var l [lanesOfSum]float64
		bceLogitsNEON(&l[0], &scale, grad, logits, target)
		return total(&l)
	},
	bceLoss: func(logits, target []float32) float64 {
		var l [lanesOfSum]float64
		bceLossNEON(&l[0], nil, logits, target)
		return total(&l)
	},
	squaredError: func(grad, x, target []float32, scale float32) float64 {
		var l [lanesOfSum]float64
		squaredErrorNEON(&l[0], &scale, grad, x, target)
		return total(&l)
	},
	adam:     func(p, g, m, v []float32, a Adam) { adamNEON(p, g, m, v, &a.GradScale) },
	sgd:      func(p, g []float32, s SGD) { sgdNEON(p, g, &s.GradScale) },
	momentum: func(p, g, m []float32, s SGD) { momentumNEON(p, g, m, &s.GradScale) },
	nesterov: func(p, g, m []float32, s SGD) { nesterovNEON(p, g, m, &s.GradScale) },
}
