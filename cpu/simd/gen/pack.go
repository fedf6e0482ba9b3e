package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Offsets of package simd's packing structure; TestPackLayout there holds them in place.
const (
	packK    = 0  // steps (rows of the panel)
	packSS   = 8  // bytes from one source row to the next
	packDS   = 16 // bytes from one panel row to the next
	packSrc  = 24
	packDst  = 32
	packMask = 40 // one bit per column of a copied row, or per step of the last block
	packOff  = 48 // transposing: byte offset of each of 16 source rows
	packLane = 176
)

// writePack emits the copies that bring a block of an operand into panel order.
func writePack() {
	packCopy512()
	packTranspose512()
	packCopy256()
	packTranspose256()
}

// packCopy512 copies k rows of up to 32 columns; columns outside the mask become 0.
func packCopy512() {
	TEXT("packCopyAVX512", NOSPLIT, "func(p *byte)")
	Pragma("noescape")
	p := Load(Param("p"), GP64())
	k, ss, ds, src, dst, mask := packRegisters(p)
	far := farRow(ss)
	KMOVW(mask.As32(), K1)
	SHRQ(Imm(16), mask)
	KMOVW(mask.As32(), K2)
	TESTQ(mask, mask)
	JZ(LabelRef("narrow"))
	for _, wide := range []bool{true, false} {
		label := "narrow"
		if wide {
			label = "wide"
		}
		Label(label)
		v, w := ZMM(), ZMM()
		prefetchRow(src, far, wide)
		VMOVUPS_Z(Mem{Base: src}, K1, v)
		VMOVUPS(v, Mem{Base: dst})
		if wide {
			VMOVUPS_Z(Mem{Base: src, Disp: 64}, K2, w)
			VMOVUPS(w, Mem{Base: dst, Disp: 64})
		}
		ADDQ(ss, src)
		ADDQ(ds, dst)
		DECQ(k)
		JNZ(LabelRef(label))
		VZEROUPPER()
		RET()
	}
}

// farRow is the distance to the row that is copied by the call after the next: package simd copies 16 rows
// of each panel in turn, so the processor does not see which comes next.
func farRow(ss GPVirtual) GPVirtual {
	far := GP64()
	MOVQ(ss, far)
	SHLQ(Imm(5), far)
	return far
}

// prefetchRow asks for the cache lines of the far row. It may lie outside the operand: a prefetch
// does not fault.
func prefetchRow(src, far GPVirtual, wide bool) {
	PREFETCHT0(Mem{Base: src, Index: far, Scale: 1})
	if wide {
		PREFETCHT0(Mem{Base: src, Index: far, Scale: 1, Disp: 64})
	}
}

func packRegisters(p Register) (k, ss, ds, src, dst, mask GPVirtual) {
	load := func(disp int) GPVirtual {
		r := GP64()
		MOVQ(Mem{Base: p, Disp: disp}, r)
		return r
	}
	return load(packK), load(packSS), load(packDS), load(packSrc), load(packDst), load(packMask)
}

// packTranspose512 writes dst[p][i] = src[i][p] for 16 source rows i and k steps p, 16 steps at
// a time. The last block may be partial: it reads only the k%16 steps there are and writes 16.
func packTranspose512() {
	TEXT("packTransposeAVX512", NOSPLIT, "func(p *byte)")
	Pragma("noescape")
	p := Load(Param("p"), GP64())
	k, _, ds, src, dst, mask := packRegisters(p)
	ones := GP32()
	MOVL(U32(0xffff), ones)
	KMOVW(ones, K1)
	Label("block")
	CMPQ(k, Imm(16))
	JGE(LabelRef("full"))
	KMOVW(mask.As32(), K1)
	Label("full")
	rows := make([]Op, 16)
	for i := range rows {
		rows[i] = ZMM()
		off := GP64()
		MOVQ(Mem{Base: p, Disp: packOff + 8*i}, off)
		VMOVUPS_Z(Mem{Base: src, Index: off, Scale: 1}, K1, rows[i])
	}
	for _, v := range transpose16(rows) {
		VMOVUPS(v, Mem{Base: dst})
		ADDQ(ds, dst)
	}
	ADDQ(Imm(64), src)
	SUBQ(Imm(16), k)
	JG(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// transpose16 is the 16x16 transpose in four rounds of 16 shuffles: pairs of floats, pairs of
// doubles, then 128-bit lanes twice.
func transpose16(r []Op) []Op {
	r = unpackPairs(r, func() VecVirtual { return ZMM() })
	// r[4g+c] now holds column 4L+c of rows 4g..4g+3 in 128-bit lane L.
	half := make([]Op, 16)
	for c := 0; c < 4; c++ {
		for h := 0; h < 2; h++ {
			lo, hi := ZMM(), ZMM()
			VSHUFF32X4(Imm(0x88), r[8*h+4+c], r[8*h+c], lo) // lanes 0, 2
			VSHUFF32X4(Imm(0xdd), r[8*h+4+c], r[8*h+c], hi) // lanes 1, 3
			half[8*h+c], half[8*h+4+c] = lo, hi
		}
	}
	out := make([]Op, 16)
	for c := 0; c < 4; c++ {
		for odd := 0; odd < 2; odd++ {
			lo, hi := ZMM(), ZMM()
			VSHUFF32X4(Imm(0x88), half[8+4*odd+c], half[4*odd+c], lo)
			VSHUFF32X4(Imm(0xdd), half[8+4*odd+c], half[4*odd+c], hi)
			out[4*odd+c], out[8+4*odd+c] = lo, hi
		}
	}
	return out
}

// unpackPairs transposes each group of four rows within 128-bit lanes.
func unpackPairs(r []Op, vec func() VecVirtual) []Op {
	out := make([]Op, len(r))
	for g := 0; g < len(r); g += 4 {
		t := [4]Op{vec(), vec(), vec(), vec()}
		VUNPCKLPS(r[g+1], r[g], t[0])
		VUNPCKHPS(r[g+1], r[g], t[1])
		VUNPCKLPS(r[g+3], r[g+2], t[2])
		VUNPCKHPS(r[g+3], r[g+2], t[3])
		for i := 0; i < 4; i++ {
			out[g+i] = vec()
		}
		VUNPCKLPD(t[2], t[0], out[g])
		VUNPCKHPD(t[2], t[0], out[g+1])
		VUNPCKLPD(t[3], t[1], out[g+2])
		VUNPCKHPD(t[3], t[1], out[g+3])
	}
	return out
}

// packCopy256 copies k rows of up to 16 columns; columns outside the lanes become 0.
func packCopy256() {
	TEXT("packCopyAVX2", NOSPLIT, "func(p *byte)")
	Pragma("noescape")
	p := Load(Param("p"), GP64())
	k, ss, ds, src, dst, mask := packRegisters(p)
	far := farRow(ss)
	lo, hi := YMM(), YMM()
	VMOVDQU(Mem{Base: p, Disp: packLane}, lo)
	VMOVDQU(Mem{Base: p, Disp: packLane + 32}, hi)
	SHRQ(Imm(8), mask)
	JZ(LabelRef("narrow"))
	for _, wide := range []bool{true, false} {
		label := "narrow"
		if wide {
			label = "wide"
		}
		Label(label)
		v, w := YMM(), YMM()
		prefetchRow(src, far, false)
		VMASKMOVPS(Mem{Base: src}, lo, v)
		VMOVUPS(v, Mem{Base: dst})
		if wide {
			VMASKMOVPS(Mem{Base: src, Disp: 32}, hi, w)
			VMOVUPS(w, Mem{Base: dst, Disp: 32})
		}
		ADDQ(ss, src)
		ADDQ(ds, dst)
		DECQ(k)
		JNZ(LabelRef(label))
		VZEROUPPER()
		RET()
	}
}

// packTranspose256 is packTranspose512 with 8 source rows and 8 steps at a time.
func packTranspose256() {
	TEXT("packTransposeAVX2", NOSPLIT, "func(p *byte)")
	Pragma("noescape")
	p := Load(Param("p"), GP64())
	k, _, ds, src, dst, _ := packRegisters(p)
	lanes := YMM()
	VPCMPEQD(lanes, lanes, lanes)
	Label("block")
	CMPQ(k, Imm(8))
	JGE(LabelRef("full"))
	VMOVDQU(Mem{Base: p, Disp: packLane}, lanes)
	Label("full")
	rows := make([]Op, 8)
	for i := range rows {
		rows[i] = YMM()
		off := GP64()
		MOVQ(Mem{Base: p, Disp: packOff + 8*i}, off)
		VMASKMOVPS(Mem{Base: src, Index: off, Scale: 1}, lanes, rows[i])
	}
	r := unpackPairs(rows, func() VecVirtual { return YMM() })
	for odd := 0; odd < 2; odd++ {
		for c := 0; c < 4; c++ {
			v := YMM()
			VPERM2F128(Imm(uint64(0x20+0x11*odd)), r[4+c], r[c], v)
			VMOVUPS(v, Mem{Base: dst})
			ADDQ(ds, dst)
		}
	}
	ADDQ(Imm(32), src)
	SUBQ(Imm(8), k)
	JG(LabelRef("block"))
	VZEROUPPER()
	RET()
}
