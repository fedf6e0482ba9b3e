package plan

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
)

// Product is C = op(A) op(B), row-major, added to C with Accumulate, and its
// epilogue. TransA and TransB say which operand is stored transposed.
type Product struct {
	C, A, B        Matrix
	TransA, TransB bool
	Accumulate     bool
	Precision      Precision
	Epilogue       Epilogue
	Bias           kernels.Pointer // what the epilogue adds or writes
	Mask           kernels.Pointer // what it writes or applies
	MaskLD         int             // in bits
}

// Matrix is an operand of a product, or its result, in float32 or bfloat16.
type Matrix struct {
	At         kernels.Pointer
	Rows, Cols int
	LD         int // elements from row to row
	Half       bool
}

// Epilogue is what happens to a product before it is stored: parts that combine.
type Epilogue uint8

// The parts of an epilogue.
const (
	Bias      Epilogue = 1 << iota // C + a row, which is of C's type
	ReLU                           // max(C, 0)
	WriteMask                      // ReLU leaves a bit an element
	ApplyMask                      // C is 0 where the bit is clear
	SumA                           // the column sums of the first operand, as it is stored, are written beside
	SumB                           // those of the second
)

var epilogueNames = []string{"bias", "relu", "mask", "drelu", "suma", "sumb"}

// String is the parts, as bias+relu; plain has none.
func (e Epilogue) String() string {
	s := ""
	for i, n := range epilogueNames {
		if e>>i&1 == 1 {
			if s != "" {
				s += "+"
			}
			s += n
		}
	}
	if s == "" {
		return "plain"
	}
	return s
}

// Plain products are those that nothing can stand in for.
func (q *Product) Plain() bool { return q.Epilogue == 0 && !q.C.Half }

// product is one of c = op(a) op(b) with the plain epilogue. The order in which the
// operands get their copies is that of the arguments.
func (p *planner) product(c, a, b backend.Tensor) Product {
	return Product{C: Matrix{At: kernels.Pointer(at(c)), Rows: c.Rows, Cols: c.Cols, LD: c.Cols}, A: p.matrix(a), B: p.matrix(b), Precision: p.Precision}
}

// refuses reports whether the library has no such product.
func (p *planner) refuses(q Product) bool {
	return !q.Plain() && p.Refused != nil && p.Refused(q)
}

// multiply adds the product, unless the library refuses it.
func (p *planner) multiply(q Product) bool {
	if p.refuses(q) {
		return false
	}
	p.put(Item{Product: &q})
	return true
}

// inHalf is q with its result c in bfloat16.
func (p *planner) inHalf(q Product, c backend.Tensor) (Product, *half) {
	h := p.halfOf(c)
	q.C.At, q.C.LD, q.C.Half = kernels.Pointer{Base: h.at}, HalfLD(c), true
	return q, h
}

// multiplyHalf is multiply of a product to c, in bfloat16 alone where want says that
// this is enough and the library has it.
func (p *planner) multiplyHalf(q Product, c backend.Tensor, want demand) bool {
	if want.halfOnly() && p.Precision == BF16 {
		if rounded, h := p.inHalf(q, c); p.multiply(rounded) {
			h.written(true)
			return true
		}
	}
	return p.multiply(q)
}
