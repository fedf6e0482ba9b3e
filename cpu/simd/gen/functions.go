package main

import (
	. "github.com/mmcloughlin/avo/operand"
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
func (v maths) reduce(x Op) (n, r, t Op) {
	const magic = 12582912
	t = v.fma(x, v.num(1.4426950408889634), v.num(magic))
	n = v.sub(t, v.num(magic))
	r = v.fnma(n, v.num(ln2High), x)
	r = v.fnma(n, v.num(ln2Low), r)
	return n, r, t
}

// integer is the integer in the low bits of reduce's t.
func (v maths) integer(t Op) Op { return v.isub(t, v.num(12582912)) }

// power is 2^i for integer lanes in [-126, 127].
func (v maths) power(i Op) Op {
	return v.shl(v.iadd(i, v.bits(127)), 23)
}

// exp is e^x. The limits lie where the result is 0 or Inf already; 2^n is applied in two halves,
// so that a denormal result is rounded once.
func (v maths) exp(x Op) Op {
	x = v.most(v.num(-104), v.least(v.num(89), x))
	n, r, t := v.reduce(x)
	p := v.polynomial(r, expCoefficients...)
	y := v.add(v.fma(v.mul(r, r), p, r), v.num(1))
	return v.timesPower(y, n, t)
}

// timesHalves is y * 2^i of reduce's t in two halves.
func (v maths) timesHalves(y, t Op) Op {
	i := v.integer(t)
	half := v.sar(i, 1)
	y = v.mul(y, v.power(half))
	return v.mul(y, v.power(v.isub(i, half)))
}

// expm1 is e^x - 1 = 2^n (e^r - 1) + (2^n - 1). It works with 2^(n-1), which stays finite.
func (v maths) expm1(x Op) Op {
	x = v.most(v.num(-80), v.least(v.num(89), x))
	_, r, t := v.reduce(x)
	p := v.polynomial(r, expCoefficients...)
	p = v.fma(v.mul(r, r), p, r)
	s := v.power(v.isub(v.integer(t), v.bits(1)))
	y := v.fma(s, p, v.sub(s, v.num(0.5)))
	return v.add(y, y)
}

// logPart is ln(1+f) for sqrt(1/2) <= 1+f <= sqrt(2), plus e ln 2.
func (v maths) logPart(f, e Op) Op {
	z := v.mul(f, f)
	y := v.mul(v.mul(f, z), v.polynomial(f, logCoefficients...))
	y = v.fma(e, v.num(ln2Low), y)
	y = v.fnma(v.num(0.5), z, y)
	return v.fma(e, v.num(ln2High), v.add(f, y))
}

// log is ln x; NaN below 0, -Inf at 0.
func (v maths) log(x Op) Op {
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
func (v maths) log1p01(z Op) Op {
	cut := v.num(0.41421356)
	f := v.pick(greaterThan, z, cut, v.mul(v.sub(z, v.num(1)), v.num(0.5)), z)
	e := v.pick(greaterThan, z, cut, v.num(1), v.num(0))
	return v.logPart(f, e)
}

// tanh is expm1(2|x|) / (expm1(2|x|) + 2) with the sign of x.
func (v maths) tanh(x Op) Op {
	a := v.least(v.num(10), v.abs(x)) // 1 from 9.02 on
	e := v.expm1(v.add(a, a))
	return v.or(v.div(e, v.add(e, v.num(2))), v.sign(x))
}

// decay is e^-|x|, which never overflows.
func (v maths) decay(x Op) Op { return v.exp(v.or(x, v.bits(0x80000000))) }

// sigmoidOf is 1/(1+e^-x) from z = e^-|x|.
func (v maths) sigmoidOf(x, z Op) Op {
	one := v.num(1)
	return v.div(v.pick(lessThan, x, v.num(0), z, one), v.add(z, one))
}

func (v maths) sigmoid(x Op) Op { return v.sigmoidOf(x, v.decay(x)) }

// softplus is ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|).
func (v maths) softplus(x Op) Op {
	return v.add(v.most(v.num(0), x), v.log1p01(v.decay(x)))
}

// millsCoefficients give the standard normal's upper tail as phi(a) t P(t) with t = 1/(1 + a/2),
// a >= 0; gen/mills.py fits them.
var millsCoefficients = []float64{-3.9068798631e-2, 1.8746893438e-1, -3.1139565471e-1, 8.7804972092e-2, 3.5630698369e-1,
	-4.1075344383e-1, 5.5111493518e-2, 2.2449822316e-2, 1.5341433981e-1, 1.9918092021e-1, 1.9948041953e-1}

// density is e^(-a^2/2): the rounding of a^2, which the exponential would magnify, is put back.
func (v maths) density(a Op) Op {
	h := v.mul(a, a)
	low := v.fms(a, a, h)
	low = v.pick(lessThan, h, v.num(1000), low, v.num(0))
	e := v.exp(v.mul(h, v.num(-0.5)))
	return v.fnma(v.mul(e, v.num(0.5)), low, e)
}

// cdfOf is the standard normal's distribution at a, from its density e.
func (v maths) cdfOf(a, e Op) Op {
	one := v.num(1)
	t := v.div(one, v.fma(v.abs(a), v.num(0.5), one))
	q := v.mul(v.mul(e, t), v.polynomial(t, millsCoefficients...))
	return v.pick(lessThan, a, v.num(0), q, v.sub(one, q))
}

const rootTwoPi = 0.3989422804014327 // 1 / sqrt(2 pi)

// biased writes dst = f(src + bias), the three of one length: a row of a layer's output.
func biased(t target, name string, f func(maths, Op) Op) {
	t.each(name+"Bias", []string{"dst", "src", "bias"}, 0, func(l loop) {
		l.store(f(l.maths, l.add(l.load("src"), l.load("bias"))), "dst")
	})
}

// unary writes dst = f(src).
func unary(t target, name string, f func(maths, Op) Op) {
	t.each(name, []string{"dst", "src"}, 0, func(l loop) { l.store(f(l.maths, l.load("src")), "dst") })
}

// slope writes dst = dy * f(saved).
func slope(t target, name string, f func(maths, Op) Op) {
	t.each(name, []string{"dst", "dy", "saved"}, 0, func(l loop) {
		l.store(l.mul(l.load("dy"), f(l.maths, l.load("saved"))), "dst")
	})
}

// writeFunctions emits the functions and the activations with their derivatives.
func writeFunctions(t target) {
	unary(t, "exp", maths.exp)
	unary(t, "expm1", maths.expm1)
	unary(t, "log", maths.log)
	for _, f := range []struct {
		name string
		f    func(maths, Op) Op
	}{
		{"tanh", maths.tanh},
		{"sigmoid", maths.sigmoid},
		{"softplus", maths.softplus},
		{"relu", func(v maths, x Op) Op { return v.most(v.num(0), x) }},
		{"leakyReLU", func(v maths, x Op) Op { return v.most(v.mul(x, v.num(0.01)), x) }},
		{"elu", func(v maths, x Op) Op { return v.pick(greaterThan, x, v.num(0), x, v.expm1(x)) }},
	} {
		unary(t, f.name, f.f)
		biased(t, f.name, f.f)
	}
	unary(t, "silu", func(v maths, x Op) Op { return v.mul(x, v.sigmoid(x)) })
	unary(t, "gelu", func(v maths, x Op) Op { return v.mul(x, v.cdfOf(x, v.density(x))) })
	unary(t, "normalCDF", func(v maths, x Op) Op { return v.cdfOf(x, v.density(x)) })
	unary(t, "normalPDF", func(v maths, x Op) Op { return v.mul(v.density(x), v.num(rootTwoPi)) })

	slope(t, "reluBack", func(v maths, y Op) Op {
		return v.pick(greaterThan, y, v.num(0), v.num(1), v.num(0))
	})
	slope(t, "leakyReLUBack", func(v maths, y Op) Op {
		return v.pick(greaterThan, y, v.num(0), v.num(1), v.num(0.01))
	})
	slope(t, "eluBack", func(v maths, y Op) Op { return v.add(v.least(v.num(0), y), v.num(1)) })
	slope(t, "geluBack", func(v maths, a Op) Op {
		e := v.density(a)
		return v.fma(v.mul(a, e), v.num(rootTwoPi), v.cdfOf(a, e))
	})
	slope(t, "siluBack", func(v maths, a Op) Op {
		// g and 1-g from one reciprocal: 1-g by subtraction would lose its digits.
		z, one, zero := v.decay(a), v.num(1), v.num(0)
		r := v.div(one, v.add(z, one))
		g := v.mul(v.pick(lessThan, a, zero, z, one), r)
		rest := v.mul(v.pick(lessThan, a, zero, one, z), r)
		return v.mul(g, v.fma(a, rest, one))
	})
	slope(t, "softplusBack", func(v maths, y Op) Op { return v.neg(v.expm1(v.neg(y))) })
	slope(t, "sigmoidBack", func(v maths, y Op) Op { return v.mul(y, v.sub(v.num(1), y)) })
	slope(t, "tanhBack", func(v maths, y Op) Op {
		one := v.num(1)
		return v.mul(v.sub(one, y), v.add(one, y))
	})
}
