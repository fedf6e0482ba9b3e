package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// writeTraining emits sums, losses and updates.
func writeTraining() {
	each("add", []string{"dst", "a", "b"}, false, func(l *loop) { l.store(l.add(l.load("a"), l.load("b")), "dst") })
	each("mul", []string{"dst", "a", "b"}, false, func(l *loop) { l.store(l.mul(l.load("a"), l.load("b")), "dst") })
	each("scale", []string{"dst", "src"}, true, func(l *loop) { l.store(l.mul(l.load("src"), l.scalar(0)), "dst") })
	each("axpy", []string{"dst", "src"}, true, func(l *loop) {
		l.store(l.fma(l.load("src"), l.scalar(0), l.load("dst")), "dst")
	})
	dequantise()

	sum("sum", []string{"x"}, func(l *loop) VecVirtual { return l.load("x") }, sumPlain)
	sum("sumSquares", []string{"x"}, func(l *loop) VecVirtual { return l.load("x") }, sumSquare)
	sum("bceLogits", []string{"grad", "logits", "target"}, func(l *loop) VecVirtual { return bce(l, true) }, sumPlain)
	sum("bceLoss", []string{"logits", "target"}, func(l *loop) VecVirtual { return bce(l, false) }, sumPlain)
	sum("squaredError", []string{"grad", "x", "target"}, func(l *loop) VecVirtual {
		d := l.sub(l.load("x"), l.load("target"))
		l.store(l.mul(d, l.scalar(0)), "grad")
		return d
	}, sumSquare)

	each("adam", []string{"p", "g", "m", "v"}, true, adam)
	each("sgd", []string{"p", "g"}, true, func(l *loop) {
		p, g := decayed(l)
		l.store(l.fnma(g, l.scalar(2), p), "p")
	})
	each("momentum", []string{"p", "g", "m"}, true, func(l *loop) {
		p, g := decayed(l)
		m := l.fma(l.scalar(3), l.load("m"), g)
		l.store(m, "m")
		l.store(l.fnma(m, l.scalar(2), p), "p")
	})
	each("nesterov", []string{"p", "g", "m"}, true, func(l *loop) {
		p, g := decayed(l)
		m := l.fma(l.scalar(3), l.load("m"), g)
		l.store(m, "m")
		l.store(l.fnma(l.fma(l.scalar(3), m, g), l.scalar(2), p), "p")
	})
}

// decayed is p and k[0]*g + k[1]*p.
func decayed(l *loop) (p, g VecVirtual) {
	p = l.load("p")
	return p, l.fma(l.scalar(1), p, l.mul(l.load("g"), l.scalar(0)))
}

// adam's scalars are package simd's Adam structure: gradient scale, L2, b1, 1-b1, b2, 1-b2,
// root scale, epsilon, step size, shrink.
func adam(l *loop) {
	p, g := decayed(l)
	m := l.fma(l.scalar(2), l.load("m"), l.mul(l.scalar(3), g))
	l.store(m, "m")
	v := l.fma(l.scalar(4), l.load("v"), l.mul(l.scalar(5), l.mul(g, g)))
	l.store(v, "v")
	denominator := l.fma(l.sqrt(v), l.scalar(6), l.scalar(7))
	p = l.fnma(l.scalar(9), p, p)
	l.store(l.sub(p, l.div(l.mul(l.scalar(8), m), denominator)), "p")
}

// bce is softplus(x) - x*t, and stores (sigmoid(x) - t)*k[0] if asked.
func bce(l *loop, gradient bool) VecVirtual {
	x := l.load("logits")
	z := l.decay(x)
	if gradient {
		l.store(l.mul(l.sub(l.sigmoidOf(x, z), l.load("target")), l.scalar(0)), "grad")
	}
	y := l.add(l.fnma(x, l.load("target"), l.most(l.num(0), x)), l.log1p01(z))
	return l.keep(y)
}

// lanesOfSum is how many float64 sums run side by side on every path: lane i adds the elements
// i, i+8, i+16 ... in order.
const lanesOfSum = 8

type sumForm bool

const (
	sumPlain  sumForm = false
	sumSquare sumForm = true
)

// sum writes a loop that adds f's float32 values, or their squares, into lanes[0:8] in float64.
func sum(name string, slices []string, f func(*loop) VecVirtual, form sumForm) {
	for _, v := range vectors {
		signature := "func(lanes *float64, k *float32"
		for _, s := range slices {
			signature += ", " + s + " []float32"
		}
		l := newLoop(v, name, signature+")", slices)
		lanes := Load(Param("lanes"), GP64())
		l.scalars = Load(Param("k"), GP64())
		l.run(func(l *loop) { l.accumulate(lanes, f(l), form) })
		VZEROUPPER()
		RET()
	}
}

// accumulate adds x to the sums in memory: the two or one halves of a wide vector in turn.
func (l *loop) accumulate(lanes Register, x VecVirtual, form sumForm) {
	if !l.wide {
		for half := 0; half < 2; half++ {
			d, s := YMM(), XMM()
			VEXTRACTF128(Imm(uint64(half)), x, s)
			VCVTPS2PD(s, d)
			addInto(Mem{Base: lanes, Disp: 32 * half}, d, YMM(), form)
		}
		return
	}
	acc := ZMM()
	VMOVUPS(Mem{Base: lanes}, acc)
	for half := 0; half < 2; half++ {
		d, s := ZMM(), YMM()
		VEXTRACTF32X8(Imm(uint64(half)), x, s)
		VCVTPS2PD(s, d)
		if form == sumSquare {
			VFMADD231PD(d, d, acc) // the square is exact: fused or not is the same
		} else {
			VADDPD(d, acc, acc)
		}
	}
	VMOVUPS(acc, Mem{Base: lanes})
}

func addInto(m Mem, d, acc VecVirtual, form sumForm) {
	VMOVUPS(m, acc)
	if form == sumSquare {
		VFMADD231PD(d, d, acc)
	} else {
		VADDPD(d, acc, acc)
	}
	VMOVUPS(acc, m)
}

// dequantise writes dst = float(src) * k[0] for whole vectors; the caller does the rest.
func dequantise() {
	for _, v := range vectors {
		TEXT("dequantise"+v.name(), NOSPLIT, "func(dst []float32, src []uint8, scale float32)")
		Pragma("noescape")
		dst := Load(Param("dst").Base(), GP64())
		n := Load(Param("dst").Len(), GP64())
		src := Load(Param("src").Base(), GP64())
		scale := v.reg()
		VBROADCASTSS(NewParamAddr("scale", 48), scale)
		Label("loop")
		SUBQ(Imm(uint64(v.lanes())), n)
		JL(LabelRef("done"))
		x := v.reg()
		VPMOVZXBD(Mem{Base: src}, x)
		VMOVUPS(v.mul(v.float(x), scale), Mem{Base: dst})
		ADDQ(Imm(uint64(v.lanes())), src)
		ADDQ(Imm(uint64(v.bytes())), dst)
		JMP(LabelRef("loop"))
		Label("done")
		VZEROUPPER()
		RET()
	}
}
