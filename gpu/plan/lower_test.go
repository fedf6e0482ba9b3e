package plan_test

import (
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/plan"
)

// every is each operation once, by itself.
func every() (cases []golden) {
	l := newLayer()
	c, s, guard := clock("clock"), sums("sums", 4), sums("guard", 4)
	noise := backend.Noise{Clock: c, Stream: backend.StreamCode}
	later := backend.Noise{Clock: c, Stream: backend.StreamCode, First: 1<<31 + 8}
	z, ml, kl, dml := tensor("z", 12, 4), tensor("ml", 6, 8), tensor("kl", 1, 4), tensor("dml", 6, 8)
	rows, w12, bound := tensor("rows", 12, 1), tensor("weight", 12, 1), tensor("bound", 6, 1)
	p, g, m, v := tensor("p", 1, 9), tensor("g", 1, 9), tensor("m", 1, 9), tensor("v", 1, 9)
	o := tensor("o", 12, 8)
	batch := backend.Batch{Clock: c, Shuffle: true, Binarise: true, Corrupt: backend.SaltAndPepper, Level: .3, High: 1}
	for _, op := range []backend.Operation{
		backend.Gather{Clean: l.x, Noisy: l.dx, Data: backend.Data{Mem: &memory{"bytes"}, Off: 7, Rows: 60, Cols: 5, Bytes: true}, Batch: batch},
		backend.Gather{Noisy: l.dx, Data: backend.Data{Mem: &memory{"floats"}, Off: 7, Rows: 60, Cols: 5}, Batch: batch},
		backend.Gather{Noisy: l.dx, Data: backend.Data{Mem: &memory{"floats"}, Rows: 60, Cols: 5}, Batch: backend.Batch{Clock: c, Corrupt: backend.Masking, First: 40}},
		backend.Tick{Clock: c, Rows: 6}, backend.ZeroSums{Sums: s},
		l.forward(backend.GELU), backend.Linear{Y: l.dy, Pre: l.y, X: l.dx, W: l.w.Reshape(5, 4), Act: backend.ReLU, Transposed: true},
		backend.LinearBackInput{DX: l.dx, DY: l.dy, W: l.w}, backend.LinearBackInput{DX: l.dx, DY: l.dy, W: l.w.Reshape(5, 4), Saved: l.x, Act: backend.SiLU, Transposed: true},
		l.weights(), backend.LinearBackWeights{DW: l.dw.Reshape(5, 4), DB: l.db, DY: l.dy, X: l.x, Transposed: true},
		backend.LinearBackWeights{DW: l.dw, DB: l.db, DY: l.dy, X: l.x, Accumulate: true},
		backend.Activate{Y: l.y, X: l.y, Act: backend.ELU}, backend.ActivateBack{DX: l.dy, DY: l.y, Saved: l.y, Act: backend.ReLU},
		backend.Dropout{Y: l.y, X: l.dy, Noise: noise, P: .25},
		backend.Add{Dst: l.y, Src: l.dy}, backend.Copy{Dst: l.y, Src: l.dy}, backend.CopyColumns{Dst: l.y, Src: ml, From: 4}, backend.Beside{Dst: o, X: tensor("o", 12, 4), Class: bound}, backend.Zero{Dst: l.y.Slice(4, 2, 4)},
		backend.ScaleRows{T: z, W: w12}, backend.AllReduce{V: l.w.Slice(4, 2, 4)},
		backend.Loss{DOut: z, Rows: rows, Out: tensor("o", 12, 4), Target: l.y, Kind: backend.SquaredError, Scale: .5},
		backend.Loss{Rows: rows, Out: tensor("o", 12, 4), Target: l.y, Kind: backend.Bernoulli, Scale: .5},
		backend.Loss{DOut: o, Rows: rows, Out: o, Target: l.y, Kind: backend.GaussianNLL, Scale: .5},
		backend.Loss{DOut: l.dy, Rows: bound, Out: l.y, Target: tensor("class", 6, 1), Kind: backend.Categorical, Scale: .5},
		backend.ColumnLoss{Rows: bound, Out: l.y, Target: tensor("table", 6, 4), Columns: []backend.LossColumns{{Kind: backend.SoftmaxColumns, To: 3}, {Kind: backend.PoissonColumn, From: 3, To: 4}}, Scale: .5},
		backend.ColumnLoss{DOut: z, Rows: rows, Out: z, Target: l.y, Each: tensor("each", 12, 4), Spread: tensor("spread", 2, 4), DSpread: tensor("dspread", 2, 4), Size: bound, Weights: w12,
			Columns: []backend.LossColumns{{Kind: backend.ZeroInflatedColumn, To: 4}}, Scale: .5, Accumulate: true},
		backend.ColumnLoss{DOut: l.dy, Rows: bound, Out: l.y, Target: tensor("table", 6, 4), Spread: tensor("spread", 1, 4), Columns: []backend.LossColumns{{To: 4}}, Scale: .5, Even: true},
		backend.ColumnMean{Y: l.dy, Out: l.y, Columns: []backend.LossColumns{{Kind: backend.SoftmaxColumns, To: 3}, {Kind: backend.BernoulliColumn, From: 3, To: 4}}},
		backend.ColumnMean{Y: z, Out: z, Spread: tensor("spread", 2, 4), Size: bound, Known: l.y, Columns: []backend.LossColumns{{Kind: backend.ZeroInflatedColumn, To: 4}}},
		backend.CountTotals{Y: bound, X: l.y, Columns: []backend.LossColumns{{Kind: backend.BernoulliColumn, To: 1}, {Kind: backend.PoissonColumn, From: 1, To: 4}}, Scale: .5, Least: .25},
		backend.Correct{Sums: s, Slot: 1, Logits: l.y, Target: bound}, backend.Accumulate{Sums: s, Slot: 2, V: l.y, Scale: .5},
		backend.Reparam{Z: z, ML: ml, Noise: noise}, backend.GaussianKL{KL: kl, ML: ml},
		backend.Reparam{Z: z, ML: ml, Noise: later}, backend.GaussianKL{KL: kl, ML: ml, Of: 14},
		backend.ReparamBack{DML: dml, DZ: z, ML: ml, KL: kl, Noise: noise, FreeBits: .1, Scale: .5},
		backend.ImportanceWeights{W: w12, Bound: bound, Rows: rows, Z: z, ML: ml, Noise: noise},
		backend.ImportanceBack{DML: dml, DZ: tensor("dz", 12, 4), Z: z, ML: ml, W: w12, Noise: noise, Scale: .5},
		backend.TopK{Y: l.dy, X: l.y, K: 2}, backend.TopKBack{DX: l.dy, DY: l.dy, Y: l.y},
		backend.ColumnMeans{M: l.db, H: l.y}, backend.ColumnMeans{M: l.db, H: l.y, Of: 16}, backend.SparseKL{DH: l.dy, Sums: s, Slot: 3, M: l.db, Rho: .1, Scale: .5},
		backend.L1{DH: l.dy, Sums: s, Slot: 3, H: l.y, Share: .25, Scale: .5},
		backend.RowSquares{R: l.db, W: l.w}, backend.ContractShallow{DA: l.dy, DR: l.db, Sums: s, Slot: 3, Saved: l.y, R: kl, Act: backend.Tanh, Share: .25, Scale: .5},
		backend.AddScaledRows{DW: l.dw, W: l.w, C: l.db}, backend.Probes{V: z, Batch: 6, Noise: noise}, backend.Probes{V: tensor("unit", 24, 4), Batch: 6, Exact: true},
		backend.ScaleByDerivative{U: z, V: z, Saved: l.y, Act: backend.Tanh},
		backend.ScaleByDerivativeBack{DV: z, DA: l.dy, DU: z, V: tensor("probe", 12, 4), Saved: l.y, Act: backend.Tanh},
		backend.SquareSum{DV: l.dy, Sums: s, Slot: 1, V: l.y, Share: .25, Scale: .5},
		backend.Check{Guard: guard, Grads: g, Ends: []int{4, 9}, Rows: rows, Clock: c},
		backend.Update{Params: p, Grads: g, M: m, V: v, Optimiser: backend.Optimiser{Kind: backend.Momentum, Decayed: 4, WeightDecay: .1, Clip: 1}, Guard: guard, Clock: c},
		backend.Update{Params: p, Grads: g, M: m, V: v, Optimiser: backend.Optimiser{Kind: backend.AdamW, Beta1: .9, Beta2: .99, Eps: .5}, Guard: guard, Clock: c},
		backend.UpdateLAMB{Params: p, Grads: g, M: m, V: v, Ends: []int{4, 9}, Trust: sums("trust", 2), Optimiser: backend.Optimiser{Kind: backend.LAMB, Beta1: .9}, Guard: guard, Clock: c},
	} {
		cases = append(cases, golden{name: backend.Name(op), Options: plan.Options{Ranks: true}, apart: true, list: backend.List{op}})
	}
	return cases
}

// TestLower holds the launches of every operation with all their arguments.
func TestLower(t *testing.T) {
	cases, seen := every(), map[string]int{}
	for i, g := range cases {
		if seen[g.name]++; seen[g.name] > 1 {
			cases[i].name += strings.Repeat("'", seen[g.name]-1)
		}
	}
	check(t, "lower", cases)
	for _, op := range backend.Operations() {
		if seen[backend.Name(op)] == 0 {
			t.Errorf("%s is not among the cases", backend.Name(op))
		}
	}
}

// TestGrids holds grids within what a device of a few multiprocessors can hold.
func TestGrids(t *testing.T) {
	big := tensor("big", 5000, 1000)
	list := backend.List{backend.Add{Dst: big, Src: tensor("src", 5000, 1000)}, backend.ColumnMeans{M: tensor("m", 1, 1000), H: big},
		backend.TopK{Y: big, X: tensor("src", 5000, 1000), K: 3}, backend.Accumulate{Sums: sums("sums", 1), V: big}}
	for _, c := range []struct {
		sms  int
		want []int
	}{{1, []int{16, 32, 16, 8}}, {4, []int{64, 32, 64, 32}}, {132, []int{2112, 32 * 33, 2112, 1056}}} {
		p, err := plan.Make(list, plan.Options{SMs: c.sms})
		if err != nil {
			t.Fatal(err)
		}
		for i, it := range p.Items {
			if it.Grid != c.want[i] {
				t.Errorf("%d multiprocessors: %s<%d>, expected %d blocks", c.sms, it.Short(), it.Grid, c.want[i])
			}
		}
	}
}

// unknown is an operation that nobody wrote a plan for.
type unknown struct{ backend.Zero }

// TestErrors holds what has no plan.
func TestErrors(t *testing.T) {
	const many = 1 << 33
	c, guard := clock("clock"), sums("guard", 3)
	g := tensor("g", 1, many)
	ends := make([]int, 1<<20)
	for i := range ends {
		ends[i] = i + 1
	}
	short := tensor("g", 1, len(ends))
	wide := 32 * (1 << 16)
	for _, x := range []struct {
		op   backend.Operation
		want string
	}{
		{unknown{}, "unknown: there is no plan for it"},
		{backend.Check{Guard: guard, Grads: tensor("g", 1, 5), Ends: []int{5}, Rows: tensor("rows", many, 1), Clock: c}, "Check: 5 parameters are too many"},
		{backend.UpdateLAMB{Params: short, Grads: short, M: short, V: short, Ends: ends, Guard: guard, Clock: c}, "UpdateLAMB: 1048576 parameters are too many"},
		{backend.ContractShallow{DA: tensor("da", 1, wide), DR: tensor("dr", 1, wide), Saved: tensor("h", 1, wide), R: tensor("r", 1, wide), Sums: sums("sums", 1)}, "ContractShallow: 2097152 columns are too many"},
	} {
		if p, err := plan.Make(backend.List{backend.Zero{Dst: tensor("z", 1, 1)}, x.op}, plan.Options{SMs: 132}); p != nil || err == nil || err.Error() != x.want {
			t.Errorf("%v, expected %q", err, x.want)
		}
	}
	p, err := plan.Make(backend.List{backend.Check{Guard: guard, Grads: g, Ends: []int{many}, Rows: tensor("rows", 1, 1), Clock: c}}, plan.Options{SMs: 132})
	if err != nil || len(p.Buffers) != 1 || p.Buffers[0].Bytes > 1<<16 {
		t.Errorf("a gradient of 2^33 is cut into larger spans, not more: %v", err)
	}
}
