package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// writeRandom emits Philox4x32-10 (Salmon et al. 2011) over one block a lane, and what the noise
// contract of package backend makes of its words. No multiply-add is fused here.
func writeRandom(t target) {
	t.noise("philox", func(v maths, w []Op) []Op { return w })
	t.noise("normal", func(v maths, w []Op) []Op {
		n0, n1 := v.boxMuller(w[0], w[1])
		n2, n3 := v.boxMuller(w[2], w[3])
		return []Op{n0, n1, n2, n3}
	})
}

// noise writes groups of as many blocks as there are lanes, 4 words each. counter is the
// first block's; keys are the ten rounds' key pairs.
func (avx) noise(name string, finish func(maths, []Op) []Op) {
	for _, v := range vectors {
		TEXT(name+v.name(), NOSPLIT, "func(dst *uint32, groups int, counter *uint32, keys *uint32)")
		Pragma("noescape")
		dst := Load(Param("dst"), GP64())
		groups := Load(Param("groups"), GP64())
		counter := Load(Param("counter"), GP64())
		keys := Load(Param("keys"), GP64())
		block := v.reg()
		VPBROADCASTD(Mem{Base: counter}, block)
		VPADDD(v.blockOrder(), block, block)
		if v.wide {
			odd := GP32()
			MOVL(U32(0xaaaa), odd)
			KMOVW(odd, K2)
		}
		Label("loop")
		x := []Op{v.copy(block), v.reg(), v.reg(), v.reg()}
		for i := 1; i < 4; i++ {
			VPBROADCASTD(Mem{Base: counter, Disp: 4 * i}, x[i])
		}
		for round := 0; round < 10; round++ {
			x = philoxRound(avxPhilox{v, keys}, x, round)
		}
		for _, w := range unpackPairs(finish(maths{v}, x), v.reg) {
			VMOVUPS(w, Mem{Base: dst})
			ADDQ(Imm(uint64(v.bytes())), dst)
		}
		VPADDD(v.bits(uint32(v.lanes())), block, block)
		DECQ(groups)
		JNZ(LabelRef("loop"))
		VZEROUPPER()
		RET()
	}
}

// blockOrder is which block of the group each lane computes. The transpose at the end works within
// 128-bit lanes and leaves lane 4L+c of the input in part L of output c: this order makes
// the output consecutive.
func (v vector) blockOrder() Mem {
	parts := v.lanes() / 4
	if m, ok := blockOrders[v]; ok {
		return m
	}
	m := GLOBL("blockOrder"+v.name(), RODATA|NOPTR)
	blockOrders[v] = m
	for part := 0; part < parts; part++ {
		for c := 0; c < 4; c++ {
			DATA(4*(4*part+c), U32(uint32(parts*c+part)))
		}
	}
	return m
}

var blockOrders = map[vector]Mem{}

// philox is what a round needs of an instruction set.
type philox interface {
	xor(a, b Op) Op
	mulWide(x Op, m uint32) (hi, lo Op) // the words of x*m in each lane
	key(round, i int) Op
}

func philoxRound(p philox, x []Op, round int) []Op {
	hi0, lo0 := p.mulWide(x[0], 0xD2511F53)
	hi1, lo1 := p.mulWide(x[2], 0xCD9E8D57)
	return []Op{
		p.xor(p.xor(hi1, x[1]), p.key(round, 0)), lo1,
		p.xor(p.xor(hi0, x[3]), p.key(round, 1)), lo0,
	}
}

type avxPhilox struct {
	vector
	keys Register
}

func (v avxPhilox) key(round, i int) Op {
	k := v.reg()
	VPBROADCASTD(Mem{Base: v.keys, Disp: 8*round + 4*i}, k)
	return k
}

func (v vector) mulWide(x Op, m uint32) (hi, lo Op) {
	k := v.bits(m)
	even := v.op3(VPMULUDQ, x, k)
	odd := v.op3(VPMULUDQ, v.shift(VPSRLQ, x, 32), k)
	return v.oddFrom(odd, v.shift(VPSRLQ, even, 32)), v.oddFrom(v.shift(VPSLLQ, odd, 32), even)
}

// oddFrom takes the odd lanes of a and the even lanes of b.
func (v vector) oddFrom(a, b Op) Op {
	if v.wide { // not VPBLENDMD: avo takes its result for an operand too and runs out of registers
		r := v.copy(b)
		VMOVDQA32(a, K2, r)
		return r
	}
	r := v.reg()
	VPBLENDD(Imm(0xaa), a, b, r)
	return r
}

// boxMuller is backend's function of that name: sqrt(-2 ln u) (cos t, sin t).
func (v maths) boxMuller(a, b Op) (Op, Op) {
	u := v.mul(v.float(v.iadd(v.shr(a, 8), v.bits(1))), v.num(0x1p-24))
	r := v.sqrt(v.mul(v.num(-2), v.logUnit(u)))
	f := v.mul(v.float(v.shr(v.shl(b, 2), 8)), v.num(0x1p-24))
	s := v.sinQuarter(f)
	c := v.sinQuarter(v.sub(v.num(1), f))
	// The top two bits of b are the quadrant: odd ones swap sine and cosine, the sine is
	// negative in 2 and 3, the cosine in 1 and 2.
	twice := v.shl(b, 1)
	sine := v.onSign(twice, c, s)
	cosine := v.onSign(twice, s, c)
	sine = v.xor(sine, v.sign(b))
	cosine = v.xor(cosine, v.sign(v.xor(b, twice)))
	return v.mul(r, cosine), v.mul(r, sine)
}

// onSign is yes in lanes whose top bit is set in x, otherwise no.
func (v vector) onSign(x, yes, no Op) Op {
	if v.wide {
		k, r := K(), v.copy(no)
		VPMOVD2M(x, k)
		VMOVAPS(yes, k, r)
		return r
	}
	r := v.reg()
	VBLENDVPS(x, yes, no, r)
	return r
}

// plainHorner is horner with each product rounded before the sum.
func (v maths) plainHorner(x Op, coefficients ...float64) Op {
	p := v.num(coefficients[0])
	for _, c := range coefficients[1:] {
		p = v.add(v.mul(p, x), v.num(c))
	}
	return p
}

func (v maths) sinQuarter(f Op) Op {
	p := v.plainHorner(v.mul(f, f), -3.5988432e-6, 1.6044118e-4, -4.6817541e-3, 7.9692626e-2, -6.4596410e-1, 1.5707963)
	return v.mul(p, f)
}

func (v maths) logUnit(u Op) Op {
	e := v.float(v.isub(v.shr(u, 23), v.bits(127)))
	m := v.or(v.and(u, v.bits(0x7fffff)), v.num(1))
	limit := v.num(1.41421356)
	half := v.mul(m, v.num(0.5))
	next := v.add(e, v.num(1))
	e = v.pick(greaterThan, m, limit, next, e)
	x := v.sub(v.pick(greaterThan, m, limit, half, m), v.num(1))
	z := v.mul(x, x)
	y := v.mul(v.mul(v.plainHorner(x, logCoefficients...), x), z)
	y = v.add(y, v.mul(e, v.num(ln2Low)))
	y = v.add(y, v.mul(v.num(-0.5), z))
	return v.add(v.add(x, y), v.mul(e, v.num(ln2High)))
}
