package plan

import (
	"fmt"
	"strings"

	"github.com/aegpu/aegpu/kernels"
)

// String is the plan as text: a line a launch, and what it keeps and leaves.
func (p *Plan) String() string {
	var b strings.Builder
	for _, i := range p.Items {
		for _, s := range i.Joins {
			fmt.Fprintf(&b, "wait for %v\n", s)
		}
		for _, s := range i.After {
			fmt.Fprintf(&b, "[%v] wait for %v\n", i.Stream, s)
		}
		if i.Stream != First {
			fmt.Fprintf(&b, "[%v] ", i.Stream)
		}
		fmt.Fprintf(&b, "%v\n", i)
	}
	for _, s := range p.Joins {
		fmt.Fprintf(&b, "wait for %v\n", s)
	}
	for _, s := range p.Copies {
		fmt.Fprintf(&b, "needs %v, kept %t\n", s.At, s.Kept)
	}
	for _, t := range p.HalfOnly {
		fmt.Fprintf(&b, "leaves %s in bfloat16\n", Name(t.Of))
	}
	return b.String()
}

// String is the launch: a kernel with its grid and arguments, a product, a sum over
// the ranks, a copy or a fill.
func (i Item) String() string {
	switch {
	case i.Product != nil:
		return i.Product.String()
	case i.Kernel != nil:
		return fmt.Sprintf("%s<%d>", kernels.Describe(i.Kernel), i.Grid)
	case i.Reduce != nil:
		return fmt.Sprintf("sum %s over the ranks, %d elements", place(i.Reduce.At), i.Reduce.Count)
	case i.Move.From == (kernels.Pointer{}):
		return fmt.Sprintf("fill %s with 0, %d bytes", place(i.Move.To), i.Move.Bytes)
	}
	return fmt.Sprintf("copy %s to %s, %d bytes", place(i.Move.From), place(i.Move.To), i.Move.Bytes)
}

// Short is the launch by its name alone.
func (i Item) Short() string {
	switch {
	case i.Product != nil:
		return fmt.Sprintf("product %dx%dx%d %v", i.Product.C.Rows, i.Product.C.Cols, i.Product.Inner(), i.Product.Epilogue)
	case i.Kernel != nil:
		return i.Kernel.Kernel().Name
	case i.Reduce != nil:
		return fmt.Sprintf("sum over the ranks of %d", i.Reduce.Count)
	case i.Move.From == (kernels.Pointer{}):
		return "fill"
	}
	return "copy"
}

// Inner is the inner width of the product.
func (q *Product) Inner() int {
	if q.TransA {
		return q.A.Rows
	}
	return q.A.Cols
}

// String is the product as c = a b', with what its epilogue does.
func (q *Product) String() string {
	mark := func(m Matrix, trans bool) string {
		s := place(m.At)
		if trans {
			s += "'"
		}
		return s
	}
	s := fmt.Sprintf("product %s = %s %s", mark(q.C, false), mark(q.A, q.TransA), mark(q.B, q.TransB))
	if q.Accumulate {
		s += " added"
	}
	s += fmt.Sprintf(" %dx%dx%d %v", q.C.Rows, q.C.Cols, q.Inner(), q.Epilogue)
	if q.Bias != (kernels.Pointer{}) {
		s += " bias=" + place(q.Bias)
	}
	if q.Mask != (kernels.Pointer{}) {
		s += " mask=" + place(q.Mask)
	}
	return s
}

func place(p kernels.Pointer) string {
	if p.Offset == 0 {
		return fmt.Sprint(p.Base)
	}
	return fmt.Sprintf("%v+%d", p.Base, p.Offset)
}
