package backend

import "fmt"

// The dense layers and what stands around them.

// Linear is Y = s(X W^T + B), and Pre = X W^T + B where Pre is given.
// With Transposed, Y = s(X W + B): the tied decoder's use of an encoder's W.
// Where s is ReLU, Y may be 0 for a NaN: see Update.
//
//	X: B x in, Y, Pre: B x out, W: out x in (Transposed: in x out), B: 1 x out or none
type Linear struct {
	Y, Pre, X, W, B Tensor
	Act             Activation
	Transposed      bool
}

// Check checks the operands.
func (o Linear) Check() error {
	const op = "Linear"
	out, in := o.W.Rows, o.W.Cols
	if o.Transposed {
		out, in = in, out
	}
	return first(
		present(op, "x", o.X), present(op, "w", o.W), known(op, o.Act),
		joins(op, "x", o.X, o.X.Cols, "w", o.W, in),
		shape(op, "y", o.Y, o.X.Rows, out),
		optional(op, "pre", o.Pre, o.X.Rows, out),
		optional(op, "b", o.B, 1, out),
		apart(op, o.Y, o.Pre, o.X, o.W, o.B),
		apart(op, o.Pre, o.X, o.W, o.B))
}

// Access is what it reads and writes.
func (o Linear) Access() Access {
	return Access{Writes: []Tensor{o.Y, o.Pre}, Reads: []Tensor{o.B}, Factors: []Tensor{o.X, o.W}}
}

// FLOPs is those of its product.
func (o Linear) FLOPs() float64 { return products(o.Y.Rows, o.X.Cols, o.Y.Cols) }

// LinearBackInput is DX = (DY W) . s'(Saved), s and Saved being those of the
// layer below, which made x. With Identity, Saved may be none. For what ReLU's
// derivative is at 0 see [Activation].
//
//	DX, Saved: B x in, DY: B x out, W as in Linear
type LinearBackInput struct {
	DX, DY, W, Saved Tensor
	Act              Activation
	Transposed       bool
}

// Check checks the operands.
func (o LinearBackInput) Check() error {
	const op = "LinearBackInput"
	out, in := o.W.Rows, o.W.Cols
	if o.Transposed {
		out, in = in, out
	}
	return first(
		present(op, "dy", o.DY), present(op, "w", o.W), known(op, o.Act),
		joins(op, "dy", o.DY, o.DY.Cols, "w", o.W, out),
		shape(op, "dx", o.DX, o.DY.Rows, in),
		savedShape(op, o.Saved, o.Act, o.DY.Rows, in),
		apart(op, o.DX, o.DY, o.W, o.Saved))
}

// Access is what it reads and writes; of a ReLU's output it wants the sign alone.
func (o LinearBackInput) Access() Access {
	a := Access{Writes: []Tensor{o.DX}, Factors: []Tensor{o.DY, o.W}}
	switch o.Act {
	case Identity:
	case ReLU:
		a.Signs = []Tensor{o.Saved}
	default:
		a.Either = []Tensor{o.Saved}
	}
	return a
}

// FLOPs is those of its product.
func (o LinearBackInput) FLOPs() float64 { return products(o.DX.Rows, o.DY.Cols, o.DX.Cols) }

// LinearBackWeights is DW = DY^T X (Transposed: X^T DY) and DB = column sums of
// DY; both are added to what is there with Accumulate. DB may be none.
//
//	DY: B x out, X: B x in, DW: as W in Linear, DB: 1 x out
type LinearBackWeights struct {
	DW, DB, DY, X          Tensor
	Transposed, Accumulate bool
}

// Check checks the operands.
func (o LinearBackWeights) Check() error {
	const op = "LinearBackWeights"
	out, in := o.DY.Cols, o.X.Cols
	if o.Transposed {
		out, in = in, out
	}
	return first(
		present(op, "dy", o.DY), present(op, "x", o.X),
		joins(op, "dy", o.DY, o.DY.Rows, "x", o.X, o.X.Rows),
		shape(op, "dw", o.DW, out, in),
		optional(op, "db", o.DB, 1, o.DY.Cols),
		apart(op, o.DW, o.DB, o.DY, o.X),
		apart(op, o.DB, o.DY, o.X))
}

// Access is what it reads and writes.
func (o LinearBackWeights) Access() Access {
	a := Access{Writes: []Tensor{o.DW, o.DB}, Factors: []Tensor{o.DY, o.X}}
	if o.Accumulate {
		a.Reads = []Tensor{o.DW, o.DB}
	}
	return a
}

// FLOPs is those of its product.
func (o LinearBackWeights) FLOPs() float64 { return products(o.DW.Rows, o.DY.Rows, o.DW.Cols) }

// Activate is Y = s(X); Y may be X.
//
//	Y, X: B x C
type Activate struct {
	Y, X Tensor
	Act  Activation
}

// Check checks the operands.
func (o Activate) Check() error {
	const op = "Activate"
	return first(present(op, "x", o.X), known(op, o.Act), shape(op, "y", o.Y, o.X.Rows, o.X.Cols), same(op, o.Y, o.X))
}

// Access is what it reads and writes.
func (o Activate) Access() Access {
	return Access{Writes: []Tensor{o.Y}, Reads: []Tensor{o.X}}
}

// ActivateBack is DX = DY . s'(Saved); DX may be DY.
//
//	DX, DY, Saved: B x C
type ActivateBack struct {
	DX, DY, Saved Tensor
	Act           Activation
}

// Check checks the operands.
func (o ActivateBack) Check() error {
	const op = "ActivateBack"
	return first(
		present(op, "dy", o.DY), known(op, o.Act),
		shape(op, "dx", o.DX, o.DY.Rows, o.DY.Cols),
		savedShape(op, o.Saved, o.Act, o.DY.Rows, o.DY.Cols),
		same(op, o.DX, o.DY),
		apart(op, o.DX, o.Saved))
}

// Access is what it reads and writes.
func (o ActivateBack) Access() Access {
	return Access{Writes: []Tensor{o.DX}, Either: []Tensor{o.DY, o.Saved}}
}

// Dropout is Y = X . m / (1-p), m = [u >= p] drawn from Noise (Srivastava et
// al. 2014, inverted). The same call on dy is its backward pass. Y may be X.
//
//	Y, X: B x C, 0 <= P < 1; Noise indices are those of Y
type Dropout struct {
	Y, X  Tensor
	Noise Noise
	P     float32
}

// Check checks the operands.
func (o Dropout) Check() error {
	const op = "Dropout"
	if !(o.P >= 0 && o.P < 1) {
		return fmt.Errorf("backend: Dropout: p is %v, expected 0 <= p < 1", o.P)
	}
	return first(wholeBlocks(op, o.Noise.First), present(op, "x", o.X), shape(op, "y", o.Y, o.X.Rows, o.X.Cols), same(op, o.Y, o.X))
}

// Access is what it reads and writes.
func (o Dropout) Access() Access {
	return Access{Writes: []Tensor{o.Y}, Either: []Tensor{o.X}, Clock: o.Noise.Clock, Timed: true}
}
