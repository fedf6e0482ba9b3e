package backend

import "fmt"

// The batch, and the clock that it goes by.

// Gather fetches the batch Clean[b] = Data[perm(Row+b)] (bytes as v/255), drawn
// to 0 or 1 where asked, and its corrupted copy. Either output may be none, but
// not both. Noise indices are those of the output's elements, from
// Batch.First on.
//
//	Clean, Noisy: B x D; Row+B must not pass Data.Rows
type Gather struct {
	Clean, Noisy Tensor
	Data         Data
	Batch        Batch
}

// Check checks the operands, except the clock's row.
func (o Gather) Check() error {
	const op = "Gather"
	out := o.Clean
	if out.None() {
		out = o.Noisy
	}
	switch {
	case o.Data.Mem == nil || o.Data.Rows < 1 || o.Data.Cols < 1:
		return fmt.Errorf("backend: Gather: data is %dx%d", o.Data.Rows, o.Data.Cols)
	case out.Rows > o.Data.Rows:
		return fmt.Errorf("backend: Gather: batch of %d rows from data of %d", out.Rows, o.Data.Rows)
	case o.Batch.Corrupt > SaltAndPepper:
		return fmt.Errorf("backend: Gather: unknown corruption %d", o.Batch.Corrupt)
	case o.Batch.Corrupt != NoCorruption && !(o.Batch.Level >= 0):
		return fmt.Errorf("backend: Gather: corruption level is %v", o.Batch.Level)
	}
	return first(
		wholeBlocks(op, o.Batch.First),
		shape(op, "output", out, out.Rows, o.Data.Cols),
		optional(op, "clean", o.Clean, out.Rows, o.Data.Cols),
		optional(op, "noisy", o.Noisy, out.Rows, o.Data.Cols),
		apart(op, o.Clean, o.Noisy))
}

// Access is what it writes, and the data where they are a tensor's elements.
func (o Gather) Access() Access {
	a := Access{Writes: []Tensor{o.Clean, o.Noisy}, Clock: o.Batch.Clock, Timed: true}
	if !o.Data.Bytes {
		a.Reads = []Tensor{{Mem: o.Data.Mem, Off: o.Data.Off, Rows: o.Data.Rows, Cols: o.Data.Cols}}
	}
	return a
}

// Tick ends a step of Rows examples: Step+1, Row+Rows, next row of the table
// (which stays on its last row).
type Tick struct {
	Clock Clock
	Rows  int
}

// Check checks the operands.
func (o Tick) Check() error {
	if o.Rows < 0 {
		return fmt.Errorf("backend: Tick: %d rows", o.Rows)
	}
	return nil
}

// Access is what it reads and writes.
func (o Tick) Access() Access {
	return Access{Clock: o.Clock, Timed: true}
}
