package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Offsets of package simd's tile structure; TestTileLayout there holds them in place.
const (
	tileK     = 0
	tileAS    = 8
	tileBS    = 16
	tileLDC   = 24
	tileA     = 32
	tileB     = 40
	tileC     = 48
	tileAlpha = 56
	tileBeta  = 60
	tileMask  = 64 // AVX-512: one bit per column of the last vector
	tileLanes = 72 // AVX2: one int32 per column of the last vector
)

// form says how a kernel walks A.
type form string

const (
	// byStep: element (i, p) is at p*as + 4*i: a packed panel, or a transposed A read in place.
	byStep form = "K"
	// byRow: element (i, p) is at i*as + 4*p: a row-major A read in place.
	byRow form = "R"
)

// writeGemm emits every micro-kernel C[rows x cols] = alpha*A*B + beta*C.
func writeGemm() {
	for _, f := range []form{byStep, byRow} {
		for vecs := 1; vecs <= 2; vecs++ {
			for rows := 1; rows <= 14; rows++ {
				microKernel(avx512{}, f, rows, vecs)
			}
		}
	}
	for _, f := range []form{byStep, byRow} {
		for vecs := 1; vecs <= 2; vecs++ {
			for rows := 1; rows <= 6; rows++ {
				microKernel(&avx2{}, f, rows, vecs)
			}
		}
	}
}

// isa is what the two instruction sets do differently.
type isa interface {
	name() string
	bytes() int // of one vector
	vec() VecVirtual
	zero(v VecVirtual)
	loadMask(tile Register)
	loadLast(m Mem, v VecVirtual)  // zeroes the lanes outside the mask
	storeLast(v VecVirtual, m Mem) // leaves memory outside the mask alone
	cheapMaskedStore() bool
}

type avx512 struct{}

func (avx512) name() string        { return "AVX512" }
func (avx512) bytes() int          { return 64 }
func (avx512) vec() VecVirtual     { return ZMM() }
func (avx512) zero(v VecVirtual)   { VPXORD(v, v, v) }
func (avx512) loadMask(t Register) { KMOVW(Mem{Base: t, Disp: tileMask}, K1) }
func (avx512) loadLast(m Mem, v VecVirtual) {
	VMOVUPS_Z(m, K1, v)
}
func (avx512) storeLast(v VecVirtual, m Mem) { VMOVUPS(v, K1, m) }

func (avx512) cheapMaskedStore() bool { return true }

// cheapMaskedStore is false: VMASKMOVPS to memory takes some 20 micro-operations on AMD's Zen.
func (*avx2) cheapMaskedStore() bool { return false }

type avx2 struct{ mask VecVirtual }

func (*avx2) name() string      { return "AVX2" }
func (*avx2) bytes() int        { return 32 }
func (*avx2) vec() VecVirtual   { return YMM() }
func (*avx2) zero(v VecVirtual) { VXORPS(v, v, v) }
func (s *avx2) loadMask(t Register) {
	s.mask = YMM()
	VMOVDQU(Mem{Base: t, Disp: tileLanes}, s.mask)
}
func (s *avx2) loadLast(m Mem, v VecVirtual)  { VMASKMOVPS(m, s.mask, v) }
func (s *avx2) storeLast(v VecVirtual, m Mem) { VMASKMOVPS(v, s.mask, m) }

// microKernel keeps the whole tile of C in registers while it runs over k in order, one fused
// multiply-add per element and step: every kernel gives an element the same bits.
func microKernel(s isa, f form, rows, vecs int) {
	name := fmt.Sprintf("gemm%s%s%dx%d", s.name(), f, rows, vecs)
	TEXT(name, NOSPLIT, "func(t *byte)")
	Pragma("noescape")
	t := Load(Param("t"), GP64())
	k, as, bs := GP64(), GP64(), GP64()
	b := GP64()
	MOVQ(Mem{Base: t, Disp: tileK}, k)
	MOVQ(Mem{Base: t, Disp: tileAS}, as)
	MOVQ(Mem{Base: t, Disp: tileBS}, bs)
	MOVQ(Mem{Base: t, Disp: tileB}, b)
	a := newWalk(f, rows, t, as)
	s.loadMask(t)
	prefetchTile(s, t, rows, vecs)

	acc := accumulators(s, rows, vecs)

	const unroll = 4
	quads := GP64()
	MOVQ(k, quads)
	SHRQ(Imm(2), quads)
	JZ(LabelRef("tail"))
	bs3 := GP64()
	LEAQ(Mem{Base: bs, Index: bs, Scale: 2}, bs3)
	Label("loop")
	for u := 0; u < unroll; u++ {
		gemmStep(s, a, acc, u, strided(b, bs, bs3, u))
	}
	a.advance(unroll)
	LEAQ(Mem{Base: b, Index: bs, Scale: 4}, b)
	DECQ(quads)
	JNZ(LabelRef("loop"))

	Label("tail")
	ANDQ(Imm(unroll-1), k)
	JZ(LabelRef("finish"))
	Label("single")
	gemmStep(s, a, acc, 0, Mem{Base: b})
	a.advance(1)
	ADDQ(bs, b)
	DECQ(k)
	JNZ(LabelRef("single"))

	Label("finish")
	finishTile(s, t, acc)
}

// accumulators are a tile of zeros, in registers.
func accumulators(s isa, rows, vecs int) [][]VecVirtual {
	acc := make([][]VecVirtual, rows)
	for r := range acc {
		for v := 0; v < vecs; v++ {
			acc[r] = append(acc[r], s.vec())
			s.zero(acc[r][v])
		}
	}
	return acc
}

// gemmStep adds column u of A's current step times the row of B at bAt.
func gemmStep(s isa, a *walk, acc [][]VecVirtual, u int, bAt Mem) {
	bv := make([]VecVirtual, len(acc[0]))
	for v := range bv {
		bv[v] = s.vec()
		if v == len(bv)-1 {
			s.loadLast(bAt.Offset(v*s.bytes()), bv[v])
		} else {
			VMOVUPS(bAt.Offset(v*s.bytes()), bv[v])
		}
	}
	for r := range acc {
		x := s.vec()
		VBROADCASTSS(a.at(r, u), x)
		for v := range bv {
			VFMADD231PS(bv[v], x, acc[r][v])
		}
	}
}

// prefetchTile asks for the tile of C, which is wanted when the sums are done.
func prefetchTile(s isa, t Register, rows, vecs int) {
	c, ldc := GP64(), GP64()
	MOVQ(Mem{Base: t, Disp: tileC}, c)
	MOVQ(Mem{Base: t, Disp: tileLDC}, ldc)
	for r := 0; r < rows; r++ {
		for at := 0; at < vecs*s.bytes(); at += 64 {
			PREFETCHT0(Mem{Base: c, Disp: at})
		}
		if r+1 < rows {
			ADDQ(ldc, c)
		}
	}
}

// finishTile scales the accumulators by alpha and stores them, reading C only if beta is not 0.
func finishTile(s isa, t Register, acc [][]VecVirtual) {
	c, ldc, betaBits := GP64(), GP64(), GP32()
	MOVQ(Mem{Base: t, Disp: tileC}, c)
	MOVQ(Mem{Base: t, Disp: tileLDC}, ldc)
	alpha := s.vec()
	VBROADCASTSS(Mem{Base: t, Disp: tileAlpha}, alpha)
	for r := range acc {
		for v := range acc[r] {
			VMULPS(acc[r][v], alpha, acc[r][v])
		}
	}
	MOVL(Mem{Base: t, Disp: tileBeta}, betaBits)
	SHLL(Imm(1), betaBits) // drops the sign: -0 is 0 too
	JZ(LabelRef("store"))
	beta := s.vec()
	VBROADCASTSS(Mem{Base: t, Disp: tileBeta}, beta)
	from := GP64()
	MOVQ(c, from)
	for r := range acc {
		for v := range acc[r] {
			old := s.vec()
			m := Mem{Base: from, Disp: v * s.bytes()}
			if v == len(acc[r])-1 {
				s.loadLast(m, old)
			} else {
				VMOVUPS(m, old)
			}
			VFMADD231PS(old, beta, acc[r][v])
		}
		ADDQ(ldc, from)
	}
	Label("store")
	if !s.cheapMaskedStore() {
		lanes := GP64()
		MOVQ(Mem{Base: t, Disp: tileMask}, lanes)
		CMPQ(lanes, Imm(1<<(s.bytes()/4)-1))
		JNE(LabelRef("storePart"))
		storeTile(s, c, ldc, acc, false)
		VZEROUPPER()
		RET()
		Label("storePart")
	}
	storeTile(s, c, ldc, acc, true)
	VZEROUPPER()
	RET()
}

func storeTile(s isa, c, ldc GPVirtual, acc [][]VecVirtual, masked bool) {
	for r := range acc {
		for v := range acc[r] {
			m := Mem{Base: c, Disp: v * s.bytes()}
			if masked && v == len(acc[r])-1 {
				s.storeLast(acc[r][v], m)
			} else {
				VMOVUPS(acc[r][v], m)
			}
		}
		if r+1 < len(acc) {
			ADDQ(ldc, c)
		}
	}
}

// strided is the address base + u*stride for u in 0..3.
func strided(base, stride, stride3 Register, u int) Mem {
	switch u {
	case 0:
		return Mem{Base: base}
	case 3:
		return Mem{Base: base, Index: stride3, Scale: 1}
	}
	return Mem{Base: base, Index: stride, Scale: uint8(u)}
}

// walk gives the address of A's elements in either form.
type walk struct {
	f                     form
	lo, hi                Register // hi is row 7, for more than 7 rows by row
	stride, three, fiveth Register
}

func newWalk(f form, rows int, t, as Register) *walk {
	w := &walk{f: f, lo: GP64(), stride: as}
	MOVQ(Mem{Base: t, Disp: tileA}, w.lo)
	if f == byStep || rows > 3 {
		w.three = GP64()
		LEAQ(Mem{Base: as, Index: as, Scale: 2}, w.three)
	}
	if f == byRow && rows > 5 {
		w.fiveth = GP64()
		LEAQ(Mem{Base: as, Index: as, Scale: 4}, w.fiveth)
	}
	if f == byRow && rows > 7 {
		w.hi = GP64()
		LEAQ(Mem{Base: w.lo, Index: w.three, Scale: 2}, w.hi)
		ADDQ(as, w.hi)
	}
	return w
}

// at is element (r, u) of the current step.
func (w *walk) at(r, u int) Mem {
	if w.f == byStep {
		return strided(w.lo, w.stride, w.three, u).Offset(4 * r)
	}
	base := w.lo
	if r >= 7 {
		base, r = w.hi, r-7
	}
	m := Mem{Base: base, Disp: 4 * u, Scale: 1}
	switch r {
	case 0:
		m.Scale = 0
	case 1, 2, 4:
		m.Index, m.Scale = w.stride, uint8(r)
	case 3, 6:
		m.Index, m.Scale = w.three, uint8(r/3)
	case 5:
		m.Index = w.fiveth
	}
	return m
}

func (w *walk) advance(steps int) {
	if w.f == byRow {
		ADDQ(Imm(uint64(4*steps)), w.lo)
		if w.hi != nil {
			ADDQ(Imm(uint64(4*steps)), w.hi)
		}
		return
	}
	if steps == 1 {
		ADDQ(w.stride, w.lo)
		return
	}
	LEAQ(Mem{Base: w.lo, Index: w.stride, Scale: 4}, w.lo)
}
