package backend

import "fmt"

// The stochastic and sparse codes.

// Reparam draws Z = mu + exp(l/2) eps, eps standard normal (Kingma and Welling
// 2014; Rezende et al. 2014); ML = (mu, l) side by side, l clamped to
// [MinLogVar, MaxLogVar], K = Z.Rows / ML.Rows samples an example.
//
//	Z: B*K x L, ML: B x 2L; Noise indices are those of Z
type Reparam struct {
	Z, ML Tensor
	Noise Noise
}

// Check checks the operands.
func (o Reparam) Check() error {
	const op = "Reparam"
	return first(code(op, o.Z, o.ML, apart(op, o.Z, o.ML)), wholeBlocks(op, o.Noise.First))
}

// Access is what it reads and writes.
func (o Reparam) Access() Access {
	return Access{Writes: []Tensor{o.Z}, Reads: []Tensor{o.ML}, Clock: o.Noise.Clock, Timed: true}
}

// GaussianKL is the divergence from N(0, I) per latent unit, mean over the
// batch: KL[j] = sum_b (mu^2 + e^l - 1 - l) / 2 / Of, Of being B where it is 0.
//
//	KL: 1 x L, ML: B x 2L
type GaussianKL struct {
	KL, ML Tensor
	Of     int // rows of the whole batch, of which ML is the rank's share; 0 where it is all
}

// Check checks the operands.
func (o GaussianKL) Check() error {
	const op = "GaussianKL"
	return first(share(op, o.Of, o.ML.Rows), present(op, "kl", o.KL), present(op, "ml", o.ML), shape(op, "ml", o.ML, o.ML.Rows, 2*o.KL.Cols),
		shape(op, "kl", o.KL, 1, o.KL.Cols), apart(op, o.KL, o.ML))
}

// Access is what it reads and writes.
func (o GaussianKL) Access() Access {
	return Access{Writes: []Tensor{o.KL}, Reads: []Tensor{o.ML}}
}

// ReparamBack is the gradient by ML of the decoder's loss (through DZ) plus
// Scale * w * sum_bj KL_bj, w being the clock's KL weight; a unit whose KL[j]
// is at most FreeBits has no KL gradient (Kingma et al. 2016).
//
//	dmu = sum_k DZ + Scale w mu
//	dl  = sum_k DZ eps exp(l/2) / 2 + Scale w (e^l - 1) / 2, 0 where l is clamped
//	DML, ML: B x 2L, DZ: B*K x L, KL: 1 x L; Noise as in Reparam
type ReparamBack struct {
	DML, DZ, ML, KL Tensor
	Noise           Noise
	FreeBits, Scale float32
}

// Check checks the operands.
func (o ReparamBack) Check() error {
	const op = "ReparamBack"
	return first(
		code(op, o.DZ, o.ML, nil),
		wholeBlocks(op, o.Noise.First),
		shape(op, "dml", o.DML, o.ML.Rows, o.ML.Cols),
		shape(op, "kl", o.KL, 1, o.DZ.Cols),
		apart(op, o.DML, o.DZ, o.ML, o.KL))
}

// Access is what it reads and writes.
func (o ReparamBack) Access() Access {
	return Access{Writes: []Tensor{o.DML}, Reads: []Tensor{o.DZ, o.ML, o.KL}, Clock: o.Noise.Clock, Timed: true}
}

// ImportanceWeights turns K samples an example into normalised weights and the
// Bound of Burda et al. 2016:
//
//	log W[b,k] = -Rows[b,k] + sum_j (l_j + eps_j^2 - Z_j^2) / 2
//	Bound[b]   = logsumexp_k log W[b,k] - log K;  W[b,k] = softmax_k log W[b,k]
//
//	W, Rows: B*K x 1, Bound: B x 1, Z: B*K x L, ML: B x 2L; Noise as in Reparam
type ImportanceWeights struct {
	W, Bound, Rows, Z, ML Tensor
	Noise                 Noise
}

// Check checks the operands.
func (o ImportanceWeights) Check() error {
	const op = "ImportanceWeights"
	return first(
		code(op, o.Z, o.ML, nil),
		wholeBlocks(op, o.Noise.First),
		shape(op, "w", o.W, o.Z.Rows, 1),
		shape(op, "rows", o.Rows, o.Z.Rows, 1),
		shape(op, "bound", o.Bound, o.ML.Rows, 1),
		apart(op, o.W, o.Bound, o.Rows, o.Z, o.ML),
		apart(op, o.Bound, o.Rows, o.Z, o.ML))
}

// Access is what it reads and writes.
func (o ImportanceWeights) Access() Access {
	return Access{Writes: []Tensor{o.W, o.Bound}, Reads: []Tensor{o.Rows, o.Z, o.ML}, Clock: o.Noise.Clock, Timed: true}
}

// ImportanceBack is the gradient by ML of -Scale * sum_b bound[b]; DZ is the
// decoder's gradient with its rows already multiplied by W.
//
//	g = DZ + Scale W Z;  dmu = sum_k g;  dl = sum_k (g eps exp(l/2) - Scale W) / 2, 0 where l is clamped
type ImportanceBack struct {
	DML, DZ, Z, ML, W Tensor
	Noise             Noise
	Scale             float32
}

// Check checks the operands.
func (o ImportanceBack) Check() error {
	const op = "ImportanceBack"
	return first(
		code(op, o.Z, o.ML, nil),
		wholeBlocks(op, o.Noise.First),
		shape(op, "dz", o.DZ, o.Z.Rows, o.Z.Cols),
		shape(op, "dml", o.DML, o.ML.Rows, o.ML.Cols),
		shape(op, "w", o.W, o.Z.Rows, 1),
		apart(op, o.DML, o.DZ, o.Z, o.ML, o.W))
}

// Access is what it reads and writes.
func (o ImportanceBack) Access() Access {
	return Access{Writes: []Tensor{o.DML}, Reads: []Tensor{o.DZ, o.Z, o.ML, o.W}, Clock: o.Noise.Clock, Timed: true}
}

// TopK keeps the k largest elements of every row and zeroes the rest (Makhzani
// and Frey 2013); the lowest index wins a tie.
//
//	Y, X: B x L, 1 <= K <= L
type TopK struct {
	Y, X Tensor
	K    int
}

// Check checks the operands.
func (o TopK) Check() error {
	if o.K < 1 || o.K > o.X.Cols {
		return fmt.Errorf("backend: TopK: k is %d in rows of %d", o.K, o.X.Cols)
	}
	return pair("TopK", o.Y, o.X)
}

// Access is what it reads and writes.
func (o TopK) Access() Access {
	return Access{Writes: []Tensor{o.Y}, Reads: []Tensor{o.X}}
}

// TopKBack is DX = [Y != 0] . DY, Y being what TopK has left; DX may be DY.
//
//	DX, DY, Y: B x L
type TopKBack struct {
	DX, DY, Y Tensor
}

// Check checks the operands.
func (o TopKBack) Check() error {
	const op = "TopKBack"
	return first(present(op, "y", o.Y), shape(op, "dx", o.DX, o.Y.Rows, o.Y.Cols), shape(op, "dy", o.DY, o.Y.Rows, o.Y.Cols),
		same(op, o.DX, o.DY), apart(op, o.DX, o.Y))
}

// Access is what it reads and writes.
func (o TopKBack) Access() Access {
	return Access{Writes: []Tensor{o.DX}, Reads: []Tensor{o.Y}, Either: []Tensor{o.DY}}
}
