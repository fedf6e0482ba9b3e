package backend

//go:generate go run ./gen

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Operation is a whole fused step of a network, as a value: a struct with its
// operands as fields (layers.go, moves.go, batches.go, losses.go, codes.go,
// penalties.go, updates.go). Unless said otherwise operands do not overlap, and
// every element of a destination is written, whatever it held before.
type Operation interface {
	// Check says what is wrong with the operands' shapes and numbers. It looks at
	// integers only and allocates nothing when all is well. What it cannot see is left
	// to the device: whose memory an operand is in, and whether the view lies in it.
	Check() error
	// Access is what it reads and writes.
	Access() Access
}

// Product is an [Operation] that is a matrix product, with what goes with it.
type Product interface {
	Operation
	// FLOPs is 2 for every multiplication and addition of the product.
	FLOPs() float64
}

func products(m, n, k int) float64 { return 2 * float64(m) * float64(n) * float64(k) }

// Access is what an operation does with its operands; those that are none are left
// in. What it adds to is among what it reads and what it writes.
type Access struct {
	Writes  []Tensor // overwritten, every element
	Reads   []Tensor // as float32
	Factors []Tensor // read as operands of a matrix product, in its precision
	Signs   []Tensor // outputs of a ReLU of which only the sign is wanted
	Either  []Tensor // read element by element, as float32 or in the precision of products
	Sums    []Sums   // accumulators that it reads, adds to or writes
	Clock   Clock    // that it goes by,
	Timed   bool     // where it does
}

// Tensors are all tensors that the operation touches, without those that are none.
func (a Access) Tensors() []Tensor {
	all := slices.Concat(a.Writes, a.Reads, a.Factors, a.Signs, a.Either)
	return slices.DeleteFunc(all, Tensor.None)
}

// Conflicts reports whether one of two operations writes what the other touches.
func (a Access) Conflicts(b Access) bool {
	meets := func(written, touched []Tensor) bool {
		return slices.ContainsFunc(written, func(w Tensor) bool {
			return slices.ContainsFunc(touched, func(t Tensor) bool { return overlap(w, t) })
		})
	}
	return meets(a.Writes, b.Tensors()) || meets(b.Writes, a.Tensors())
}

// Overlap reports whether two tensors share an element.
func Overlap(a, b Tensor) bool { return overlap(a, b) }

// Contains reports whether all elements of b are elements of a.
func Contains(a, b Tensor) bool {
	return a.Mem == b.Mem && a.Off <= b.Off && b.Off+b.Len() <= a.Off+a.Len()
}

// Name is the operation's name, as in Linear.
func Name(op Operation) string { return reflect.TypeOf(op).Name() }

// Queue is where operations go: a [Device], which computes them, or a [List].
type Queue interface {
	Enqueue(Operation)
}

// List is operations one after the other, such as a training step.
type List []Operation

// Enqueue adds an operation to the end.
func (l *List) Enqueue(op Operation) { *l = append(*l, op) }

// Listed is the operations that fill enqueues.
func Listed(fill func(Queue)) List {
	var l List
	fill(&l)
	return l
}

// Check is the first operation's error, with its place in the list.
func (l List) Check() error {
	for i, op := range l {
		if err := op.Check(); err != nil {
			return fmt.Errorf("operation %d: %w", i, err)
		}
	}
	return nil
}

// Work is what operations must do at the least: the floor under any device's time.
type Work struct {
	FLOPs float64 // of matrix products
	Bytes float64 // read and written if every operand moves once an operation
}

// Work is that of the list where products read operands of so many bytes an element
// (4, or 2 in bfloat16): a sign is a bit; a tensor that no operation wants in
// float32 is written in the precision of products; the rest is float32, but for data
// stored as bytes.
func (l List) Work(operand int) Work {
	var w Work
	forms := l.forms()
	for _, op := range l {
		moved := bytesOf(op, float64(operand), forms)
		w.FLOPs += moved.FLOPs
		w.Bytes += moved.Bytes
	}
	return w
}

// WorkOf is the work of one operation of the list.
func (l List) WorkOf(op Operation, operand int) Work { return bytesOf(op, float64(operand), l.forms()) }

// form is how a list reads what overlaps a tensor.
type form struct{ float, factor bool }

// forms is how each tensor that is written is read.
func (l List) forms() map[Tensor]form {
	all := map[Tensor]form{}
	for _, op := range l {
		for _, t := range op.Access().Writes {
			all[t] = form{}
		}
	}
	for _, op := range l {
		a := op.Access()
		for t, f := range all {
			meets := func(list []Tensor) bool {
				return slices.ContainsFunc(list, func(r Tensor) bool { return overlap(r, t) })
			}
			f.float = f.float || meets(a.Reads)
			f.factor = f.factor || meets(a.Factors)
			all[t] = f
		}
	}
	return all
}

func bytesOf(op Operation, operand float64, forms map[Tensor]form) (w Work) {
	if p, ok := op.(Product); ok {
		w.FLOPs = p.FLOPs()
	}
	a := op.Access()
	size := func(t Tensor) float64 { // of what is read element by element
		if f, ok := forms[t]; ok && !f.float && f.factor {
			return operand
		}
		return 4
	}
	for _, t := range a.Factors {
		w.Bytes += operand * float64(t.Len())
	}
	for _, t := range a.Signs {
		w.Bytes += float64(t.Len()) / 8
	}
	for _, t := range a.Reads {
		w.Bytes += 4 * float64(t.Len())
	}
	for _, t := range a.Either {
		w.Bytes += size(t) * float64(t.Len())
	}
	for _, t := range a.Writes {
		b := size(t)
		if f := forms[t]; operand < 4 && f.float && f.factor { // in both forms
			b += operand
		}
		w.Bytes += b * float64(t.Len())
	}
	if g, ok := op.(Gather); ok && g.Data.Bytes {
		w.Bytes += float64(max(g.Clean.Rows, g.Noisy.Rows) * g.Data.Cols)
	}
	return w
}

// String is the operation's name and its operands: tensors and accumulators by shape,
// and the numbers that are not zero.
func Describe(op Operation, name func(Tensor) string) string {
	var b strings.Builder
	b.WriteString(Name(op))
	v := reflect.ValueOf(op)
	for i := range v.NumField() {
		f, field := v.Type().Field(i), v.Field(i).Interface()
		switch x := field.(type) {
		case Tensor:
			if !x.None() {
				fmt.Fprintf(&b, " %s=%s", strings.ToLower(f.Name), name(x))
			}
		case Sums, Clock:
		case Noise:
			fmt.Fprintf(&b, " stream=%#x", x.Stream)
		case Data:
			fmt.Fprintf(&b, " data=%dx%d", x.Rows, x.Cols)
		case []int:
			fmt.Fprintf(&b, " tensors=%d", len(x))
		case Batch:
			if x.Corrupt != NoCorruption {
				fmt.Fprintf(&b, " %v=%v", x.Corrupt, x.Level)
			}
		case Optimiser:
			fmt.Fprintf(&b, " %v", x.Kind)
		default:
			if !v.Field(i).IsZero() || f.Name == "Act" || f.Name == "Kind" {
				fmt.Fprintf(&b, " %s=%v", strings.ToLower(f.Name), x)
			}
		}
	}
	return b.String()
}
