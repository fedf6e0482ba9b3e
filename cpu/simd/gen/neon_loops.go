package main

import (
	"fmt"
	"slices"
	"strings"

	. "github.com/mmcloughlin/avo/operand"
)

// neon is the target arm64. Its loops take 4 elements at a time and the last ones singly, by the same instructions: the
// same bits, wherever an element stands.
type neon struct {
	*writer
	constants []uint32
}

// neonLoops writes a file of loops.
func neonLoops(w *writer, loops func(target)) {
	n := &neon{writer: w}
	loops(n)
	n.writeConstants()
}

// The registers of a loop beside R0, the elements left, and R1 and up, the next element of each slice. The scalars are
// in the last vector registers, the first in V31.
const (
	regLane      = 11 // of a sum: where its next lane is
	regLanes     = 12 // and how many bytes of them are behind
	regScalars   = 13
	regConstants = 14
	regControl   = 15 // of a flushed loop: what FPCR was
)

func (n *neon) each(name string, slices []string, scalars int, body func(loop)) {
	n.begin(name, slices, scalars)
	n.loop(slices, 0, scalars, body)
	n.op("RET")
}

// eachFlushed sets FPCR's bit 24, by which subnormal numbers are 0, and in the end what was there.
func (n *neon) eachFlushed(name string, slices []string, scalars int, body func(loop)) {
	n.begin(name, slices, scalars)
	n.op("MRS FPCR, R%d", regControl)
	n.op("ORR $0x1000000, R%d, R%d", regControl, regControl+1)
	n.op("MSR R%d, FPCR", regControl+1)
	n.loop(slices, 0, scalars, body)
	n.op("MSR R%d, FPCR", regControl)
	n.op("RET")
}

func (n *neon) begin(name string, slices []string, scalars int) {
	signature, size := strings.Join(slices, ", ")+" []float32", 24*len(slices)
	if scalars > 0 {
		signature, size = signature+", k *float32", size+8
	}
	n.text(name+"NEON", signature, size)
	if scalars > 0 {
		n.op("MOVD k+%d(FP), R%d", size-8, regScalars)
	}
}

func (n *neon) sum(name string, slices []string, scalars int, f func(loop) Op, form sumForm) {
	n.text(name+"NEON", "lanes *float64, k *float32, "+strings.Join(slices, ", ")+" []float32", 16+24*len(slices))
	n.op("MOVD lanes+0(FP), R%d", regLane)
	n.op("MOVD $0, R%d", regLanes)
	if scalars > 0 {
		n.op("MOVD k+8(FP), R%d", regScalars)
	}
	n.loop(slices, 16, scalars, func(l loop) { l.operands.(*neonLoop).addLanes(f(l), form) })
	n.op("RET")
}

// loop writes the loop over slices whose parameters begin at that byte.
func (n *neon) loop(slices []string, at, scalars int, body func(loop)) {
	for i, s := range slices {
		n.op("MOVD %s_base+%d(FP), R%d", s, at+24*i, 1+i)
	}
	n.op("MOVD %s_len+%d(FP), R0", slices[0], at+8)
	for i := range scalars {
		n.op("VLD1R.P 4(R%d), [V%d.S4]", regScalars, 31-i)
	}
	record := func(single bool) *neonLoop {
		l := &neonLoop{neon: n, slices: slices, scalars: scalars, single: single}
		body(loop{maths{l}, l})
		return l
	}
	whole, single := record(false), record(true)
	if whole.constant {
		n.op("MOVD $constants<>(SB), R%d", regConstants)
	}
	n.op("SUBS $4, R0, R0")
	n.op("BLT rest")
	n.label("whole")
	whole.write(4)
	n.op("BGE whole")
	n.label("rest")
	n.op("ADDS $4, R0, R0")
	n.op("BEQ end")
	n.label("single")
	single.write(1)
	n.op("BNE single")
	n.label("end")
}

// writeConstants emits the constants of the loops so far, each in all lanes.
func (n *neon) writeConstants() {
	n.code.WriteString("\n")
	for i, b := range n.constants {
		for at := 0; at < 16; at += 4 {
			fmt.Fprintf(&n.code, "DATA constants<>+%d(SB)/4, $0x%08x\n", 16*i+at, b)
		}
	}
	fmt.Fprintf(&n.code, "GLOBL constants<>(SB), RODATA|NOPTR, $%d\n", 16*len(n.constants))
}

// neonLoop records a body: registers are given to its values when all their uses are known.
type neonLoop struct {
	*neon
	slices   []string
	scalars  int
	single   bool
	constant bool // constants are read
	values   int
	code     []neonOp
}

// neonValue is what an instruction made, from 0 on, or the scalar -1-i.
type neonValue int

// Asm makes it one of avo's operands, so that one body serves both targets.
func (v neonValue) Asm() string { return fmt.Sprintf("value %d", int(v)) }

// neonOp is one instruction. write gets the register of the result, if there is one, and those of the operands.
type neonOp struct {
	uses   []neonValue
	def    neonValue
	has    bool // def is there
	isCopy bool
	write  func(d int, u []int)
}

func operandsOf(uses []Op) []neonValue {
	var v []neonValue
	for _, u := range uses {
		v = append(v, u.(neonValue))
	}
	return v
}

// fresh is a new value out of others.
func (l *neonLoop) fresh(write func(d int, u []int), uses ...Op) Op {
	v := neonValue(l.values)
	l.values++
	l.code = append(l.code, neonOp{uses: operandsOf(uses), def: v, has: true, write: write})
	return v
}

// change changes d, which stays the same value.
func (l *neonLoop) change(d Op, write func(d int, u []int), uses ...Op) Op {
	l.code = append(l.code, neonOp{uses: operandsOf(uses), def: d.(neonValue), has: true, write: write})
	return d
}

// write emits the body for a step of that many elements: a value has a register from its making to its last use.
func (l *neonLoop) write(elements int) {
	last := map[neonValue]int{}
	for i, o := range l.code {
		for _, u := range o.uses {
			last[u] = i
		}
		if o.has {
			last[o.def] = i
		}
	}
	at := map[neonValue]int{}
	for i := range l.scalars {
		at[neonValue(-1-i)], last[neonValue(-1-i)] = 31-i, len(l.code)
	}
	taken := make([]bool, 32-l.scalars)
	for i, o := range l.code {
		var u []int
		for _, v := range o.uses {
			u = append(u, at[v])
		}
		for _, v := range o.uses {
			if last[v] == i && v != o.def {
				taken[at[v]] = false
			}
		}
		if _, ok := at[o.def]; o.has && !ok {
			d := slices.Index(taken, false)
			if o.isCopy && last[o.uses[0]] == i {
				d = u[0]
			}
			if d < 0 {
				panic("gen: a loop for arm64 needs more than 32 registers")
			}
			at[o.def], taken[d] = d, true
		}
		if d := at[o.def]; !o.isCopy || d != u[0] {
			o.write(d, u)
		}
		if o.has && last[o.def] == i {
			taken[at[o.def]] = false
		}
	}
	for i := range l.slices {
		l.op("ADD $%d, R%d, R%d", 4*elements, 1+i, 1+i)
	}
	l.op("SUBS $%d, R0, R0", elements)
}

// move loads or stores what a step has of a slice.
func (l *neonLoop) move() string {
	if l.single {
		return "FMOVS"
	}
	return "FMOVQ"
}

func (l *neonLoop) pointer(slice string) int { return 1 + slices.Index(l.slices, slice) }

func (l *neonLoop) load(slice string) Op {
	return l.fresh(func(d int, _ []int) { l.op("%s (R%d), F%d", l.move(), l.pointer(slice), d) })
}

func (l *neonLoop) store(x Op, slice string) {
	l.code = append(l.code, neonOp{uses: operandsOf([]Op{x}), def: none, write: func(_ int, u []int) {
		l.op("%s F%d, (R%d)", l.move(), u[0], l.pointer(slice))
	}})
}

// none is no value.
const none = neonValue(1 << 30)

func (l *neonLoop) scalar(i int) Op { return neonValue(-1 - i) }

// keep has nothing to do: there are no lanes outside the slices but those that addLanes leaves out.
func (l *neonLoop) keep(x Op) Op { return x }

// addLanes adds x, or its squares, to the next lanes of a sum in float64.
func (l *neonLoop) addLanes(x Op, form sumForm) {
	accumulate := func(acc, d int) {
		if form == sumSquare {
			l.vector("FMLA", 0x4e60cc00, acc, d, d)
		} else {
			l.vector("FADD", 0x4e60d400, acc, acc, d)
		}
	}
	low := l.fresh(func(d int, u []int) { l.unary("FCVTL", 0x0e617800, d, u[0]) }, x)
	high := l.fresh(func(d int, u []int) { l.unary("FCVTL2", 0x4e617800, d, u[0]) }, x)
	for i, half := range []Op{low, high} {
		if l.single && i == 1 {
			continue
		}
		move, bytes := "FMOVQ", 16
		if l.single {
			move, bytes = "FMOVD", 8
		}
		acc := l.fresh(func(d int, _ []int) {
			l.op("ADD R%d, R%d, R10", regLanes, regLane)
			l.op("%s (R10), F%d", move, d)
		})
		l.change(acc, func(d int, u []int) {
			accumulate(d, u[0])
			l.op("%s F%d, (R10)", move, d)
			l.op("ADD $%d, R%d, R%d", bytes, regLanes, regLanes)
			l.op("AND $127, R%d, R%d", regLanes, regLanes)
		}, half)
	}
}

func (l *neonLoop) bits(b uint32) Op {
	i := slices.Index(l.constants, b)
	if i < 0 {
		i = len(l.constants)
		l.constants = append(l.constants, b)
	}
	l.constant = true
	return l.fresh(func(d int, _ []int) { l.op("FMOVQ %d(R%d), F%d", 16*i, regConstants, d) })
}

// two is a fresh a op b, one a fresh op a.
func (l *neonLoop) two(name string, opcode uint32, a, b Op) Op {
	return l.fresh(func(d int, u []int) { l.vector(name, opcode, d, u[0], u[1]) }, a, b)
}

func (l *neonLoop) one(name string, opcode uint32, a Op) Op {
	return l.fresh(func(d int, u []int) { l.unary(name, opcode, d, u[0]) }, a)
}

// onto changes acc by n and m.
func (l *neonLoop) onto(acc Op, name string, opcode uint32, n, m Op) Op {
	return l.change(acc, func(d int, u []int) { l.vector(name, opcode, d, u[0], u[1]) }, n, m)
}

func (l *neonLoop) add(a, b Op) Op  { return l.two("FADD", 0x4e20d400, a, b) }
func (l *neonLoop) sub(a, b Op) Op  { return l.two("FSUB", 0x4ea0d400, a, b) }
func (l *neonLoop) mul(a, b Op) Op  { return l.two("FMUL", 0x6e20dc00, a, b) }
func (l *neonLoop) div(a, b Op) Op  { return l.two("FDIV", 0x6e20fc00, a, b) }
func (l *neonLoop) sqrt(a Op) Op    { return l.one("FSQRT", 0x6ea1f800, a) }
func (l *neonLoop) and(a, b Op) Op  { return l.two("AND", 0x4e201c00, a, b) }
func (l *neonLoop) or(a, b Op) Op   { return l.two("ORR", 0x4ea01c00, a, b) }
func (l *neonLoop) xor(a, b Op) Op  { return l.two("EOR", 0x6e201c00, a, b) }
func (l *neonLoop) iadd(a, b Op) Op { return l.two("ADD", 0x4ea08400, a, b) }
func (l *neonLoop) isub(a, b Op) Op { return l.two("SUB", 0x6ea08400, a, b) }
func (l *neonLoop) float(a Op) Op   { return l.one("SCVTF", 0x4e21d800, a) }

// A shift's count is added to 32, or taken from 64 to the right.
func (l *neonLoop) shl(a Op, n uint64) Op { return l.one("SHL", 0x4f005400|(32+uint32(n))<<16, a) }
func (l *neonLoop) shr(a Op, n uint64) Op { return l.one("USHR", 0x6f000400|(64-uint32(n))<<16, a) }
func (l *neonLoop) sar(a Op, n uint64) Op { return l.one("SSHR", 0x4f000400|(64-uint32(n))<<16, a) }

func (l *neonLoop) copy(a Op) Op {
	v := l.fresh(func(d int, u []int) { l.op("VMOV V%d.B16, V%d.B16", u[0], d) }, a)
	l.code[len(l.code)-1].isCopy = true
	return v
}

func (l *neonLoop) fma(a, b, c Op) Op    { return l.onto(l.copy(c), "FMLA", 0x4e20cc00, a, b) }
func (l *neonLoop) fnma(a, b, c Op) Op   { return l.onto(l.copy(c), "FMLS", 0x4ea0cc00, a, b) }
func (l *neonLoop) fms(a, b, c Op) Op    { return l.fma(a, b, l.one("FNEG", 0x6ea0f800, c)) }
func (l *neonLoop) horner(p, z, k Op) Op { return l.fma(p, z, k) }

func (l *neonLoop) greater(a, b Op) Op { return l.two("FCMGT", 0x6ea0e400, a, b) }

// choose is yes where the mask, which is used up, is all ones, otherwise no.
func (l *neonLoop) choose(mask, yes, no Op) Op { return l.onto(mask, "BSL", 0x6e601c00, yes, no) }

// least and most are no FMIN and FMAX: of zeros of both signs they take x, as on amd64.
func (l *neonLoop) least(limit, x Op) Op { return l.choose(l.greater(x, limit), limit, x) }
func (l *neonLoop) most(limit, x Op) Op  { return l.choose(l.greater(limit, x), limit, x) }

func (l *neonLoop) pick(rel relation, a, b, yes, no Op) Op {
	switch rel {
	case lessThan:
		return l.choose(l.greater(b, a), yes, no)
	case greaterThan:
		return l.choose(l.greater(a, b), yes, no)
	case equal:
		return l.choose(l.two("FCMEQ", 0x4e20e400, a, b), yes, no)
	case notAtLeast:
		return l.choose(l.two("FCMGE", 0x6e20e400, a, b), no, yes)
	}
	panic(fmt.Sprintf("gen: no relation %#x", uint64(rel)))
}

func (l *neonLoop) onSign(x, yes, no Op) Op { return l.choose(l.sar(x, 31), yes, no) }

func (l *neonLoop) timesPower(y, _, t Op) Op { return maths{l}.timesHalves(y, t) }
