package main

import "fmt"

// packCopy copies k rows of up to 16 columns; the columns outside the mask, up to 8 or 16, become 0.
func (w *writer) packCopy() {
	w.text("packCopyNEON", "p *byte", 8)
	w.op("MOVD p+0(FP), R0")
	for i, at := range []int{packK, packSS, packDS, packSrc, packDst, packMask} {
		w.op("MOVD %d(R0), R%d", at, 1+i)
	}
	w.op("CLZ R6, R6")
	w.op("MOVD $64, R7")
	w.op("SUB R6, R7, R6 // columns")
	for v := 16; v < 20; v++ {
		w.op("VEOR V%d.B16, V%d.B16, V%d.B16", v, v, v)
	}
	w.op("CMP $8, R6")
	w.op("BGT wide")
	w.copyRows("narrow", 8)
	w.label("wide")
	w.copyRows("wide", 16)
}

// copyRows copies rows of cols columns or, of a number that is not whole, as the bits of it say.
func (w *writer) copyRows(name string, cols int) {
	next := func(label string) {
		w.op("SUBS $1, R1, R1")
		w.op("BNE %s", label)
		w.op("RET")
	}
	w.op("CMP $%d, R6", cols)
	w.op("BNE %sPart", name)
	w.label("%sRow", name)
	w.op("VLD1.P (R4)(R2), %s", list(0, cols/4, "S4"))
	w.op("VST1.P %s, (R5)(R3)", list(0, cols/4, "S4"))
	next(name + "Row")
	w.label("%sPart", name)
	w.op("MOVD R4, R7")
	w.op("MOVD R5, R8")
	w.op("VST1 %s, (R5)", list(16, cols/4, "S4"))
	for _, part := range []struct {
		op         string
		bit, bytes int
	}{{"VLD1", 3, 32}, {"FMOVQ", 2, 16}, {"FMOVD", 1, 8}, {"FMOVS", 0, 4}} {
		end := fmt.Sprintf("%sEnd%d", name, part.bit)
		switch {
		case part.bit == 3 && cols == 8:
			continue
		case part.bit == 3:
			w.op("TBZ $3, R6, %s", end)
			w.op("VLD1.P 32(R7), [V0.S4, V1.S4]")
			w.op("VST1.P [V0.S4, V1.S4], 32(R8)")
		default:
			w.op("TBZ $%d, R6, %s", part.bit, end)
			w.op("%s.P %d(R7), F0", part.op, part.bytes)
			w.op("%s.P F0, %d(R8)", part.op, part.bytes)
		}
		w.label("%s", end)
	}
	w.op("ADD R2, R4, R4")
	w.op("ADD R3, R5, R5")
	next(name + "Part")
}

// packTranspose writes dst[p][i] = src[i][p] for 8 source rows i and k steps p, 4 steps at a time, the last ones singly.
func (w *writer) packTranspose() {
	const rows, first = 8, 8 // the source rows are R8 to R15
	w.text("packTransposeNEON", "p *byte", 8)
	w.op("MOVD p+0(FP), R0")
	for i, at := range []int{packK, packDS, packSrc, packDst} {
		w.op("MOVD %d(R0), R%d", at, 1+i)
	}
	for i := range rows {
		w.op("MOVD %d(R0), R%d", packOff+8*i, first+i)
		w.op("ADD R3, R%d, R%d", first+i, first+i)
	}
	w.op("SUBS $4, R1, R1")
	w.op("BLT rest")
	w.label("block")
	for i := range rows {
		w.op("FMOVQ.P 16(R%d), F%d", first+i, i)
	}
	w.transpose4(0)
	w.transpose4(4)
	for step := range 4 {
		w.op("FSTPQ (F%d, F%d), (R4)", step, 4+step)
		w.op("ADD R2, R4, R4")
	}
	w.op("SUBS $4, R1, R1")
	w.op("BGE block")
	w.label("rest")
	w.op("ADDS $4, R1, R1")
	w.op("BEQ done")
	w.label("single")
	for i := range rows {
		w.op("MOVWU.P 4(R%d), R3", first+i)
		w.op("MOVW R3, %d(R4)", 4*i)
	}
	w.op("ADD R2, R4, R4")
	w.op("SUBS $1, R1, R1")
	w.op("BNE single")
	w.label("done")
	w.op("RET")
}

// transpose4 transposes the 4 x 4 floats in registers v to v+3: what two rounds of interleaving rows two apart do.
func (w *writer) transpose4(v int) {
	const temp = 16
	for half := range 2 {
		for row := range 2 {
			w.op("VZIP%d V%d.S4, V%d.S4, V%d.S4", half+1, v+row+2, v+row, temp+2*half+row)
		}
	}
	for half := range 2 {
		for part := range 2 {
			t := temp + 2*half
			w.op("VZIP%d V%d.S4, V%d.S4, V%d.S4", part+1, t+1, t, v+2*half+part)
		}
	}
}
