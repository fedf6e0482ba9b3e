package backend

import (
	"strings"
	"testing"
)

type block struct{ _ byte }

func (*block) Free() {}

// tensor is a rows x cols operand in memory of its own.
func tensor(rows, cols int) Tensor { return Tensor{Mem: &block{}, Rows: rows, Cols: cols} }

func TestChecksNameTheOperandAndItsShape(t *testing.T) {
	whole := tensor(8, 8)
	sums := Sums{Mem: &block{}, N: 3}
	none := Tensor{}
	for _, tt := range []struct {
		err  error
		want string // "" for no error
	}{
		{CheckLinear(tensor(3, 5), none, tensor(3, 4), tensor(5, 4), tensor(1, 5), ReLU, false), ""},
		{CheckLinear(tensor(3, 5), none, tensor(3, 4), tensor(4, 5), tensor(1, 5), ReLU, true), ""},
		{CheckLinear(tensor(3, 5), none, tensor(3, 4), tensor(5, 6), none, ReLU, false), "backend: Linear: x 3x4 does not fit w 5x6"},
		{CheckLinear(tensor(3, 6), none, tensor(3, 4), tensor(5, 4), none, ReLU, false), "Linear: y is 3x6, expected 3x5"},
		{CheckLinear(none, none, tensor(3, 4), tensor(5, 4), none, ReLU, false), "Linear: y is none, expected 3x5"},
		{CheckLinear(tensor(3, 5), none, tensor(3, 4), tensor(5, 4), tensor(5, 1), ReLU, false), "b is 5x1, expected 1x5"},
		{CheckLinear(tensor(3, 5), none, tensor(3, 4), tensor(5, 4), none, 99, false), "activation(99)"},
		{CheckLinear(whole.Slice(0, 2, 2), none, whole.Slice(3, 2, 2), tensor(2, 2), none, ReLU, false), "overlaps"},
		{CheckLinear(whole.Slice(0, 2, 2), none, whole.Slice(4, 2, 2), tensor(2, 2), none, ReLU, false), ""},
		{CheckLinearBackInput(tensor(3, 4), tensor(3, 5), tensor(5, 4), none, Identity, false), ""},
		{CheckLinearBackInput(tensor(3, 4), tensor(3, 5), tensor(5, 4), none, ReLU, false), "saved is none"},
		{CheckLinearBackWeights(tensor(5, 4), none, tensor(3, 5), tensor(3, 4), false), ""},
		{CheckLinearBackWeights(tensor(5, 4), none, tensor(3, 5), tensor(3, 4), true), "dw is 5x4, expected 4x5"},
		{CheckLinearBackWeights(tensor(5, 4), none, tensor(2, 5), tensor(3, 4), false), "dy 2x5 does not fit x 3x4"},
		{CheckActivate(whole, whole, ReLU), ""},
		{CheckActivate(whole.Slice(0, 2, 4), whole.Slice(4, 2, 4), ReLU), "overlaps"},
		{CheckActivate(tensor(0, 3), tensor(0, 3), ReLU), "x is 0x3"},
		{CheckDropout(whole, whole, 1), "p is 1"},
		{CheckCopyColumns(tensor(3, 2), tensor(3, 4), 2), ""},
		{CheckCopyColumns(tensor(3, 2), tensor(3, 4), 3), "columns from 3 on"},
		{CheckGather(none, none, tensor(9, 4).Data(), Batch{}), "output is none"},
		{CheckGather(tensor(3, 4), none, tensor(9, 4).Data(), Batch{}), ""},
		{CheckGather(tensor(3, 4), tensor(3, 5), tensor(9, 4).Data(), Batch{}), "noisy is 3x5, expected 3x4"},
		{CheckGather(tensor(10, 4), none, tensor(9, 4).Data(), Batch{}), "batch of 10 rows from data of 9"},
		{CheckLoss(none, tensor(6, 1), tensor(6, 4), tensor(3, 4), SquaredError), ""},
		{CheckLoss(none, tensor(6, 1), tensor(6, 4), tensor(3, 2), GaussianNLL), ""},
		{CheckLoss(none, tensor(6, 1), tensor(6, 5), tensor(3, 2), GaussianNLL), "out 6x5 does not fit target 3x2"},
		{CheckLoss(none, tensor(6, 1), tensor(6, 4), tensor(6, 1), Categorical), ""},
		{CheckLoss(none, tensor(6, 1), tensor(6, 4), tensor(4, 4), Bernoulli), "multiple"},
		{CheckLoss(none, tensor(6, 1), tensor(6, 4), tensor(6, 4), 77), "unknown loss 77"},
		{CheckReparam(tensor(6, 2), tensor(3, 4)), ""},
		{CheckReparam(tensor(6, 2), tensor(3, 5)), "z 6x2 does not fit ml 3x5"},
		{CheckTopK(tensor(2, 3), tensor(2, 3), 4), "k is 4 in rows of 3"},
		{CheckAccumulate(sums, 3, whole), "accumulator 3 of 3"},
		{CheckSparseKL(whole, sums, 0, tensor(1, 8), 1), "rho is 1"},
		{CheckProbes(tensor(6, 3), 2, true), ""},
		{CheckProbes(tensor(8, 3), 2, true), "Probes: v 8x3"},
		{CheckCheck(sums, whole, []int{64}, tensor(5, 1)), ""},
		{CheckCheck(sums, whole, []int{64, 65}, tensor(5, 1)), "ends [64 65] in grads 8x8"},
		{CheckUpdate(tensor(1, 4), tensor(1, 4), tensor(1, 4), none, Optimiser{Kind: Adam}, sums), "v is none, expected 1x4"},
		{CheckUpdate(tensor(1, 4), tensor(1, 4), none, none, Optimiser{Decayed: 5}, sums), "5 decayed of params 1x4"},
		{CheckUpdate(tensor(1, 4), tensor(1, 4), tensor(1, 4), tensor(1, 4), Optimiser{Kind: LAMB}, sums), "UpdateLAMB's"},
		{lamb([]int{4}, 1), ""},
		{lamb([]int{2, 2, 4}, 3), ""},
		{lamb([]int{2, 3}, 2), "ends [2 3] do not reach the end of params 1x4"},
		{lamb([]int{2, 5}, 2), "ends [2 5] in params 1x4"},
		{lamb([]int{2, 4}, 1), "trust of 1 slots for 2 parameter tensors"},
		{CheckUpload(whole, nil), "64 elements on the device, 0 on the host"},
	} {
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

// lamb checks an UpdateLAMB of four parameters.
func lamb(ends []int, trust int) error {
	return CheckUpdateLAMB(tensor(1, 4), tensor(1, 4), tensor(1, 4), tensor(1, 4), ends, Sums{Mem: &block{}, N: trust},
		Optimiser{Kind: LAMB}, Sums{Mem: &block{}, N: GuardNorm + len(ends)})
}

func TestChecksDoNotAllocate(t *testing.T) {
	y, x, w, b := tensor(3, 5), tensor(3, 4), tensor(5, 4), tensor(1, 5)
	sums, ends := Sums{Mem: &block{}, N: 3}, []int{15}
	n := testing.AllocsPerRun(100, func() {
		_ = CheckLinear(y, Tensor{}, x, w, b, ReLU, false)
		_ = CheckCheck(sums, y, ends, x.Slice(0, 3, 1))
	})
	if n != 0 {
		t.Errorf("%v allocations when all is well", n)
	}
}
