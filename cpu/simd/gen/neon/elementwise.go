package main

import (
	"fmt"
	"math"
	"strings"
)

// loop is one elementwise loop: its operands are []float32 of one length and k, scalars. It takes 4 elements at a time
// and the last ones singly, by the same instructions in the same order as the loops for amd64: the same bits, wherever
// an element stands.
type loop struct {
	*writer
	slices []string
	k      []element
	c      []int // registers of constants
	single bool
	used   int // registers of values, from V0 on
}

const (
	firstConstant = 24
	firstScalar   = 28 // 10 of them take three registers
	regScalars    = 15
)

// each writes a loop over the named slices; R1 and up point to their next elements, R0 counts.
func each(w *writer, name string, slices []string, scalars int, constants []float32, body func(*loop)) {
	l := &loop{writer: w, slices: slices}
	size := 24 * len(slices)
	signature := strings.Join(slices, ", ") + " []float32"
	if scalars > 0 {
		signature += ", k *float32"
		size += 8
	}
	w.text(name, signature, size)
	for i, s := range slices {
		w.op("MOVD %s_base+%d(FP), R%d", s, 24*i, 1+i)
	}
	w.op("MOVD %s_len+8(FP), R0", slices[0])
	if scalars > 0 {
		w.op("MOVD k+%d(FP), R%d", size-8, regScalars)
		l.k = loadFloats(w, regScalars, scalars, firstScalar)
	}
	for i, x := range constants {
		l.c = append(l.c, firstConstant+i)
		w.op("MOVD $0x%08x, R%d // %v", math.Float32bits(x), regScalars, x)
		w.op("VDUP R%d, V%d.S4", regScalars, l.c[i])
	}
	w.op("SUBS $4, R0, R0")
	w.op("BLT rest")
	l.step("whole", 4, "BGE", body)
	w.label("rest")
	w.op("ADDS $4, R0, R0")
	w.op("BEQ end")
	l.single = true
	l.step("single", 1, "BNE", body)
	w.label("end")
	w.op("RET")
}

// step is the loop proper.
func (l *loop) step(label string, elements int, again string, body func(*loop)) {
	l.used = 0
	l.label("%s", label)
	body(l)
	for i := range l.slices {
		l.op("ADD $%d, R%d, R%d", 4*elements, 1+i, 1+i)
	}
	l.op("SUBS $%d, R0, R0", elements)
	l.op("%s %s", again, label)
}

func (l *loop) pointer(slice string) int {
	for i, s := range l.slices {
		if s == slice {
			return 1 + i
		}
	}
	panic("neon: no slice " + slice)
}

func (l *loop) move() string {
	if l.single {
		return "FMOVS"
	}
	return "FMOVQ"
}

func (l *loop) value() int {
	l.used++
	if l.used > firstConstant {
		panic("neon: a loop has more values than there are registers")
	}
	return l.used - 1
}

func (l *loop) load(slice string) int {
	v := l.value()
	l.op("%s (R%d), F%d", l.move(), l.pointer(slice), v)
	return v
}

func (l *loop) store(v int, slice string) { l.op("%s F%d, (R%d)", l.move(), v, l.pointer(slice)) }

// apply is a fresh n op m.
func (l *loop) apply(name string, opcode uint32, n, m int) int {
	v := l.value()
	l.vector(name, opcode, v, n, m)
	return v
}

func (l *loop) add(n, m int) int  { return l.apply("FADD", 0x4e20d400, n, m) }
func (l *loop) sub(n, m int) int  { return l.apply("FSUB", 0x4ea0d400, n, m) }
func (l *loop) mul(n, m int) int  { return l.apply("FMUL", 0x6e20dc00, n, m) }
func (l *loop) div(n, m int) int  { return l.apply("FDIV", 0x6e20fc00, n, m) }
func (l *loop) most(n, m int) int { return l.apply("FMAX", 0x4e20f400, n, m) }

func (l *loop) sqrt(n int) int     { return l.applyOne("FSQRT", 0x6ea1f800, n) }
func (l *loop) negative(n int) int { return l.applyOne("FCMLT", 0x4ea0e800, n) } // all ones where n < 0
func (l *loop) positive(n int) int { return l.applyOne("FCMGT", 0x4ea0c800, n) } // all ones where n > 0

func (l *loop) applyOne(name string, opcode uint32, n int) int {
	v := l.value()
	l.unary(name, opcode, v, n)
	return v
}

// scaled is n * k[i].
func (l *loop) scaled(n, i int) int {
	v := l.value()
	l.fmul(v, n, l.k[i].v, l.k[i].lane)
	return v
}

// fma changes c to c + n*k[i] with one rounding, fnma to c - n*k[i].
func (l *loop) fma(n, i, c int) int {
	l.fmla(c, n, l.k[i].v, l.k[i].lane)
	return c
}

func (l *loop) fnma(n, i, c int) int {
	l.fmls(c, n, l.k[i].v, l.k[i].lane)
	return c
}

func (l *loop) copy(n int) int {
	v := l.value()
	l.op("VMOV V%d.B16, V%d.B16", n, v)
	return v
}

// spread is every lane = k[i].
func (l *loop) spread(i int) int {
	v := l.value()
	l.op("VDUP V%d.S[%d], V%d.S4", l.k[i].v, l.k[i].lane, v)
	return v
}

// relu is x where it is not negative, otherwise 0: a NaN comes through.
func (l *loop) relu(x int) int { return l.apply("BIC", 0x4e601c00, x, l.negative(x)) }

// pick is yes where the mask is all ones, otherwise no.
func (l *loop) pick(mask, yes, no int) int {
	l.op("VBSL V%d.B16, V%d.B16, V%d.B16", no, yes, mask)
	return mask
}

// writeElementwise emits the arithmetic, the activations that need no exponential, the updates and the sums.
func writeElementwise(w *writer) {
	writeActivations(w)
	two := []string{"dst", "a", "b"}
	each(w, "addNEON", two, 0, nil, func(l *loop) { l.store(l.add(l.load("a"), l.load("b")), "dst") })
	each(w, "mulNEON", two, 0, nil, func(l *loop) { l.store(l.mul(l.load("a"), l.load("b")), "dst") })
	each(w, "scaleNEON", []string{"dst", "src"}, 1, nil, func(l *loop) { l.store(l.scaled(l.load("src"), 0), "dst") })
	each(w, "axpyNEON", []string{"dst", "src"}, 1, nil, func(l *loop) {
		l.store(l.fma(l.load("src"), 0, l.load("dst")), "dst")
	})
	each(w, "adamNEON", []string{"p", "g", "m", "v"}, 10, nil, adam)
	each(w, "sgdNEON", []string{"p", "g"}, 4, nil, func(l *loop) {
		p, g := decayed(l)
		l.store(l.fnma(g, 2, p), "p")
	})
	each(w, "momentumNEON", []string{"p", "g", "m"}, 4, nil, func(l *loop) {
		p, g := decayed(l)
		m := l.fma(l.load("m"), 3, g)
		l.store(m, "m")
		l.store(l.fnma(m, 2, p), "p")
	})
	each(w, "nesterovNEON", []string{"p", "g", "m"}, 4, nil, func(l *loop) {
		p, g := decayed(l)
		m := l.fma(l.load("m"), 3, l.copy(g))
		l.store(m, "m")
		l.store(l.fnma(l.fma(m, 3, g), 2, p), "p")
	})
	sum(w, "sumNEON", func(acc, d int) { w.vector("FADD", 0x4e60d400, acc, acc, d) })
	sum(w, "sumSquaresNEON", func(acc, d int) { w.vector("FMLA", 0x4e60cc00, acc, d, d) })
}

func writeActivations(w *writer) {
	const slope = 0.01
	for _, f := range []struct {
		name      string
		constants []float32
		f         func(*loop, int) int
	}{
		{"relu", nil, (*loop).relu},
		{"leakyReLU", []float32{slope}, func(l *loop, x int) int { return l.most(l.mul(x, l.c[0]), x) }},
	} {
		each(w, f.name+"NEON", []string{"dst", "src"}, 0, f.constants, func(l *loop) { l.store(f.f(l, l.load("src")), "dst") })
		each(w, f.name+"BiasNEON", []string{"dst", "src", "bias"}, 0, f.constants, func(l *loop) {
			l.store(f.f(l, l.add(l.load("src"), l.load("bias"))), "dst")
		})
	}
	for _, f := range []struct {
		name      string
		constants []float32
		f         func(*loop, int) int
	}{
		{"relu", []float32{1, 0}, func(l *loop, y int) int { return l.pick(l.positive(y), l.c[0], l.c[1]) }},
		{"leakyReLU", []float32{1, slope}, func(l *loop, y int) int { return l.pick(l.positive(y), l.c[0], l.c[1]) }},
		{"sigmoid", []float32{1}, func(l *loop, y int) int { return l.mul(y, l.sub(l.c[0], y)) }},
		{"tanh", []float32{1}, func(l *loop, y int) int { return l.mul(l.sub(l.c[0], y), l.add(l.c[0], y)) }},
	} {
		each(w, f.name+"BackNEON", []string{"dst", "dy", "saved"}, 0, f.constants, func(l *loop) {
			l.store(l.mul(l.load("dy"), f.f(l, l.load("saved"))), "dst")
		})
	}
}

// decayed is p and k[0]*g + k[1]*p.
func decayed(l *loop) (p, g int) {
	p = l.load("p")
	return p, l.fma(p, 1, l.scaled(l.load("g"), 0))
}

// adam's scalars are package simd's Adam structure: gradient scale, L2, b1, 1-b1, b2, 1-b2, root scale, epsilon, step
// size, shrink.
func adam(l *loop) {
	p, g := decayed(l)
	m := l.fma(l.load("m"), 2, l.scaled(g, 3))
	l.store(m, "m")
	v := l.fma(l.load("v"), 4, l.scaled(l.mul(g, g), 5))
	l.store(v, "v")
	denominator := l.fma(l.sqrt(v), 6, l.spread(7))
	p = l.fnma(p, 9, p)
	l.store(l.sub(p, l.div(l.scaled(m, 8), denominator)), "p")
}

// sum writes the sum of f over a slice into lanes[0:16] in float64: lane i adds the elements i, i+16, i+32 ... in order.
// Only whole groups of 16 elements are added: the caller does the rest.
func sum(w *writer, name string, f func(acc, d int)) {
	w.text(name, "lanes *float64, x []float32", 32)
	w.op("MOVD lanes+0(FP), R0")
	w.op("MOVD x_base+8(FP), R1")
	w.op("MOVD x_len+16(FP), R2")
	lanes := func(op string) {
		for v := 0; v < 8; v += 4 {
			list := fmt.Sprintf("[V%d.D2, V%d.D2, V%d.D2, V%d.D2]", v, v+1, v+2, v+3)
			if op == "VLD1.P" {
				w.op("VLD1.P 64(R0), %s", list)
			} else {
				w.op("VST1.P %s, 64(R0)", list)
			}
		}
	}
	lanes("VLD1.P")
	w.op("SUB $128, R0, R0")
	w.op("SUBS $16, R2, R2")
	w.op("BLT end")
	w.label("loop")
	w.op("VLD1.P 64(R1), [V16.S4, V17.S4, V18.S4, V19.S4]")
	for q := range 4 {
		w.unary("FCVTL", 0x0e617800, 24, 16+q)
		w.unary("FCVTL2", 0x4e617800, 25, 16+q)
		f(2*q, 24)
		f(2*q+1, 25)
	}
	w.op("SUBS $16, R2, R2")
	w.op("BGE loop")
	w.label("end")
	lanes("VST1.P")
	w.op("RET")
}
