package main

import (
	"fmt"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// avx is the target amd64.
type avx struct{}

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
func (v vector) bits(b uint32) Op {
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

// op3 applies an instruction r = a op b; Go's operand order is reversed.
func (v vector) op3(f func(...Op), a, b Op) Op {
	r := v.reg()
	f(b, a, r)
	return r
}

func (v vector) add(a, b Op) Op { return v.op3(VADDPS, a, b) }
func (v vector) sub(a, b Op) Op { return v.op3(VSUBPS, a, b) }
func (v vector) mul(a, b Op) Op { return v.op3(VMULPS, a, b) }
func (v vector) div(a, b Op) Op { return v.op3(VDIVPS, a, b) }
func (v vector) and(a, b Op) Op { return v.op3(VANDPS, a, b) }
func (v vector) xor(a, b Op) Op { return v.op3(VXORPS, a, b) }
func (v vector) or(a, b Op) Op  { return v.op3(VORPS, a, b) }

// least and most take the limit first: a NaN in x comes through.
func (v vector) least(limit, x Op) Op { return v.op3(VMINPS, limit, x) }
func (v vector) most(limit, x Op) Op  { return v.op3(VMAXPS, limit, x) }

func (v vector) iadd(a, b Op) Op { return v.op3(VPADDD, a, b) }
func (v vector) isub(a, b Op) Op { return v.op3(VPSUBD, a, b) }

func (v vector) shift(f func(...Op), a Op, n uint64) Op {
	r := v.reg()
	f(Imm(n), a, r)
	return r
}

func (v vector) shl(a Op, n uint64) Op { return v.shift(VPSLLD, a, n) }
func (v vector) shr(a Op, n uint64) Op { return v.shift(VPSRLD, a, n) }
func (v vector) sar(a Op, n uint64) Op { return v.shift(VPSRAD, a, n) }

func (v vector) sqrt(a Op) Op {
	r := v.reg()
	VSQRTPS(a, r)
	return r
}

// float converts int32 lanes.
func (v vector) float(a Op) Op {
	r := v.reg()
	VCVTDQ2PS(a, r)
	return r
}

func (v vector) copy(a Op) Op {
	r := v.reg()
	VMOVAPS(a, r)
	return r
}

// fma is a*b + c with one rounding.
func (v vector) fma(a, b, c Op) Op {
	r := v.copy(c)
	VFMADD231PS(b, a, r)
	return r
}

// fnma is c - a*b with one rounding.
func (v vector) fnma(a, b, c Op) Op {
	r := v.copy(c)
	VFNMADD231PS(b, a, r)
	return r
}

// horner is p*z + k with one rounding, in p's register.
func (v vector) horner(p, z, k Op) Op {
	VFMADD213PS(k, z, p)
	return p
}

// fms is a*b - c with one rounding.
func (v vector) fms(a, b, c Op) Op {
	r := v.copy(c)
	VFMSUB231PS(b, a, r)
	return r
}

// timesPower is y * 2^n of reduce's n and t.
func (v vector) timesPower(y, n, t Op) Op {
	if v.wide {
		VSCALEFPS(n, y, y)
		return y
	}
	return maths{v}.timesHalves(y, t)
}

// pick is yes where a rel b, otherwise no.
func (v vector) pick(rel relation, a, b, yes, no Op) Op {
	if v.wide {
		k, r := K(), v.copy(no)
		VCMPPS(Imm(uint64(rel)), b, a, k)
		VMOVAPS(yes, k, r)
		return r
	}
	r, mask := v.reg(), v.reg()
	VCMPPS(Imm(uint64(rel)), b, a, mask)
	VBLENDVPS(mask, yes, no, r)
	return r
}

// avxLoop is a loop's body for amd64.
type avxLoop struct {
	vector
	pointers map[string]Register
	index    Register // in bytes
	scalars  Register
	tail     bool
	lanes32  VecVirtual // AVX2: the tail's mask
	partial  Register   // lanes in the tail
}

// each writes whole vectors first and then one partial vector, whose other lanes are read as 0 and not written.
func (a avx) each(name string, slices []string, scalars int, body func(loop)) {
	a.loops(name, slices, scalars, false, body)
}

func (a avx) eachFlushed(name string, slices []string, scalars int, body func(loop)) {
	a.loops(name, slices, scalars, true, body)
}

func (avx) loops(name string, slices []string, scalars int, flushed bool, body func(loop)) {
	for _, v := range vectors {
		signature := "func(" + strings.Join(slices, ", ") + " []float32"
		if scalars > 0 {
			signature += ", k *float32"
		}
		l := newLoop(v, name, signature+")", slices)
		if scalars > 0 {
			l.scalars = Load(Param("k"), GP64())
		}
		restore := func() {}
		if flushed {
			restore = flush()
		}
		l.run(func() { body(loop{maths{l}, l}) })
		restore()
		VZEROUPPER()
		RET()
	}
}

// flush sets MXCSR's bits by which subnormal operands (6) and results (15) are 0; restore sets what was there.
func flush() (restore func()) {
	before, with, r := AllocLocal(4), AllocLocal(4), GP32()
	STMXCSR(before)
	MOVL(before, r)
	ORL(U32(1<<6|1<<15), r)
	MOVL(r, with)
	LDMXCSR(with)
	return func() { LDMXCSR(before) }
}

func newLoop(v vector, name, signature string, slices []string) *avxLoop {
	TEXT(name+v.name(), NOSPLIT, signature)
	Pragma("noescape")
	l := &avxLoop{vector: v, pointers: map[string]Register{}, index: GP64(), partial: GP64()}
	for _, s := range slices {
		l.pointers[s] = Load(Param(s).Base(), GP64())
	}
	Load(Param(slices[0]).Len(), l.partial)
	XORQ(l.index, l.index)
	return l
}

func (l *avxLoop) run(body func()) {
	SUBQ(Imm(uint64(l.lanes())), l.partial)
	JL(LabelRef("rest"))
	Label("whole")
	body()
	ADDQ(Imm(uint64(l.bytes())), l.index)
	SUBQ(Imm(uint64(l.lanes())), l.partial)
	JGE(LabelRef("whole"))
	Label("rest")
	ADDQ(Imm(uint64(l.lanes())), l.partial)
	JZ(LabelRef("end"))
	l.tail = true
	l.limit()
	body()
	Label("end")
}

// limit makes the mask of the partial vector: K1, or lanes32 from a table of ones and zeros.
func (l *avxLoop) limit() {
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

func (l *avxLoop) at(slice string) Mem {
	return Mem{Base: l.pointers[slice], Index: l.index, Scale: 1}
}

func (l *avxLoop) load(slice string) Op {
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

func (l *avxLoop) store(x Op, slice string) {
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
func (l *avxLoop) keep(x Op) Op {
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
func (l *avxLoop) scalar(i int) Op {
	r := l.reg()
	VBROADCASTSS(Mem{Base: l.scalars, Disp: 4 * i}, r)
	return r
}
