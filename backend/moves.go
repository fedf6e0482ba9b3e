package backend

import "fmt"

// Sums, copies and what moves rows and columns.

// Add is Dst += Src.
type Add struct {
	Dst, Src Tensor
}

// Check checks the operands.
func (o Add) Check() error { return pair("Add", o.Dst, o.Src) }

// Access is what it reads and writes.
func (o Add) Access() Access {
	return Access{Writes: []Tensor{o.Dst}, Reads: []Tensor{o.Dst, o.Src}}
}

// Copy is Dst = Src.
type Copy struct {
	Dst, Src Tensor
}

// Check checks the operands.
func (o Copy) Check() error { return pair("Copy", o.Dst, o.Src) }

// Access is what it reads and writes.
func (o Copy) Access() Access {
	return Access{Writes: []Tensor{o.Dst}, Reads: []Tensor{o.Src}}
}

// CopyColumns is Dst[r,j] = Src[r,From+j], the means out of (mu, l).
type CopyColumns struct {
	Dst, Src Tensor
	From     int
}

// Check checks the operands.
func (o CopyColumns) Check() error {
	const op = "CopyColumns"
	if err := first(present(op, "dst", o.Dst), present(op, "src", o.Src), apart(op, o.Dst, o.Src)); err != nil {
		return err
	}
	if o.Dst.Rows != o.Src.Rows || o.From < 0 || o.From > o.Src.Cols-o.Dst.Cols {
		return fmt.Errorf("backend: CopyColumns: columns from %d on of src %v do not fill dst %v", o.From, o.Src, o.Dst)
	}
	return nil
}

// Access is what it reads and writes.
func (o CopyColumns) Access() Access {
	return Access{Writes: []Tensor{o.Dst}, Reads: []Tensor{o.Src}}
}

// Beside puts what is known of the examples beside rows made of them, as a conditional
// autoencoder does (Sohn, Lee and Yan 2015): Dst[r] = X[r] | the one-hot code of class
// c = Class[r/K], K = X.Rows / Class.Rows: 1 at column C + c and 0 at the other levels. A
// class that is no whole number from 0 to Dst.Cols - C - 1 (a NaN is none) has zeros alone.
// The gradient by X is the first C columns of that by Dst: [CopyColumns].
//
//	Dst: B*K x (C + levels), X: B*K x C, Class: B x 1
type Beside struct {
	Dst, X, Class Tensor
}

// Check checks the operands.
func (o Beside) Check() error {
	const op = "Beside"
	if err := first(present(op, "x", o.X), present(op, "class", o.Class), shape(op, "class", o.Class, o.Class.Rows, 1),
		samples(op, "x", o.X, "class", o.Class, o.Class.Rows), present(op, "dst", o.Dst), apart(op, o.Dst, o.X, o.Class)); err != nil {
		return err
	}
	if o.Dst.Rows != o.X.Rows || o.Dst.Cols <= o.X.Cols {
		return fmt.Errorf("backend: Beside: dst is %v: expected %d rows of more than %d columns", o.Dst, o.X.Rows, o.X.Cols)
	}
	return nil
}

// Access is what it reads and writes.
func (o Beside) Access() Access {
	return Access{Writes: []Tensor{o.Dst}, Reads: []Tensor{o.X, o.Class}}
}

// Zero is Dst = 0.
type Zero struct {
	Dst Tensor
}

// Check checks the operands.
func (o Zero) Check() error { return present("Zero", "dst", o.Dst) }

// Access is what it reads and writes.
func (o Zero) Access() Access {
	return Access{Writes: []Tensor{o.Dst}}
}

// ScaleRows is T[r,:] *= W[r].
//
//	T: R x C, W: R x 1
type ScaleRows struct {
	T, W Tensor
}

// Check checks the operands.
func (o ScaleRows) Check() error {
	const op = "ScaleRows"
	return first(present(op, "t", o.T), shape(op, "w", o.W, o.T.Rows, 1), apart(op, o.T, o.W))
}

// Access is what it reads and writes.
func (o ScaleRows) Access() Access {
	return Access{Writes: []Tensor{o.T}, Reads: []Tensor{o.T, o.W}}
}
