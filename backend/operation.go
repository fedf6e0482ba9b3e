package backend

//go:generate go run ./gen

import (
	"fmt"
	"reflect"
	"slices"
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
	// FLOPs is 2 for every multiplication with its addition: 2 m n k.
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
			return slices.ContainsFunc(touched, func(t Tensor) bool { return Overlap(w, t) })
		})
	}
	return meets(a.Writes, b.Tensors()) || meets(b.Writes, a.Tensors())
}

// Overlap reports whether two tensors share an element.
func Overlap(a, b Tensor) bool {
	return a.Mem != nil && a.Mem == b.Mem && a.Off < b.Off+b.Len() && b.Off < a.Off+a.Len()
}

// Contains reports whether all elements of b are elements of a.
func Contains(a, b Tensor) bool {
	return a.Mem == b.Mem && a.Off <= b.Off && b.Off+b.Len() <= a.Off+a.Len()
}

// Name is the operation's name, as in Linear.
func Name(op Operation) string {
	if op == nil {
		return "nil"
	}
	return reflect.Indirect(reflect.ValueOf(op)).Type().Name()
}

// Queue is where operations go: a [Device], which computes them, or a [List].
type Queue interface {
	Enqueue(Operation)
}

// List is operations one after the other, such as a training step.
type List []Operation

// Enqueue adds an operation to the end.
func (l *List) Enqueue(op Operation) { *l = append(*l, op) }

// Check is the first operation's error, with its place in the list.
func (l List) Check() error {
	for i, op := range l {
		if op == nil {
			return fmt.Errorf("operation %d is nil", i)
		}
		if err := op.Check(); err != nil {
			return fmt.Errorf("operation %d: %w", i, err)
		}
	}
	return nil
}
