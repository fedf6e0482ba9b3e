package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/reg"
)

// Polynomials of Cephes' single-precision library (Moshier, "Methods and Programs for
// Mathematical Functions", 1989), highest coefficient first.
var (
	// e^r = 1 + r + r^2 P(r) for |r| <= ln(2)/2
	expCoefficients = []float64{1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1}
	// ln(1+f) = f - f^2/2 + f^3 P(f) for sqrt(1/2) <= 1+f <= sqrt(2)
	logCoefficients = []float64{7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
		-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1}
)

// ln 2 in two parts; the first has 15 significant bits, so that its product with an exponent is exact.
const (
	ln2High = 0.693359375
	ln2Low  = -2.12194440e-4
)

// reduce splits x = n ln 2 + r. n comes as a float and, in the low bits of t, as an integer:
// adding 1.5*2^23 rounds to an integer.
func (v vector) reduce(x VecVirtual) (n, r, t VecVirtual) {
	const magic = 12582912
	t = v.fma(x, v.num(1.4426950408889634), v.num(magic))
	n = v.sub(t, v.num(magic))
	r = v.fnma(n, v.num(ln2High), x)
	r = v.fnma(n, v.num(ln2Low), r)
	return n, r, t
}

// integer is the integer in the low bits of reduce's t.
func (v vector) integer(t VecVirtual) VecVirtual { return v.isub(t, v.num(12582912)) }

// power is 2^i for integer lanes in [-126, 127].
func (v vector) power(i VecVirtual) VecVirtual {
	return v.shl(v.iadd(i, v.bits(127)), 23)
}

// exp is e^x. The limits lie where the result is 0 or Inf already; 2^n is applied in two halves,
// so that a denormal result is rounded once.
func (v vector) exp(x VecVirtual) VecVirtual {
	x = v.most(v.num(-104), v.least(v.num(89), x))
	n, r, t := v.reduce(x)
	p := v.polynomial(r, expCoefficients...)
	y := v.add(v.fma(v.mul(r, r), p, r), v.num(1))
	if v.wide {
		VSCALEFPS(n, y, y)
		return y
	}
	i := v.integer(t)
	half := v.sar(i, 1)
	y = v.mul(y, v.power(half))
	return v.mul(y, v.power(v.isub(i, half)))
}

// expm1 is e^x - 1 = 2^n (e^r - 1) + (2^n - 1). It works with 2^(n-1), which stays finite.
func (v vector) expm1(x VecVirtual) VecVirtual {
	x = v.most(v.num(-80), v.least(v.num(89), x))
	_, r, t := v.reduce(x)
	p := v.polynomial(r, expCoefficients...)
	p = v.fma(v.mul(r, r), p, r)
	s := v.power(v.isub(v.integer(t), v.bits(1)))
	y := v.fma(s, p, v.sub(s, v.num(0.5)))
	return v.add(y, y)
}

// logPart is ln(1+f) for sqrt(1/2) <= 1+f <= sqrt(2), plus e ln 2.
func (v vector) logPart(f, e VecVirtual) VecVirtual {
	z := v.mul(f, f)
	y := v.mul(v.mul(f, z), v.polynomial(f, logCoefficients...))
	y = v.fma(e, v.num(ln2Low), y)
	y = v.fnma(v.num(0.5), z, y)
	return v.fma(e, v.num(ln2High), v.add(f, y))
}

// log is ln x; NaN below 0, -Inf at 0.
func (v vector) log(x VecVirtual) VecVirtual {
	const rootHalf = 0x3f3504f3 // bits of sqrt(1/2)
	tiny := v.num(0x1p-126)
	scaled := v.pick(lessThan, x, tiny, v.mul(x, v.num(0x1p23)), x)
	bias := v.pick(lessThan, x, tiny, v.num(-23), v.num(0))
	i := v.isub(scaled, v.bits(rootHalf))
	e := v.add(v.float(v.sar(i, 23)), bias)
	m := v.iadd(v.and(i, v.bits(0x7fffff)), v.bits(rootHalf))
	y := v.logPart(v.sub(m, v.num(1)), e)
	inf := v.bits(0x7f800000)
	y = v.pick(equal, x, inf, inf, y)
	y = v.pick(equal, x, v.num(0), v.bits(0xff800000), y)
	return v.pick(notAtLeast, x, v.num(0), v.bits(0x7fc00000), y)
}

// log1p01 is ln(1+z) for 0 <= z <= 1: z itself is f below sqrt(2)-1, and above it 1+z is halved.
func (v vector) log1p01(z VecVirtual) VecVirtual {
	cut := v.num(0.41421356)
	f := v.pick(greaterThan, z, cut, v.mul(v.sub(z, v.num(1)), v.num(0.5)), z)
	e := v.pick(greaterThan, z, cut, v.num(1), v.num(0))
	return v.logPart(f, e)
}

// tanh is expm1(2|x|) / (expm1(2|x|) + 2) with the sign of x.
func (v vector) tanh(x VecVirtual) VecVirtual {
	a := v.least(v.num(10), v.abs(x)) // 1 from 9.02 on
	e := v.expm1(v.add(a, a))
	return v.or(v.div(e, v.add(e, v.num(2))), v.sign(x))
}

// decay is e^-|x|, which never overflows.
func (v vector) decay(x VecVirtual) VecVirtual { return v.exp(v.or(x, v.bits(0x80000000))) }

// sigmoidOf is 1/(1+e^-x) from z = e^-|x|.
func (v vector) sigmoidOf(x, z VecVirtual) VecVirtual {
	one := v.num(1)
	return v.div(v.pick(lessThan, x, v.num(0), z, one), v.add(z, one))
}

func (v vector) sigmoid(x VecVirtual) VecVirtual { return v.sigmoidOf(x, v.decay(x)) }

// softplus is ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|).
func (v vector) softplus(x VecVirtual) VecVirtual {
	return v.add(v.most(v.num(0), x), v.log1p01(v.decay(x)))
}

// millsCoefficients give the standard normal's upper tail as phi(a) t P(t) with t = 1/(1 + a/2),
// a >= 0; gen/mills.py fits them.
var millsCoefficients = []float64{-3.9068798631e-2, 1.8746893438e-1, -3.1139565471e-1, 8.7804972092e-2, 3.5630698369e-1,
	-4.1075344383e-1, 5.5111493518e-2, 2.2449822316e-2, 1.5341433981e-1, 1.9918092021e-1, 1.9948041953e-1}

// density is e^(-a^2/2): the rounding of a^2, which the exponential would magnify, is put back.
func (v vector) density(a VecVirtual) VecVirtual {
	h := v.mul(a, a)
	low := v.copy(h)
	VFMSUB231PS(a, a, low) // a*a - h
	low = v.pick(lessThan, h, v.num(1000), low, v.num(0))
	e := v.exp(v.mul(h, v.num(-0.5)))
	return v.fnma(v.mul(e, v.num(0.5)), low, e)
}

// cdfOf is the standard normal's distribution at a, from its density e.
func (v vector) cdfOf(a, e VecVirtual) VecVirtual {
	one := v.num(1)
	t := v.div(one, v.fma(v.abs(a), v.num(0.5), one))
	q := v.mul(v.mul(e, t), v.polynomial(t, millsCoefficients...))
	return v.pick(lessThan, a, v.num(0), q, v.sub(one, q))
}

const rootTwoPi = 0.3989422804014327 // 1 / sqrt(2 pi)

// biased writes dst = f(src + bias), the three of one length: a row of a layer's output.
func biased(name string, f func(vector, VecVirtual) VecVirtual) {
	each(name+"Bias", []string{"dst", "src", "bias"}, false, func(l *loop) {
		l.store(f(l.vector, l.add(l.load("src"), l.load("bias"))), "dst")
	})
}

// unary writes dst = f(src).
func unary(name string, f func(vector, VecVirtual) VecVirtual) {
	each(name, []string{"dst", "src"}, false, func(l *loop) { l.store(f(l.vector, l.load("src")), "dst") })
}

// slope writes dst = dy * f(saved).
func slope(name string, f func(vector, VecVirtual) VecVirtual) {
	each(name, []string{"dst", "dy", "saved"}, false, func(l *loop) {
		l.store(l.mul(l.load("dy"), f(l.vector, l.load("saved"))), "dst")
	})
}

// writeFunctions emits the functions and the activations with their derivatives.
func writeFunctions() {
	unary("exp", vector.exp)
	unary("expm1", vector.expm1)
	unary("log", vector.log)
	for _, f := range []struct {
		name string
		f    func(vector, VecVirtual) VecVirtual
	}{
		{"tanh", vector.tanh},
		{"sigmoid", vector.sigmoid},
		{"softplus", vector.softplus},
		{"relu", func(v vector, x VecVirtual) VecVirtual { return v.most(v.num(0), x) }},
		{"leakyReLU", func(v vector, x VecVirtual) VecVirtual { return v.most(v.mul(x, v.num(0.01)), x) }},
		{"elu", func(v vector, x VecVirtual) VecVirtual { return v.pick(greaterThan, x, v.num(0), x, v.expm1(x)) }},
	} {
		unary(f.name, f.f)
		biased(f.name, f.f)
	}
	unary("silu", func(v vector, x VecVirtual) VecVirtual { return v.mul(x, v.sigmoid(x)) })
	unary("gelu", func(v vector, x VecVirtual) VecVirtual { return v.mul(x, v.cdfOf(x, v.density(x))) })
	unary("normalCDF", func(v vector, x VecVirtual) VecVirtual { return v.cdfOf(x, v.density(x)) })
	unary("normalPDF", func(v vector, x VecVirtual) VecVirtual { return v.mul(v.density(x), v.num(rootTwoPi)) })

	slope("reluBack", func(v vector, y VecVirtual) VecVirtual {
		return v.pick(greaterThan, y, v.num(0), v.num(1), v.num(0))
	})
	slope("leakyReLUBack", func(v vector, y VecVirtual) VecVirtual {
		return v.pick(greaterThan, y, v.num(0), v.num(1), v.num(0.01))
	})
	slope("eluBack", func(v vector, y VecVirtual) VecVirtual { return v.add(v.least(v.num(0), y), v.num(1)) })
	slope("geluBack", func(v vector, a VecVirtual) VecVirtual {
		e := v.density(a)
		return v.fma(v.mul(a, e), v.num(rootTwoPi), v.cdfOf(a, e))
	})
	slope("siluBack", func(v vector, a VecVirtual) VecVirtual {
		// g and 1-g from one reciprocal: 1-g by subtraction would lose its digits.
		z, one, zero := v.decay(a), v.num(1), v.num(0)
		r := v.div(one, v.add(z, one))
		g := v.mul(v.pick(lessThan, a, zero, z, one), r)
		rest := v.mul(v.pick(lessThan, a, zero, one, z), r)
		return v.mul(g, v.fma(a, rest, one))
	})
	slope("softplusBack", func(v vector, y VecVirtual) VecVirtual { return v.neg(v.expm1(v.neg(y))) })
	slope("sigmoidBack", func(v vector, y VecVirtual) VecVirtual { return v.mul(y, v.sub(v.num(1), y)) })
	slope("tanhBack", func(v vector, y VecVirtual) VecVirtual {
		one := v.num(1)
		return v.mul(v.sub(one, y), v.add(one, y))
	})
}
