package kernels

import (
	"fmt"
	"math"
	"strings"
)

//go:generate go run ./gen

// Launch is a kernel with its arguments, all but the grid: one of the structs of
// launchers.go. Their comments are those of the kernels, whose formulas call an
// argument as the source does: tile_part is the field TilePart.
type Launch interface {
	Kernel() *Kernel
	Args() []Arg // in the kernel's order
}

// Pointer is an address in device memory: that of Base, which only who launches
// knows, and Offset bytes. The zero Pointer is null.
type Pointer struct {
	Base   any
	Offset int
}

// The kinds of pointers: to elements of one type, or to what the comment says.
type (
	Float32s     Pointer
	Float64s     Pointer
	Bfloat16s    Pointer
	Uint8s       Pointer
	Uint32s      Pointer
	Int64s       Pointer
	Clock        Pointer // to a ClockHead and its table
	WeightCopies Pointer // to rows of WeightCopy
)

// Arg is an argument: its name and, by kind, a pointer or the bits of a number.
type Arg struct {
	Name    string
	Kind    byte // as in Kernel.Params
	Pointer Pointer
	Bits    uint64
}

func pointer(name string, p Pointer) Arg { return Arg{Name: name, Kind: 'p', Pointer: p} }
func integer(name string, n int) Arg     { return Arg{Name: name, Kind: 'i', Bits: uint64(n)} }
func float(name string, x float32) Arg {
	return Arg{Name: name, Kind: 'f', Bits: uint64(math.Float32bits(x))}
}
func double(name string, x float64) Arg { return Arg{Name: name, Kind: 'd', Bits: math.Float64bits(x)} }

// String is the argument as name=value; null pointers are 0.
func (a Arg) String() string {
	switch {
	case a.Kind == 'p' && a.Pointer.Base == nil:
		return a.Name + "=0"
	case a.Kind == 'p' && a.Pointer.Offset == 0:
		return fmt.Sprintf("%s=%v", a.Name, a.Pointer.Base)
	case a.Kind == 'p':
		return fmt.Sprintf("%s=%v+%d", a.Name, a.Pointer.Base, a.Pointer.Offset)
	case a.Kind == 'f':
		return fmt.Sprintf("%s=%v", a.Name, math.Float32frombits(uint32(a.Bits)))
	case a.Kind == 'd':
		return fmt.Sprintf("%s=%v", a.Name, math.Float64frombits(a.Bits))
	}
	return fmt.Sprintf("%s=%d", a.Name, int64(a.Bits))
}

// Describe is a launch as a line: the kernel and the arguments that are not null.
func Describe(l Launch) string {
	var b strings.Builder
	b.WriteString(l.Kernel().Name)
	for _, a := range l.Args() {
		if a.Kind != 'p' || a.Pointer.Base != nil {
			b.WriteString(" " + a.String())
		}
	}
	return b.String()
}
