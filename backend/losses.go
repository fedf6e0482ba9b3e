package backend

import "fmt"

// Losses end the forward pass and begin the backward one.

// Loss is Rows[r] = loss(Out[r], Target[r/K]) and DOut = Scale * its gradient
// by Out, K = Out.Rows / Target.Rows. DOut may be none, and may be Out itself.
//
//	Out: B*K x D (GaussianNLL: 2D), Target: B x D (Categorical: B x 1), Rows: B*K x 1
type Loss struct {
	DOut, Rows, Out, Target Tensor
	Kind                    LossKind
	Scale                   float32
}

// Check checks the operands, except the class numbers.
func (o Loss) Check() error {
	const op = "Loss"
	if o.Kind > Categorical {
		return fmt.Errorf("backend: Loss: unknown loss %d", o.Kind)
	}
	width, wide := o.Out.Cols, 1
	switch o.Kind {
	case GaussianNLL:
		wide, width = 2, o.Out.Cols/2
	case Categorical:
		width = 1
	}
	if o.Kind == GaussianNLL && o.Out.Cols%wide != 0 || o.Target.Cols != width {
		return fmt.Errorf("backend: Loss: out %v does not fit target %v under the %v loss", o.Out, o.Target, o.Kind)
	}
	return first(
		present(op, "out", o.Out), present(op, "target", o.Target),
		samples(op, "out", o.Out, "target", o.Target, o.Target.Rows),
		shape(op, "rows", o.Rows, o.Out.Rows, 1),
		optional(op, "dout", o.DOut, o.Out.Rows, o.Out.Cols),
		same(op, o.DOut, o.Out),
		apart(op, o.DOut, o.Rows, o.Target),
		apart(op, o.Rows, o.Out, o.Target))
}

// Access is what it reads and writes.
func (o Loss) Access() Access {
	return Access{Writes: []Tensor{o.DOut, o.Rows}, Reads: []Tensor{o.Out, o.Target}}
}

// Correct is Sums[Slot] += number of rows whose largest logit is the Target class
// (the lowest index wins a tie).
//
//	Logits: B x C, Target: B x 1
type Correct struct {
	Sums           Sums
	Slot           int
	Logits, Target Tensor
}

// Check checks the operands.
func (o Correct) Check() error {
	const op = "Correct"
	return first(slot(op, o.Sums, o.Slot), present(op, "logits", o.Logits), shape(op, "target", o.Target, o.Logits.Rows, 1))
}

// Access is what it reads and writes.
func (o Correct) Access() Access {
	return Access{Reads: []Tensor{o.Logits, o.Target}, Sums: []Sums{o.Sums}}
}

// Accumulate is Sums[Slot] += Scale * sum of all elements of V, of any shape.
type Accumulate struct {
	Sums  Sums
	Slot  int
	V     Tensor
	Scale float64
}

// Check checks the operands.
func (o Accumulate) Check() error {
	return first(slot("Accumulate", o.Sums, o.Slot), present("Accumulate", "v", o.V))
}

// Access is what it reads and writes.
func (o Accumulate) Access() Access {
	return Access{Reads: []Tensor{o.V}, Sums: []Sums{o.Sums}}
}

// ZeroSums is s = 0, all of the accumulators.
type ZeroSums struct {
	Sums Sums
}

// Check checks the operands.
func (o ZeroSums) Check() error { return nil }

// Access is what it reads and writes.
func (o ZeroSums) Access() Access {
	return Access{Sums: []Sums{o.Sums}}
}
