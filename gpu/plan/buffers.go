package plan

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
)

// Buffer is memory that a plan needs beside the operands.
type Buffer struct {
	Kind  Kind
	Of    backend.Tensor // that it stands for
	Bytes int
	Words []Word // contents of a table
	Fetch *Fetch // whose rows it holds
}

// Kind is what a buffer holds.
type Kind uint8

// The kinds.
const (
	Mask  Kind = iota // a bit an element of a ReLU's output, set where it let through
	Half              // a copy in bfloat16
	Table             // numbers that are known beforehand
	Rows              // of a batch on the host, fetched ahead
)

// String is the buffer's name in listings.
func (b *Buffer) String() string {
	name := []string{"mask", "half", "table", "rows"}[b.Kind]
	if b.Of.None() {
		return name
	}
	return fmt.Sprintf("%s(%v)", name, Name(b.Of))
}

// Name is a tensor's name in listings: that of its memory, where it has one, and
// where in it it begins.
func Name(t backend.Tensor) string {
	m, ok := t.Mem.(fmt.Stringer)
	switch {
	case t.None():
		return "none"
	case !ok:
		return t.String()
	case t.Off == 0:
		return m.String()
	}
	return fmt.Sprintf("%v+%d", m, t.Off)
}

// Word is 8 bytes of a table: a number, or an address.
type Word struct {
	Number  int64
	Address kernels.Pointer
}

// Scratch is memory of the device that one kernel at a time uses.
type Scratch uint8

// The parts of it.
const (
	Partials     Scratch = iota // float64s
	TilePartials                // for the second stage of two
	Counters                    // left at zero by every kernel
)

// String is the part's name in listings.
func (s Scratch) String() string { return []string{"partials", "tiles", "counters"}[s] }

// Sizes of the scratch.
const (
	NumPartials     = 1<<21 - NumTilePartials // float64s
	NumTilePartials = 1 << 16
	NumCounters     = 1 << 16 // of 4 bytes
)

var (
	part  = kernels.Float64s{Base: Partials}
	tiles = kernels.Float64s{Base: TilePartials}
	count = kernels.Uint32s{Base: Counters}
)

// at is the address of t, null where it is none.
func at(t backend.Tensor) kernels.Float32s {
	if t.None() {
		return kernels.Float32s{}
	}
	return kernels.Float32s{Base: t.Mem, Offset: 4 * t.Off}
}

// sum is the address of accumulator i.
func sum(s backend.Sums, i int) kernels.Float64s {
	return kernels.Float64s{Base: s.Mem, Offset: 8 * (s.Off + i)}
}

func clockAt(c backend.Clock) kernels.Clock { return kernels.Clock{Base: c.Mem} }

// buffer is a new one of the plan.
func (p *planner) buffer(b Buffer) *Buffer {
	p.plan.Buffers = append(p.plan.Buffers, &b)
	return &b
}

func ceil(n, by int) int { return (n + by - 1) / by }

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
