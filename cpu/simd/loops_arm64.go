package simd

var pathLoops = [...]*loops{Gonum: &portableLoops, NEON: &neonLoops}

// neonLoops are the portable ones but for what needs no exponential.
var neonLoops = withNEON(portableLoops)

func withNEON(l loops) loops {
	l.relu, l.leakyReLU = reluNEON, leakyReLUNEON
	l.reluBias, l.leakyReLUBias = reluBiasNEON, leakyReLUBiasNEON
	l.reluBack, l.leakyReLUBack = reluBackNEON, leakyReLUBackNEON
	l.tanhBack, l.sigmoidBack = tanhBackNEON, sigmoidBackNEON

	l.add, l.mul = addNEON, mulNEON
	l.scale = func(dst, src []float32, k float32) { scaleNEON(dst, src, &k) }
	l.axpy = func(dst, src []float32, k float32) { axpyNEON(dst, src, &k) }

	l.sum = func(x []float32) float64 {
		var l [lanesOfSum]float64
		sumNEON(&l[0], x)
		for i, v := range x[len(x)&^(lanesOfSum-1):] {
			l[i] += float64(v)
		}
		return total(&l)
	}
	l.sumSquares = func(x []float32) float64 {
		var l [lanesOfSum]float64
		sumSquaresNEON(&l[0], x)
		for i, v := range x[len(x)&^(lanesOfSum-1):] {
			l[i] += float64(v) * float64(v)
		}
		return total(&l)
	}

	l.adam = func(p, g, m, v []float32, a Adam) { adamNEON(p, g, m, v, &a.GradScale) }
	l.sgd = func(p, g []float32, s SGD) { sgdNEON(p, g, &s.GradScale) }
	l.momentum = func(p, g, m []float32, s SGD) { momentumNEON(p, g, m, &s.GradScale) }
	l.nesterov = func(p, g, m []float32, s SGD) { nesterovNEON(p, g, m, &s.GradScale) }
	return l
}
