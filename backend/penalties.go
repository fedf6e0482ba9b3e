package backend

import "fmt"

// The regularisers of the code. Each adds the unweighted penalty to an accumulator
// and the weighted gradient to what is already in DH or DA. Scale is weight / B,
// Share is what the accumulator adds per example (1 / B).

// ColumnMeans is M[j] = sum_b H[b,j] / Of, Of being B where it is 0.
//
//	M: 1 x C, H: B x C
type ColumnMeans struct {
	M, H Tensor
	Of   int // rows of the whole batch, of which H is the rank's share; 0 where it is all
}

// Check checks the operands.
func (o ColumnMeans) Check() error {
	const op = "ColumnMeans"
	return first(share(op, o.Of, o.H.Rows), present(op, "h", o.H), shape(op, "m", o.M, 1, o.H.Cols), apart(op, o.M, o.H))
}

// Access is what it reads and writes.
func (o ColumnMeans) Access() Access {
	return Access{Writes: []Tensor{o.M}, Either: []Tensor{o.H}}
}

// SparseKL is KL(Rho || M_j) summed over the units, M being the batch's mean
// activations, clamped to [MinSparsity, 1-MinSparsity] (Ng, CS294A notes):
//
//	Sums[Slot] += sum_j Rho ln(Rho/M_j) + (1-Rho) ln((1-Rho)/(1-M_j))
//	DH[b,j] += Scale (-Rho/M_j + (1-Rho)/(1-M_j))
//
//	DH: B x C, M: 1 x C, 0 < Rho < 1
type SparseKL struct {
	DH         Tensor
	Sums       Sums
	Slot       int
	M          Tensor
	Rho, Scale float32
}

// Check checks the operands.
func (o SparseKL) Check() error {
	const op = "SparseKL"
	if !(o.Rho > 0 && o.Rho < 1) {
		return fmt.Errorf("backend: SparseKL: rho is %v, expected 0 < rho < 1", o.Rho)
	}
	return first(slot(op, o.Sums, o.Slot), present(op, "dh", o.DH), shape(op, "m", o.M, 1, o.DH.Cols), apart(op, o.DH, o.M))
}

// Access is what it reads and writes.
func (o SparseKL) Access() Access {
	return Access{Writes: []Tensor{o.DH}, Reads: []Tensor{o.M}, Either: []Tensor{o.DH}, Sums: []Sums{o.Sums}}
}

// L1 is Sums[Slot] += Share * sum |H| and DH += Scale sign(H), 0 at 0.
//
//	DH, H: B x C
type L1 struct {
	DH    Tensor
	Sums  Sums
	Slot  int
	H     Tensor
	Share float64
	Scale float32
}

// Check checks the operands.
func (o L1) Check() error {
	return first(slot("L1", o.Sums, o.Slot), pair("L1", o.DH, o.H))
}

// Access is what it reads and writes.
func (o L1) Access() Access {
	return Access{Writes: []Tensor{o.DH}, Either: []Tensor{o.DH, o.H}, Sums: []Sums{o.Sums}}
}

// RowSquares is R[j] = sum_i W[j,i]^2.
//
//	R: 1 x out, W: out x in
type RowSquares struct {
	R, W Tensor
}

// Check checks the operands.
func (o RowSquares) Check() error {
	const op = "RowSquares"
	return first(present(op, "w", o.W), shape(op, "r", o.R, 1, o.W.Rows), apart(op, o.R, o.W))
}

// Access is what it reads and writes.
func (o RowSquares) Access() Access {
	return Access{Writes: []Tensor{o.R}, Reads: []Tensor{o.W}}
}

// ContractShallow is the squared Frobenius norm of a one-layer encoder's
// Jacobian in closed form (Rifai et al. 2011), with the first and the second
// derivative of s at v = Saved[b,j]:
//
//	Sums[Slot] += Share * sum_bj s'^2 R_j;  DA[b,j] += Scale 2 s' s'' R_j;  DR[j] = Scale * sum_b s'^2
//
//	DA, Saved: B x C; R, DR: 1 x C
type ContractShallow struct {
	DA, DR   Tensor
	Sums     Sums
	Slot     int
	Saved, R Tensor
	Act      Activation
	Share    float64
	Scale    float32
}

// Check checks the operands.
func (o ContractShallow) Check() error {
	const op = "ContractShallow"
	return first(
		slot(op, o.Sums, o.Slot), present(op, "saved", o.Saved), known(op, o.Act),
		shape(op, "da", o.DA, o.Saved.Rows, o.Saved.Cols),
		shape(op, "r", o.R, 1, o.Saved.Cols),
		shape(op, "dr", o.DR, 1, o.Saved.Cols),
		apart(op, o.DA, o.DR, o.Saved, o.R),
		apart(op, o.DR, o.Saved, o.R))
}

// Access is what it reads and writes.
func (o ContractShallow) Access() Access {
	return Access{Writes: []Tensor{o.DA, o.DR}, Reads: []Tensor{o.R}, Either: []Tensor{o.DA, o.Saved}, Sums: []Sums{o.Sums}}
}

// AddScaledRows is DW[j,i] += 2 C_j W[j,i], the gradient of RowSquares.
//
//	DW, W: out x in, C: 1 x out
type AddScaledRows struct {
	DW, W, C Tensor
}

// Check checks the operands.
func (o AddScaledRows) Check() error {
	const op = "AddScaledRows"
	return first(present(op, "w", o.W), shape(op, "dw", o.DW, o.W.Rows, o.W.Cols), shape(op, "c", o.C, 1, o.W.Rows),
		apart(op, o.DW, o.W, o.C))
}

// Access is what it reads and writes.
func (o AddScaledRows) Access() Access {
	return Access{Writes: []Tensor{o.DW}, Reads: []Tensor{o.DW, o.W, o.C}}
}

// Probes fills V with K = V.Rows / B vectors an example: the K unit vectors
// (K = C) with Exact, otherwise independent signs +-1 (bit 31 of the Noise word
// set means -1), whose mean of |J^T V|^2 is |J|_F^2 (Hutchinson 1990).
//
//	V: B*K x C
type Probes struct {
	V     Tensor
	Batch int
	Noise Noise
	Exact bool
}

// Check checks the operands.
func (o Probes) Check() error {
	if o.V.None() || o.Batch < 1 || o.V.Rows%o.Batch != 0 || o.Exact && o.V.Rows/o.Batch != o.V.Cols {
		return fmt.Errorf("backend: Probes: v %v for a batch of %d (exact: %v)", o.V, o.Batch, o.Exact)
	}
	return first(present("Probes", "v", o.V), wholeBlocks("Probes", o.Noise.First))
}

// Access is what it reads and writes.
func (o Probes) Access() Access {
	return Access{Writes: []Tensor{o.V}, Clock: o.Noise.Clock, Timed: true}
}

// ScaleByDerivative is U[b,k,:] = V[b,k,:] . s'(Saved[b,:]), one layer of the
// Jacobian's transpose. U may be V.
//
//	U, V: B*K x C, Saved: B x C
type ScaleByDerivative struct {
	U, V, Saved Tensor
	Act         Activation
}

// Check checks the operands.
func (o ScaleByDerivative) Check() error {
	const op = "ScaleByDerivative"
	return first(
		present(op, "v", o.V), present(op, "saved", o.Saved), known(op, o.Act),
		joins(op, "v", o.V, o.V.Cols, "saved", o.Saved, o.Saved.Cols),
		samples(op, "v", o.V, "saved", o.Saved, o.Saved.Rows),
		shape(op, "u", o.U, o.V.Rows, o.V.Cols),
		same(op, o.U, o.V),
		apart(op, o.U, o.Saved))
}

// Access is what it reads and writes.
func (o ScaleByDerivative) Access() Access {
	return Access{Writes: []Tensor{o.U}, Reads: []Tensor{o.V, o.Saved}}
}

// ScaleByDerivativeBack is DV = DU . s'(Saved) (DV may be none, and may be DU)
// and DA:
//
//	DA[b,:] = sum_k DU . V . s''(Saved[b,:])
//
//	DV, DU, V: B*K x C, DA, Saved: B x C
type ScaleByDerivativeBack struct {
	DV, DA, DU, V, Saved Tensor
	Act                  Activation
}

// Check checks the operands.
func (o ScaleByDerivativeBack) Check() error {
	const op = "ScaleByDerivativeBack"
	return first(
		present(op, "v", o.V), present(op, "saved", o.Saved), known(op, o.Act),
		joins(op, "v", o.V, o.V.Cols, "saved", o.Saved, o.Saved.Cols),
		samples(op, "v", o.V, "saved", o.Saved, o.Saved.Rows),
		shape(op, "du", o.DU, o.V.Rows, o.V.Cols),
		optional(op, "dv", o.DV, o.V.Rows, o.V.Cols),
		shape(op, "da", o.DA, o.Saved.Rows, o.Saved.Cols),
		same(op, o.DV, o.DU),
		apart(op, o.DV, o.DA, o.V, o.Saved),
		apart(op, o.DA, o.DU, o.V, o.Saved))
}

// Access is what it reads and writes.
func (o ScaleByDerivativeBack) Access() Access {
	return Access{Writes: []Tensor{o.DV, o.DA}, Reads: []Tensor{o.DU, o.V, o.Saved}}
}

// SquareSum is Sums[Slot] += Share * sum V^2 and DV = 2 Scale V; DV may be V.
//
//	DV, V: B*K x C
type SquareSum struct {
	DV    Tensor
	Sums  Sums
	Slot  int
	V     Tensor
	Share float64
	Scale float32
}

// Check checks the operands.
func (o SquareSum) Check() error {
	const op = "SquareSum"
	return first(slot(op, o.Sums, o.Slot), present(op, "v", o.V), shape(op, "dv", o.DV, o.V.Rows, o.V.Cols), same(op, o.DV, o.V))
}

// Access is what it reads and writes.
func (o SquareSum) Access() Access {
	return Access{Writes: []Tensor{o.DV}, Reads: []Tensor{o.V}, Sums: []Sums{o.Sums}}
}
