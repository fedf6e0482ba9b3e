package main

import "fmt"

// The registers of a micro-kernel beside R0, the tile. A "vector" is a pair of registers, 8 columns.
const (
	regK, regAS, regBS, regB = 1, 2, 3, 4
	regC, regLDC, regWidth   = 5, 6, 7
	regA                     = 8 // to 13: a row each, or only the first
	regAt, regTemp           = 14, 15
	vecB                     = 24 // to 27; then alpha and beta
	vecA                     = 28 // to 31
	maxRows                  = 6  // 6 x 16 sums fill V0 to V23
)

// neonGemm emits the copies of operands and every micro-kernel C[rows x cols] = alpha*A*B + beta*C, in both forms.
func neonGemm(w *writer) {
	for _, f := range []form{byStep, byRow} {
		for vecs := 1; vecs <= 2; vecs++ {
			for rows := 1; rows <= maxRows; rows++ {
				w.microKernel(f, rows, vecs)
			}
		}
	}
	w.packCopy()
	w.packTranspose()
}

// microKernel keeps the whole tile of C in registers while it runs over k in order, one fused multiply-add per element
// and step, and ends as the kernels for amd64 do: every kernel gives an element the same bits. k is at least 1.
func (w *writer) microKernel(f form, rows, vecs int) {
	w.text(fmt.Sprintf("gemmNEON%s%dx%d", f, rows, vecs), "t *byte", 8)
	w.op("MOVD t+0(FP), R0")
	w.op("MOVD %d(R0), R%d", tileK, regK)
	w.op("MOVD %d(R0), R%d", tileAS, regAS)
	w.op("MOVD %d(R0), R%d", tileBS, regBS)
	w.op("MOVD %d(R0), R%d", tileA, regA)
	w.op("MOVD %d(R0), R%d", tileB, regB)
	if f == byRow {
		for r := 1; r < rows; r++ {
			w.op("ADD R%d, R%d, R%d", regAS, regA+r-1, regA+r)
		}
	}
	quads := 2 * vecs
	for v := range rows * quads {
		w.op("VEOR V%d.B16, V%d.B16, V%d.B16", v, v, v)
	}
	w.label("loop")
	w.op("VLD1.P (R%d)(R%d), %s", regB, regBS, list(vecB, quads, "S4"))
	var a []element
	if f == byStep {
		a = w.loadFloats(regA, rows, vecA)
		w.op("ADD R%d, R%d, R%d", regAS, regA, regA)
	}
	for r := range rows {
		if f == byRow {
			a = append(a, element{vecA + r%4, 0})
			w.op("FMOVS.P 4(R%d), F%d", regA+r, a[r].v)
		}
		for q := range quads {
			w.fmla(r*quads+q, vecB+q, a[r].v, a[r].lane)
		}
	}
	w.op("SUBS $1, R%d, R%d", regK, regK)
	w.op("BNE loop")
	w.finishTile(rows, vecs)
}

// finishTile scales the sums by alpha and stores them, reading C only if beta is not 0.
func (w *writer) finishTile(rows, vecs int) {
	w.op("FMOVD %d(R0), F%d", tileAlpha, vecB)
	for v := range 2 * vecs * rows {
		w.fmul(v, v, vecB, 0)
	}
	w.op("MOVD %d(R0), R%d", tileC, regC)
	w.op("MOVD %d(R0), R%d", tileLDC, regLDC)
	w.op("MOVD %d(R0), R%d", tileMask, regTemp)
	w.op("CLZ R%d, R%d", regTemp, regTemp)
	w.op("MOVD $64, R%d", regWidth)
	w.op("SUB R%d, R%d, R%d", regTemp, regWidth, regWidth)
	w.op("MOVWU %d(R0), R%d", tileBeta, regTemp)
	w.op("LSLW $1, R%d, R%d // drops the sign: -0 is 0 too", regTemp, regTemp)
	w.op("CBZW R%d, write", regTemp)
	w.storeTile(rows, vecs, "add")
	w.label("write")
	w.storeTile(rows, vecs, "write")
}

// storeTile stores the sums, plus beta*C if form is "add".
func (w *writer) storeTile(rows, vecs int, form string) {
	w.op("CMP $8, R%d", regWidth)
	w.op("BNE %sPart", form)
	for r := range rows {
		for v := range vecs {
			w.storeWhole(2*(r*vecs+v), 32*v, form)
		}
		w.op("ADD R%d, R%d, R%d", regLDC, regC, regC)
	}
	w.op("RET")
	w.label("%sPart", form)
	for r := range rows {
		for v := range vecs - 1 {
			w.storeWhole(2*(r*vecs+v), 32*v, form)
		}
		w.op("ADD $%d, R%d, R%d", 32*(vecs-1), regC, regAt)
		w.storePart(2*(r*vecs+vecs-1), r, form)
		w.op("ADD R%d, R%d, R%d", regLDC, regC, regC)
	}
	w.op("RET")
}

// storeWhole stores the 8 columns in registers v and v+1.
func (w *writer) storeWhole(v, at int, form string) {
	if form == "add" {
		w.op("FLDPQ %d(R%d), (F%d, F%d)", at, regC, vecA, vecA+1)
		w.fmla(v, vecA, vecB, 1)
		w.fmla(v+1, vecA+1, vecB, 1)
	}
	w.op("FSTPQ (F%d, F%d), %d(R%d)", v, v+1, at, regC)
}

// storePart stores the first 1 to 7 columns in registers v and v+1: 4, 2 and 1 as the bits of their number say. After
// each part the columns that are left move to the front of v.
func (w *writer) storePart(v, row int, form string) {
	for _, part := range []struct {
		op         string
		bit, bytes int
		left       string
	}{
		{"FMOVQ", 2, 16, fmt.Sprintf("VMOV V%d.B16, V%d.B16", v+1, vecA+1)},
		{"FMOVD", 1, 8, fmt.Sprintf("VDUP V%d.D[1], V%d.D2", v, vecA+1)},
		{"FMOVS", 0, 4, ""},
	} {
		end := fmt.Sprintf("%s%dend%d", form, row, part.bit)
		w.op("TBZ $%d, R%d, %s", part.bit, regWidth, end)
		if part.left != "" {
			w.op("%s", part.left)
		}
		if form == "add" {
			w.op("%s (R%d), F%d", part.op, regAt, vecA)
			w.fmla(v, vecA, vecB, 1)
		}
		w.op("%s.P F%d, %d(R%d)", part.op, v, part.bytes, regAt)
		if part.left != "" {
			w.op("VMOV V%d.B16, V%d.B16", vecA+1, v)
		}
		w.label("%s", end)
	}
}
