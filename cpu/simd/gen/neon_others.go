package main

import . "github.com/mmcloughlin/avo/operand"

// others writes the loops that are not elementwise. They take whole vectors only: the caller does the rest.
func (n *neon) others() {
	n.dequantise()
	n.addRows()
	n.longSum("sumNEON", func(acc, d int) { n.vector("FADD", 0x4e60d400, acc, acc, d) })
	n.longSum("sumSquaresNEON", func(acc, d int) { n.vector("FMLA", 0x4e60cc00, acc, d, d) })
}

// dequantise writes dst = float(src) / top.
func (n *neon) dequantise() {
	n.text("dequantiseNEON", "dst []float32, src []uint8, top float32", 52)
	n.op("MOVD dst_base+0(FP), R1")
	n.op("MOVD dst_len+8(FP), R0")
	n.op("MOVD src_base+24(FP), R2")
	n.op("FMOVS top+48(FP), F31")
	n.op("VDUP V31.S[0], V31.S4")
	n.op("SUBS $4, R0, R0")
	n.op("BLT end")
	n.label("loop")
	n.op("FMOVS.P 4(R2), F0")
	n.op("VUSHLL $0, V0.B8, V0.H8")
	n.op("VUSHLL $0, V0.H4, V0.S4")
	n.unary("SCVTF", 0x4e21d800, 0, 0)
	n.vector("FDIV", 0x6e20fc00, 0, 0, 31)
	n.op("FMOVQ.P F0, 16(R1)")
	n.op("SUBS $4, R0, R0")
	n.op("BGE loop")
	n.label("end")
	n.op("RET")
}

// addRows adds the column sums of rows of src to sums[0:cols]. A column is added in order in float32, and its sum to sums
// in float64.
func (n *neon) addRows() {
	n.text("addRowsNEON", "sums *float64, cols int, src *float32, stride int, rows int", 40)
	for i, param := range []string{"sums", "cols", "src", "stride", "rows"} {
		n.op("MOVD %s+%d(FP), R%d", param, 8*i, i)
	}
	n.op("LSL $2, R3, R3")
	for _, vecs := range []int{4, 1} { // side by side, so that additions need not wait for each other
		n.label("columns%d", vecs)
		n.op("CMP $%d, R1", 4*vecs)
		n.op("BLT end%d", vecs)
		n.op("MOVD R2, R5")
		n.op("MOVD R4, R6")
		n.op("VLD1.P (R5)(R3), %s", list(0, vecs, "S4"))
		n.op("B next%d", vecs)
		n.label("row%d", vecs)
		n.op("VLD1.P (R5)(R3), %s", list(4, vecs, "S4"))
		for v := range vecs {
			n.vector("FADD", 0x4e20d400, v, v, 4+v)
		}
		n.label("next%d", vecs)
		n.op("SUBS $1, R6, R6")
		n.op("BNE row%d", vecs)
		for v := range vecs {
			n.unary("FCVTL", 0x0e617800, 16, v)
			n.unary("FCVTL2", 0x4e617800, 17, v)
			n.op("VLD1 (R0), %s", list(18, 2, "D2"))
			n.vector("FADD", 0x4e60d400, 18, 18, 16)
			n.vector("FADD", 0x4e60d400, 19, 19, 17)
			n.op("VST1.P %s, 32(R0)", list(18, 2, "D2"))
		}
		n.op("ADD $%d, R2, R2", 16*vecs)
		n.op("SUB $%d, R1, R1", 4*vecs)
		n.op("B columns%d", vecs)
		n.label("end%d", vecs)
	}
	n.op("RET")
}

// longSum adds groups of 16 elements to the 16 lanes, V0 to V7.
func (n *neon) longSum(name string, accumulate func(acc, d int)) {
	n.text(name, "lanes *float64, x []float32", 32)
	n.op("MOVD lanes+0(FP), R0")
	n.op("MOVD x_base+8(FP), R1")
	n.op("MOVD x_len+16(FP), R2")
	n.op("ADD $64, R0, R3")
	n.op("VLD1 (R0), %s", list(0, 4, "D2"))
	n.op("VLD1 (R3), %s", list(4, 4, "D2"))
	n.op("SUBS $16, R2, R2")
	n.op("BLT end")
	n.label("loop")
	n.op("VLD1.P 64(R1), %s", list(16, 4, "S4"))
	for q := range 4 {
		n.unary("FCVTL", 0x0e617800, 24, 16+q)
		n.unary("FCVTL2", 0x4e617800, 25, 16+q)
		accumulate(2*q, 24)
		accumulate(2*q+1, 25)
	}
	n.op("SUBS $16, R2, R2")
	n.op("BGE loop")
	n.label("end")
	n.op("VST1 %s, (R0)", list(0, 4, "D2"))
	n.op("VST1 %s, (R3)", list(4, 4, "D2"))
	n.op("RET")
}

// neonPhilox is the body of noise: V31 has the blocks' numbers, V30 to V28 the rest of the counter, V24 to V27 the
// words to store. R10 walks over the keys.
type neonPhilox struct{ *neonLoop }

func (l neonPhilox) key(_, _ int) Op {
	return l.fresh(func(d int, _ []int) { l.op("VLD1R.P 4(R10), [V%d.S4]", d) })
}

func (l neonPhilox) mulWide(x Op, m uint32) (hi, lo Op) {
	k := l.bits(m)
	low, high := l.two("UMULL", 0x2ea0c000, x, k), l.two("UMULL2", 0x6ea0c000, x, k)
	return l.two("UZP2", 0x4e805800, low, high), l.two("UZP1", 0x4e801800, low, high)
}

// noise writes groups of 4 blocks, one a lane.
func (n *neon) noise(name string, finish func(maths, []Op) []Op) {
	n.text(name+"NEON", "dst *uint32, groups int, counter *uint32, keys *uint32", 32)
	for i, param := range []string{"dst", "groups", "counter", "keys"} {
		n.op("MOVD %s+%d(FP), R%d", param, 8*i, []int{1, 0, 2, 3}[i])
	}
	n.op("MOVD $constants<>(SB), R%d", regConstants)
	for i := range 4 {
		n.op("VLD1R.P 4(R2), [V%d.S4]", 31-i)
	}
	n.op("VEOR V0.B16, V0.B16, V0.B16")
	for i := 1; i < 4; i++ {
		n.op("MOVD $%d, R2", i)
		n.op("VMOV R2, V0.S[%d]", i)
	}
	n.op("VADD V0.S4, V31.S4, V31.S4")
	l := &neonLoop{neon: n, scalars: 8}
	x := []Op{l.scalar(0), l.scalar(1), l.scalar(2), l.scalar(3)}
	for round := range 10 {
		x = philoxRound(neonPhilox{l}, x, round)
	}
	for i, w := range finish(maths{l}, x) {
		l.change(l.scalar(7-i), func(d int, u []int) { n.op("VMOV V%d.B16, V%d.B16", u[0], d) }, w)
	}
	l.onto(l.scalar(0), "ADD", 0x4ea08400, l.scalar(0), l.bits(4))
	n.label("loop")
	n.op("MOVD R3, R10")
	l.write(1)
	n.op("VST4.P %s, 64(R1)", list(24, 4, "S4"))
	n.op("BNE loop")
	n.op("RET")
}
