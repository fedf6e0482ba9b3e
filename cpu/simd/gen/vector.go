package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// vector writes arithmetic once for both instruction sets. Its methods return fresh registers;
// constants are broadcast from memory at each use, so that 16 registers are enough.
type vector struct {
	wide bool // AVX-512
}

var vectors = []vector{{true}, {false}}

func (v vector) name() string {
	if v.wide {
		return "AVX512"
	}
	return "AVX2"
}

func (v vector) lanes() int { return v.bytes() / 4 }

func (v vector) bytes() int {
	if v.wide {
		return 64
	}
	return 32
}

func (v vector) reg() VecVirtual {
	if v.wide {
		return ZMM()
	}
	return YMM()
}

// constants are the 32-bit values in read-only memory so far, by their bits.
var constants = map[uint32]Mem{}

// bits is every lane = b.
func (v vector) bits(b uint32) VecVirtual {
	m, ok := constants[b]
	if !ok {
		m = GLOBL(fmt.Sprintf("k%08x", b), RODATA|NOPTR)
		DATA(0, U32(b))
		constants[b] = m
	}
	r := v.reg()
	VBROADCASTSS(m, r)
	return r
}

// num is every lane = x, rounded to float32.
func (v vector) num(x float64) VecVirtual { return v.bits(math.Float32bits(float32(x))) }

// op3 applies an instruction r = a op b; Go's operand order is reversed.
func (v vector) op3(f func(...Op), a, b Op) VecVirtual {
	r := v.reg()
	f(b, a, r)
	return r
}

func (v vector) add(a, b Op) VecVirtual { return v.op3(VADDPS, a, b) }
func (v vector) sub(a, b Op) VecVirtual { return v.op3(VSUBPS, a, b) }
func (v vector) mul(a, b Op) VecVirtual { return v.op3(VMULPS, a, b) }
func (v vector) div(a, b Op) VecVirtual { return v.op3(VDIVPS, a, b) }
func (v vector) and(a, b Op) VecVirtual { return v.op3(VANDPS, a, b) }
func (v vector) xor(a, b Op) VecVirtual { return v.op3(VXORPS, a, b) }
func (v vector) or(a, b Op) VecVirtual  { return v.op3(VORPS, a, b) }

// least and most take the limit first: a NaN in x comes through.
func (v vector) least(limit, x Op) VecVirtual { return v.op3(VMINPS, limit, x) }
func (v vector) most(limit, x Op) VecVirtual  { return v.op3(VMAXPS, limit, x) }

func (v vector) iadd(a, b Op) VecVirtual { return v.op3(VPADDD, a, b) }
func (v vector) isub(a, b Op) VecVirtual { return v.op3(VPSUBD, a, b) }

func (v vector) shift(f func(...Op), a Op, n uint64) VecVirtual {
	r := v.reg()
	f(Imm(n), a, r)
	return r
}

func (v vector) shl(a Op, n uint64) VecVirtual { return v.shift(VPSLLD, a, n) }
func (v vector) shr(a Op, n uint64) VecVirtual { return v.shift(VPSRLD, a, n) }
func (v vector) sar(a Op, n uint64) VecVirtual { return v.shift(VPSRAD, a, n) }

func (v vector) sqrt(a Op) VecVirtual {
	r := v.reg()
	VSQRTPS(a, r)
	return r
}

// float converts int32 lanes.
func (v vector) float(a Op) VecVirtual {
	r := v.reg()
	VCVTDQ2PS(a, r)
	return r
}

func (v vector) copy(a Op) VecVirtual {
	r := v.reg()
	VMOVAPS(a, r)
	return r
}

// fma is a*b + c with one rounding.
func (v vector) fma(a, b, c Op) VecVirtual {
	r := v.copy(c)
	VFMADD231PS(b, a, r)
	return r
}

// fnma is c - a*b with one rounding.
func (v vector) fnma(a, b, c Op) VecVirtual {
	r := v.copy(c)
	VFNMADD231PS(b, a, r)
	return r
}

// polynomial has these coefficients, highest first. Its even and its odd powers are summed side by
// side by Horner's rule in x^2: a single chain of dependent sums would leave the units idle.
func (v vector) polynomial(x Op, coefficients ...float64) VecVirtual {
	z := v.mul(x, x)
	n := len(coefficients)
	first, second := v.num(coefficients[0]), v.num(coefficients[1])
	for i := 2; i < n; i++ {
		p := first
		if i%2 == 1 {
			p = second
		}
		VFMADD213PS(v.num(coefficients[i]), z, p) // p = p*z + k
	}
	if n%2 == 0 { // first ends in the odd powers
		return v.fma(first, x, second)
	}
	return v.fma(second, x, first)
}

func (v vector) abs(a Op) VecVirtual  { return v.and(a, v.bits(0x7fffffff)) }
func (v vector) neg(a Op) VecVirtual  { return v.xor(a, v.bits(0x80000000)) }
func (v vector) sign(a Op) VecVirtual { return v.and(a, v.bits(0x80000000)) }

// Predicates of VCMPPS, without signals.
const (
	lessThan    = 0x11
	equal       = 0x00
	greaterThan = 0x1e
	notAtLeast  = 0x19 // also true for NaN
)

// pick is yes where a rel b, otherwise no.
func (v vector) pick(rel uint64, a, b, yes, no Op) VecVirtual {
	if v.wide {
		k, r := K(), v.copy(no)
		VCMPPS(Imm(rel), b, a, k)
		VMOVAPS(yes, k, r)
		return r
	}
	r, mask := v.reg(), v.reg()
	VCMPPS(Imm(rel), b, a, mask)
	VBLENDVPS(mask, yes, no, r)
	return r
}

// loop is one elementwise loop: its operands are []float32 of one length and k, scalars that
// the body reads with scalar.
type loop struct {
	vector
	pointers map[string]Register
	index    Register // in bytes
	scalars  Register
	tail     bool
	lanes32  VecVirtual // AVX2: the tail's mask
	partial  Register   // lanes in the tail
}

// each writes a loop over the named slices, whole vectors first and then one partial vector.
// Partial lanes are read as 0 and not written.
func each(name string, slices []string, scalars bool, body func(*loop)) {
	for _, v := range vectors {
		signature := "func("
		for i, s := range slices {
			if i > 0 {
				signature += ", "
			}
			signature += s
		}
		signature += " []float32"
		if scalars {
			signature += ", k *float32"
		}
		l := newLoop(v, name, signature+")", slices)
		if scalars {
			l.scalars = Load(Param("k"), GP64())
		}
		l.run(body)
		VZEROUPPER()
		RET()
	}
}

func newLoop(v vector, name, signature string, slices []string) *loop {
	TEXT(name+v.name(), NOSPLIT, signature)
	Pragma("noescape")
	l := &loop{vector: v, pointers: map[string]Register{}, index: GP64(), partial: GP64()}
	for _, s := range slices {
		l.pointers[s] = Load(Param(s).Base(), GP64())
	}
	Load(Param(slices[0]).Len(), l.partial)
	XORQ(l.index, l.index)
	return l
}

func (l *loop) run(body func(*loop)) {
	SUBQ(Imm(uint64(l.lanes())), l.partial)
	JL(LabelRef("rest"))
	Label("whole")
	body(l)
	ADDQ(Imm(uint64(l.bytes())), l.index)
	SUBQ(Imm(uint64(l.lanes())), l.partial)
	JGE(LabelRef("whole"))
	Label("rest")
	ADDQ(Imm(uint64(l.lanes())), l.partial)
	JZ(LabelRef("end"))
	l.tail = true
	l.limit()
	body(l)
	Label("end")
}

// limit makes the mask of the partial vector: K1, or lanes32 from a table of ones and zeros.
func (l *loop) limit() {
	if l.wide {
		ones := GP64()
		MOVQ(I32(-1), ones)
		c := GP64()
		MOVQ(l.partial, c)
		NEGQ(c)
		ADDQ(Imm(64), c)
		s := SHRX(c, ones)
		KMOVW(s, K1)
		return
	}
	table, at := GP64(), GP64()
	LEAQ(tailTable(), table)
	MOVQ(l.partial, at)
	NEGQ(at)
	l.lanes32 = YMM()
	VMOVDQU(Mem{Base: table, Index: at, Scale: 4, Disp: 32}, l.lanes32)
}

// SHRX is ones >> c without the fixed count register.
func SHRX(c, ones GPVirtual) Register {
	r := GP64()
	SHRXQ(c, ones, r)
	return r.As32()
}

var tails *Mem

// tailTable is 8 ones and 8 zeros: a window into it is a mask.
func tailTable() Mem {
	if tails == nil {
		m := GLOBL("tailMask", RODATA|NOPTR)
		for i := 0; i < 16; i++ {
			ones := uint32(0)
			if i < 8 {
				ones = 0xffffffff
			}
			DATA(4*i, U32(ones))
		}
		tails = &m
	}
	return *tails
}

func (l *loop) at(slice string) Mem {
	return Mem{Base: l.pointers[slice], Index: l.index, Scale: 1}
}

func (l *loop) load(slice string) VecVirtual {
	r := l.reg()
	switch {
	case !l.tail:
		VMOVUPS(l.at(slice), r)
	case l.wide:
		VMOVUPS_Z(l.at(slice), K1, r)
	default:
		VMASKMOVPS(l.at(slice), l.lanes32, r)
	}
	return r
}

func (l *loop) store(x VecVirtual, slice string) {
	switch {
	case !l.tail:
		VMOVUPS(x, l.at(slice))
	case l.wide:
		VMOVUPS(x, K1, l.at(slice))
	default:
		VMASKMOVPS(x, l.lanes32, l.at(slice))
	}
}

// keep is x with the lanes outside the slices set to 0.
func (l *loop) keep(x VecVirtual) VecVirtual {
	if !l.tail {
		return x
	}
	if !l.wide {
		return l.and(x, l.lanes32)
	}
	r := l.reg()
	VMOVAPS_Z(x, K1, r)
	return r
}

// scalar is every lane = k[i].
func (l *loop) scalar(i int) VecVirtual {
	r := l.reg()
	VBROADCASTSS(Mem{Base: l.scalars, Disp: 4 * i}, r)
	return r
}
