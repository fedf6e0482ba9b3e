package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// writeTraining emits sums, losses and updates.
func writeTraining(t target) {
	t.each("add", []string{"dst", "a", "b"}, 0, func(l loop) { l.store(l.add(l.load("a"), l.load("b")), "dst") })
	t.each("mul", []string{"dst", "a", "b"}, 0, func(l loop) { l.store(l.mul(l.load("a"), l.load("b")), "dst") })
	t.each("scale", []string{"dst", "src"}, 1, func(l loop) { l.store(l.mul(l.load("src"), l.scalar(0)), "dst") })
	t.each("axpy", []string{"dst", "src"}, 1, func(l loop) {
		l.store(l.fma(l.load("src"), l.scalar(0), l.load("dst")), "dst")
	})
	t.others()
	t.sum("bceLogits", []string{"grad", "logits", "target"}, 1, func(l loop) Op { return bce(l, true) }, sumPlain)
	t.sum("bceLoss", []string{"logits", "target"}, 0, func(l loop) Op { return bce(l, false) }, sumPlain)
	t.sum("squaredError", []string{"grad", "x", "target"}, 1, func(l loop) Op {
		d := l.sub(l.load("x"), l.load("target"))
		l.store(l.mul(d, l.scalar(0)), "grad")
		return d
	}, sumSquare)

	// The moments of a parameter without a gradient shrink step by step to where rounding holds them, a few times the
	// smallest subnormal number, and there every step would take several times as long.
	t.eachFlushed("adam", []string{"p", "g", "m", "v"}, 10, adam)
	t.each("sgd", []string{"p", "g"}, 4, func(l loop) {
		p, g := decayed(l)
		l.store(l.fnma(g, l.scalar(2), p), "p")
	})
	t.eachFlushed("momentum", []string{"p", "g", "m"}, 4, func(l loop) {
		p, g := decayed(l)
		m := l.fma(l.scalar(3), l.load("m"), g)
		l.store(m, "m")
		l.store(l.fnma(m, l.scalar(2), p), "p")
	})
	t.eachFlushed("nesterov", []string{"p", "g", "m"}, 4, func(l loop) {
		p, g := decayed(l)
		m := l.fma(l.scalar(3), l.load("m"), g)
		l.store(m, "m")
		l.store(l.fnma(l.fma(l.scalar(3), m, g), l.scalar(2), p), "p")
	})
}

// decayed is p and k[0]*g + k[1]*p.
func decayed(l loop) (p, g Op) {
	p = l.load("p")
	return p, l.fma(l.scalar(1), p, l.mul(l.load("g"), l.scalar(0)))
}

// adam's scalars are package simd's Adam structure: gradient scale, L2, b1, 1-b1, b2, 1-b2,
// root scale, epsilon, step size, shrink.
func adam(l loop) {
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
func bce(l loop, gradient bool) Op {
	x := l.load("logits")
	z := l.decay(x)
	if gradient {
		l.store(l.mul(l.sub(l.sigmoidOf(x, z), l.load("target")), l.scalar(0)), "grad")
	}
	y := l.add(l.fnma(x, l.load("target"), l.most(l.num(0), x)), l.log1p01(z))
	return l.keep(y)
}

// Sums are made of 16 float64 sums side by side on every path: lane i adds the elements i, i+16,
// i+32 ... in order.

type sumForm bool

const (
	sumPlain  sumForm = false
	sumSquare sumForm = true
)

// sum writes a loop that adds f's float32 values, or their squares, into lanes[0:16] in float64.
// The lanes stay in memory: f needs the registers, and takes longer than the stores.
func (avx) sum(name string, slices []string, _ int, f func(loop) Op, form sumForm) {
	for _, v := range vectors {
		signature := "func(lanes *float64, k *float32"
		for _, s := range slices {
			signature += ", " + s + " []float32"
		}
		l := newLoop(v, name, signature+")", slices)
		lanes := Load(Param("lanes"), GP64())
		l.scalars = Load(Param("k"), GP64())
		l.run(func() {
			x := f(loop{maths{l}, l})
			at := Mem{Base: lanes}
			if !l.wide { // 8 elements at a time go to the lower and the upper lanes in turn
				at.Index, at.Scale = GP64(), 2
				MOVQ(l.index, at.Index)
				ANDQ(Imm(32), at.Index)
			}
			for half := 0; half < 2; half++ {
				acc, m := v.reg(), at.Offset(half*v.bytes())
				VMOVUPS(m, acc)
				v.accumulate(v.doubles(x, half), acc, form)
				VMOVUPS(acc, m)
			}
		})
		VZEROUPPER()
		RET()
	}
}

// doubles is one half of x in float64.
func (v vector) doubles(x Op, half int) Op {
	d := v.reg()
	if v.wide {
		s := YMM()
		VEXTRACTF32X8(Imm(uint64(half)), x, s)
		VCVTPS2PD(s, d)
		return d
	}
	s := XMM()
	VEXTRACTF128(Imm(uint64(half)), x, s)
	VCVTPS2PD(s, d)
	return d
}

// accumulate is acc += d or d*d; the square of a float32 is exact, fused or not.
func (v vector) accumulate(d, acc Op, form sumForm) {
	if form == sumSquare {
		VFMADD231PD(d, d, acc)
	} else {
		VADDPD(d, acc, acc)
	}
}

// longSum writes the sum of a slice with the lanes in registers. Only whole groups of 16 elements
// are added: the caller does the rest.
func longSum(name string, form sumForm) {
	for _, v := range vectors {
		TEXT(name+v.name(), NOSPLIT, "func(lanes *float64, x []float32)")
		Pragma("noescape")
		lanes := Load(Param("lanes"), GP64())
		x := Load(Param("x").Base(), GP64())
		n := Load(Param("x").Len(), GP64())
		step := v.bytes() / 8 // elements in a register of doubles
		acc := make([]Op, 16/step)
		for i := range acc {
			acc[i] = v.reg()
			VMOVUPS(Mem{Base: lanes, Disp: i * v.bytes()}, acc[i])
		}
		Label("loop")
		SUBQ(Imm(16), n)
		JL(LabelRef("done"))
		for i := range acc {
			d := v.reg()
			VCVTPS2PD(Mem{Base: x, Disp: 4 * step * i}, d)
			v.accumulate(d, acc[i], form)
		}
		ADDQ(Imm(64), x)
		JMP(LabelRef("loop"))
		Label("done")
		for i := range acc {
			VMOVUPS(acc[i], Mem{Base: lanes, Disp: i * v.bytes()})
		}
		VZEROUPPER()
		RET()
	}
}

// others are the loops that are not elementwise.
func (avx) others() {
	dequantise()
	addRows()
	longSum("sum", sumPlain)
	longSum("sumSquares", sumSquare)
}

// dequantise writes dst = float(src) / top for whole vectors; the caller does the rest.
func dequantise() {
	for _, v := range vectors {
		TEXT("dequantise"+v.name(), NOSPLIT, "func(dst []float32, src []uint8, top float32)")
		Pragma("noescape")
		dst := Load(Param("dst").Base(), GP64())
		n := Load(Param("dst").Len(), GP64())
		src := Load(Param("src").Base(), GP64())
		top := v.reg()
		VBROADCASTSS(NewParamAddr("top", 48), top)
		Label("loop")
		SUBQ(Imm(uint64(v.lanes())), n)
		JL(LabelRef("done"))
		x := v.reg()
		VPMOVZXBD(Mem{Base: src}, x)
		VMOVUPS(v.div(v.float(x), top), Mem{Base: dst})
		ADDQ(Imm(uint64(v.lanes())), src)
		ADDQ(Imm(uint64(v.bytes())), dst)
		JMP(LabelRef("loop"))
		Label("done")
		VZEROUPPER()
		RET()
	}
}

// addRows adds the column sums of rows of src to sums[0:cols], for whole vectors of columns; the caller does the rest. A
// column is added in order in float32, and its sum to sums in float64.
func addRows() {
	const group = 4 // vectors side by side, so that additions need not wait for each other
	for _, v := range vectors {
		TEXT("addRows"+v.name(), NOSPLIT, "func(sums *float64, cols int, src *float32, stride int, rows int)")
		Pragma("noescape")
		sums := Load(Param("sums"), GP64())
		cols := Load(Param("cols"), GP64())
		src := Load(Param("src"), GP64())
		stride := Load(Param("stride"), GP64())
		rows := Load(Param("rows"), GP64())
		SHLQ(Imm(2), stride)
		for _, vecs := range []int{group, 1} {
			label := func(name string) string { return fmt.Sprintf("%s%d", name, vecs) }
			Label(label("columns"))
			CMPQ(cols, Imm(uint64(vecs*v.lanes())))
			JL(LabelRef(label("end")))
			row, left := GP64(), GP64()
			MOVQ(src, row)
			MOVQ(rows, left)
			acc := make([]Op, vecs)
			for i := range acc {
				acc[i] = v.reg()
				VMOVUPS(Mem{Base: row, Disp: i * v.bytes()}, acc[i])
			}
			JMP(LabelRef(label("next")))
			Label(label("row"))
			for i := range acc {
				VADDPS(Mem{Base: row, Disp: i * v.bytes()}, acc[i], acc[i])
			}
			Label(label("next"))
			ADDQ(stride, row)
			DECQ(left)
			JNZ(LabelRef(label("row")))
			for i := range acc {
				for half := range 2 {
					m := Mem{Base: sums, Disp: (2*i + half) * v.bytes()}
					d := v.doubles(acc[i], half)
					VADDPD(m, d, d)
					VMOVUPS(d, m)
				}
			}
			ADDQ(U32(2*vecs*v.bytes()), sums)
			ADDQ(U32(vecs*v.bytes()), src)
			SUBQ(U32(vecs*v.lanes()), cols)
			JMP(LabelRef(label("columns")))
			Label(label("end"))
		}
		VZEROUPPER()
		RET()
	}
}
