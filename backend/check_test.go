package backend

import (
	"strings"
	"testing"
)

type block struct{ _ byte }

func (*block) Free() {}

// tensor is a rows x cols operand in memory of its own.
func tensor(rows, cols int) Tensor { return Tensor{Mem: &block{}, Rows: rows, Cols: cols} }

// checked is what a check came to, and what it should have said: "" for no error.
type checked struct {
	err  error
	want string
}

// holdChecks wants the operand that does not fit named, and its shape.
func holdChecks(t *testing.T, all []checked) {
	t.Helper()
	for _, tt := range all {
		switch {
		case tt.want == "" && tt.err != nil:
			t.Errorf("unexpected: %v", tt.err)
		case tt.want != "" && tt.err == nil:
			t.Errorf("no error, want %q", tt.want)
		case tt.want != "" && !strings.Contains(tt.err.Error(), tt.want):
			t.Errorf("%q does not say %q", tt.err, tt.want)
		}
	}
}

func TestChecksOfLayers(t *testing.T) {
	whole := tensor(8, 8)
	holdChecks(t, []checked{
		{Linear{Y: tensor(3, 5), X: tensor(3, 4), W: tensor(5, 4), B: tensor(1, 5), Act: ReLU}.Check(), ""},
		{Linear{Y: tensor(3, 5), X: tensor(3, 4), W: tensor(4, 5), B: tensor(1, 5), Act: ReLU, Transposed: true}.Check(), ""},
		{Linear{Y: tensor(3, 5), X: tensor(3, 4), W: tensor(5, 6), Act: ReLU}.Check(), "backend: Linear: x 3x4 does not fit w 5x6"},
		{Linear{Y: tensor(3, 6), X: tensor(3, 4), W: tensor(5, 4), Act: ReLU}.Check(), "Linear: y is 3x6, expected 3x5"},
		{Linear{X: tensor(3, 4), W: tensor(5, 4), Act: ReLU}.Check(), "Linear: y is none, expected 3x5"},
		{Linear{Y: tensor(3, 5), X: tensor(3, 4), W: tensor(5, 4), B: tensor(5, 1), Act: ReLU}.Check(), "b is 5x1, expected 1x5"},
		{Linear{Y: tensor(3, 5), X: tensor(3, 4), W: tensor(5, 4), Act: 99}.Check(), "activation(99)"},
		{Linear{Y: whole.Slice(0, 2, 2), X: whole.Slice(3, 2, 2), W: tensor(2, 2), Act: ReLU}.Check(), "overlaps"},
		{Linear{Y: whole.Slice(0, 2, 2), X: whole.Slice(4, 2, 2), W: tensor(2, 2), Act: ReLU}.Check(), ""},
		{LinearBackInput{DX: tensor(3, 4), DY: tensor(3, 5), W: tensor(5, 4)}.Check(), ""},
		{LinearBackInput{DX: tensor(3, 4), DY: tensor(3, 5), W: tensor(5, 4), Act: ReLU}.Check(), "saved is none"},
		{LinearBackWeights{DW: tensor(5, 4), DY: tensor(3, 5), X: tensor(3, 4)}.Check(), ""},
		{LinearBackWeights{DW: tensor(5, 4), DY: tensor(3, 5), X: tensor(3, 4), Transposed: true}.Check(), "dw is 5x4, expected 4x5"},
		{LinearBackWeights{DW: tensor(5, 4), DY: tensor(2, 5), X: tensor(3, 4)}.Check(), "dy 2x5 does not fit x 3x4"},
		{Activate{Y: whole, X: whole, Act: ReLU}.Check(), ""},
		{Activate{Y: whole.Slice(0, 2, 4), X: whole.Slice(4, 2, 4), Act: ReLU}.Check(), "overlaps"},
		{Activate{Y: tensor(0, 3), X: tensor(0, 3), Act: ReLU}.Check(), "x is 0x3"},
		{Dropout{Y: whole, X: whole, P: 1}.Check(), "p is 1"},
		{CopyColumns{Dst: tensor(3, 2), Src: tensor(3, 4), From: 2}.Check(), ""},
		{CopyColumns{Dst: tensor(3, 2), Src: tensor(3, 4), From: 3}.Check(), "columns from 3 on"},
		{Beside{Dst: tensor(6, 5), X: tensor(6, 4), Class: tensor(3, 1)}.Check(), ""},
		{Beside{Dst: tensor(6, 4), X: tensor(6, 4), Class: tensor(3, 1)}.Check(), "dst is 6x4: expected 6 rows of more than 4 columns"},
		{Beside{Dst: tensor(6, 5), X: tensor(6, 4), Class: tensor(4, 1)}.Check(), "no multiple"},
		{Beside{Dst: tensor(6, 5), X: tensor(6, 4), Class: tensor(3, 2)}.Check(), "class is 3x2, expected 3x1"},
		{Beside{Dst: whole.Slice(0, 1, 2), X: whole.Slice(1, 1, 1), Class: tensor(1, 1)}.Check(), "overlaps"},
	})
}

func TestChecksOfBatchesAndLosses(t *testing.T) {
	holdChecks(t, []checked{
		{Gather{Data: tensor(9, 4).Data(), Batch: Batch{}}.Check(), "output is none"},
		{Gather{Clean: tensor(3, 4), Data: tensor(9, 4).Data(), Batch: Batch{}}.Check(), ""},
		{Gather{Clean: tensor(3, 4), Noisy: tensor(3, 5), Data: tensor(9, 4).Data(), Batch: Batch{}}.Check(), "noisy is 3x5, expected 3x4"},
		{Gather{Clean: tensor(10, 4), Data: tensor(9, 4).Data(), Batch: Batch{}}.Check(), "batch of 10 rows from data of 9"},
		{Loss{Rows: tensor(6, 1), Out: tensor(6, 4), Target: tensor(3, 4), Kind: SquaredError}.Check(), ""},
		{Loss{Rows: tensor(6, 1), Out: tensor(6, 4), Target: tensor(3, 2), Kind: GaussianNLL}.Check(), ""},
		{Loss{Rows: tensor(6, 1), Out: tensor(6, 5), Target: tensor(3, 2), Kind: GaussianNLL}.Check(), "out 6x5 does not fit target 3x2"},
		{Loss{Rows: tensor(6, 1), Out: tensor(6, 4), Target: tensor(6, 1), Kind: Categorical}.Check(), ""},
		{Loss{Rows: tensor(6, 1), Out: tensor(6, 4), Target: tensor(4, 4), Kind: Bernoulli}.Check(), "multiple"},
		{Loss{Rows: tensor(6, 1), Out: tensor(6, 4), Target: tensor(6, 4), Kind: 77}.Check(), "unknown loss 77"},
	})
}

func TestChecksOfCodesAndUpdates(t *testing.T) {
	whole := tensor(8, 8)
	sums := Sums{Mem: &block{}, N: 3}
	holdChecks(t, []checked{
		{Reparam{Z: tensor(6, 2), ML: tensor(3, 4)}.Check(), ""},
		{Reparam{Z: tensor(6, 2), ML: tensor(3, 5)}.Check(), "z 6x2 does not fit ml 3x5"},
		{TopK{Y: tensor(2, 3), X: tensor(2, 3), K: 4}.Check(), "k is 4 in rows of 3"},
		{Accumulate{Sums: sums, Slot: 3, V: whole}.Check(), "accumulator 3 of 3"},
		{SparseKL{DH: whole, Sums: sums, M: tensor(1, 8), Rho: 1}.Check(), "rho is 1"},
		{Probes{V: tensor(6, 3), Batch: 2, Exact: true}.Check(), ""},
		{Probes{V: tensor(8, 3), Batch: 2, Exact: true}.Check(), "Probes: v 8x3"},
		{Check{Guard: sums, Grads: whole, Ends: []int{64}, Rows: tensor(5, 1)}.Check(), ""},
		{Check{Guard: sums, Grads: whole, Ends: []int{64, 65}, Rows: tensor(5, 1)}.Check(), "ends [64 65] in grads 8x8"},
		{Update{Params: tensor(1, 4), Grads: tensor(1, 4), M: tensor(1, 4), Optimiser: Optimiser{Kind: Adam}, Guard: sums}.Check(), "v is none, expected 1x4"},
		{Update{Params: tensor(1, 4), Grads: tensor(1, 4), Optimiser: Optimiser{Decayed: 5}, Guard: sums}.Check(), "5 decayed of params 1x4"},
		{Update{Params: tensor(1, 4), Grads: tensor(1, 4), M: tensor(1, 4), V: tensor(1, 4), Optimiser: Optimiser{Kind: LAMB}, Guard: sums}.Check(), "UpdateLAMB's"},
		{lamb([]int{4}, 1), ""},
		{lamb([]int{2, 2, 4}, 3), ""},
		{lamb([]int{2, 3}, 2), "ends [2 3] do not reach the end of params 1x4"},
		{lamb([]int{2, 5}, 2), "ends [2 5] in params 1x4"},
		{lamb([]int{2, 4}, 1), "trust of 1 slots for 2 parameter tensors"},
	})
}

func TestChecksOfShares(t *testing.T) {
	batch := func(first int) error {
		return Gather{Clean: tensor(3, 4), Data: tensor(9, 4).Data(), Batch: Batch{First: first}}.Check()
	}
	holdChecks(t, []checked{
		{batch(12), ""}, {batch(1 << 33), ""},
		{batch(6), "backend: Gather: noise from element 6 on, expected a multiple of 4"},
		{batch(-4), "noise from element -4 on"},
		{Dropout{Y: tensor(3, 4), X: tensor(3, 4), Noise: Noise{First: 1}}.Check(), "Dropout: noise from element 1 on"},
		{Reparam{Z: tensor(6, 2), ML: tensor(3, 4), Noise: Noise{First: 2}}.Check(), "Reparam: noise from element 2 on"},
		{ColumnMeans{M: tensor(1, 4), H: tensor(3, 4), Of: 3}.Check(), ""},
		{ColumnMeans{M: tensor(1, 4), H: tensor(3, 4), Of: 2}.Check(), "backend: ColumnMeans: 3 rows of 2"},
		{GaussianKL{KL: tensor(1, 2), ML: tensor(3, 4), Of: -1}.Check(), "GaussianKL: 3 rows of -1"},
		{AllReduce{V: tensor(1, 1)}.Check(), ""},
		{AllReduce{}.Check(), "AllReduce: v"},
	})
}

func TestChecksOfTransfersAndLists(t *testing.T) {
	whole := tensor(8, 8)
	holdChecks(t, []checked{
		{CheckAllocBytes(1<<32, 1<<32, nil), "0 bytes for 4294967296x4294967296"},
		{CheckAllocFloats(2, 3, make([]float32, 5)), "5 numbers for 2x3"},
		{CheckAllocFloats(0, 3, nil), ""},
		{List{nil}.Check(), "operation 0 is nil"},
		{CheckUpload(whole, nil), "64 elements on the device, 0 on the host"},
	})
}

// lamb checks an UpdateLAMB of four parameters.
func lamb(ends []int, trust int) error {
	return UpdateLAMB{Params: tensor(1, 4), Grads: tensor(1, 4), M: tensor(1, 4), V: tensor(1, 4), Ends: ends, Trust: Sums{Mem: &block{}, N: trust},
		Optimiser: Optimiser{Kind: LAMB}, Guard: Sums{Mem: &block{}, N: GuardNorm + len(ends)}}.Check()
}

func TestChecksDoNotAllocate(t *testing.T) {
	y, x, w, b := tensor(3, 5), tensor(3, 4), tensor(5, 4), tensor(1, 5)
	sums, ends := Sums{Mem: &block{}, N: 3}, []int{15}
	n := testing.AllocsPerRun(100, func() {
		_ = Linear{Y: y, Pre: Tensor{}, X: x, W: w, B: b, Act: ReLU}.Check()
		_ = Check{Guard: sums, Grads: y, Ends: ends, Rows: x.Slice(0, 3, 1)}.Check()
	})
	if n != 0 {
		t.Errorf("%v allocations when all is well", n)
	}
}

func TestChecksOfColumnLosses(t *testing.T) {
	columns := func(c ...LossColumns) error {
		return ColumnLoss{Rows: tensor(6, 1), Out: tensor(6, 4), Target: tensor(3, 4), Columns: c}.Check()
	}
	whole := tensor(8, 8)
	counts := ColumnLoss{Rows: tensor(2, 1), Out: tensor(2, 4), Target: tensor(2, 4), Spread: tensor(1, 4), Columns: []LossColumns{{ZeroInflatedColumn, 0, 4}}}
	gaussian := ColumnLoss{Rows: tensor(2, 1), Out: whole.Slice(0, 2, 4), Target: tensor(2, 4), Spread: tensor(1, 4), Columns: []LossColumns{{GaussianColumn, 0, 4}}}
	apart := gaussian
	apart.Each = whole.Slice(4, 2, 4)
	inPlace := gaussian
	inPlace.DOut, inPlace.DSpread, inPlace.Size = inPlace.Out, tensor(1, 4), tensor(2, 1)
	sized := gaussian
	sized.Size = tensor(1, 2)
	holdChecks(t, []checked{
		{columns(LossColumns{BernoulliColumn, 0, 1}, LossColumns{SoftmaxColumns, 1, 3}, LossColumns{PoissonColumn, 3, 4}), ""},
		{columns(LossColumns{BernoulliColumn, 0, 1}, LossColumns{SoftmaxColumns, 2, 4}), "softmax columns 2 to 4 follow column 1"},
		{columns(LossColumns{BernoulliColumn, 0, 0}), "bernoulli columns 0 to 0"},
		{columns(LossColumns{BernoulliColumn, 0, 3}), "out 6x4: columns to 3 of 4"},
		{columns(LossColumns{GaussianColumn, 0, 4}), "spread is none, expected 1x4"},
		{columns(LossColumns{9, 0, 4}), "unknown column(9)"},
		{counts.Check(), "spread is 1x4, expected 2x4"},
		{gaussian.Check(), ""}, {inPlace.Check(), ""},
		{apart.Check(), "overlaps"},
		{sized.Check(), "size is 1x2, expected 2x1"},
	})
	mean := func(spread, size, known Tensor, c ...LossColumns) error {
		return ColumnMean{Y: tensor(6, 4), Out: tensor(6, 4), Spread: spread, Size: size, Known: known, Columns: c}.Check()
	}
	none := Tensor{}
	holdChecks(t, []checked{
		{mean(none, tensor(3, 1), tensor(2, 4), LossColumns{GaussianColumn, 0, 4}), ""},
		{mean(tensor(1, 4), none, none, LossColumns{GaussianColumn, 0, 4}), ""},
		{mean(tensor(2, 4), none, none, LossColumns{ZeroInflatedColumn, 0, 4}), ""},
		{mean(none, none, none, LossColumns{ZeroInflatedColumn, 0, 4}), "spread is none, expected 2x4"},
		{mean(none, tensor(4, 1), none, LossColumns{PoissonColumn, 0, 4}), "no multiple"},
		{mean(none, none, tensor(3, 3), LossColumns{PoissonColumn, 0, 4}), "known is 3x3, expected 3x4"},
		{mean(none, none, none, LossColumns{PoissonColumn, 0, 3}), "columns to 3 of 4"},
	})
}

func TestChecksOfCountTotals(t *testing.T) {
	none, whole, zero := Tensor{}, tensor(8, 8), float32(0)
	totals := func(y, x Tensor, scale, least float32) error {
		return CountTotals{Y: y, X: x, Columns: []LossColumns{{PoissonColumn, 0, 4}}, Scale: scale, Least: least}.Check()
	}
	holdChecks(t, []checked{
		{totals(tensor(6, 1), tensor(6, 4), 0.5, 1e-3), ""},
		{totals(tensor(6, 2), tensor(6, 4), 1, 1), "y is 6x2, expected 6x1"},
		{totals(tensor(6, 1), tensor(6, 5), 1, 1), "CountTotals: x 6x5: columns to 4 of 5"},
		{totals(tensor(6, 1), none, 1, 1), "columns to 4 of 0"},
		{totals(whole.Slice(0, 2, 1), whole.Slice(0, 2, 4), 1, 1), "overlaps"},
		{totals(tensor(6, 1), tensor(6, 4), 0, 1), "scale is 0, expected a finite number above 0"},
		{totals(tensor(6, 1), tensor(6, 4), 1, zero/zero), "least is NaN"},
		{totals(tensor(6, 1), tensor(6, 4), 1/zero, 1), "scale is +Inf"},
	})
}
