package cpu_test

import (
	"slices"

	"github.com/aegpu/aegpu/backend"
)

type call struct {
	name string
	run  func(e *every)
}

var none backend.Tensor

// calls is each operation, in each of its forms that is computed in another way.
func calls() []call {
	return slices.Concat(hostCalls(), layerCalls(), activationCalls(), lossCalls(), columnCalls(), codeCalls(), penaltyCalls(), updateCalls(), batchCalls())
}

// hostCalls is what passes between host and device, and what is done to sums and the clock.
func hostCalls() []call {
	return []call{
		{"Upload", func(e *every) { e.dev.Upload(e.x, e.upload) }},
		{"Download", func(e *every) { e.dev.Download(e.download, e.x) }},
		{"ReadSums", func(e *every) { e.dev.ReadSums(e.readSums, e.sums) }},
		{"WriteSums", func(e *every) { e.dev.WriteSums(e.sums, e.writeSum) }},
		{"ZeroSums", func(e *every) { e.dev.Enqueue(backend.ZeroSums{Sums: e.sums}) }},
		{"Tick", func(e *every) { e.dev.Enqueue(backend.Tick{Clock: e.clock}) }},
	}
}

// layerCalls is products and moves.
func layerCalls() []call {
	return []call{
		{"Linear", func(e *every) {
			e.dev.Enqueue(backend.Linear{Y: e.y, Pre: e.z, X: e.x, W: e.w, B: e.row, Act: backend.SiLU})
		}},
		{"Linear transposed", func(e *every) {
			e.dev.Enqueue(backend.Linear{Y: e.y, Pre: none, X: e.x, W: e.w, B: none, Act: backend.ReLU, Transposed: true})
		}},
		{"LinearBackInput", func(e *every) {
			e.dev.Enqueue(backend.LinearBackInput{DX: e.y, DY: e.x, W: e.w, Saved: e.h, Act: backend.Sigmoid})
		}},
		{"LinearBackWeights", func(e *every) {
			e.dev.Enqueue(backend.LinearBackWeights{DW: e.w, DB: e.row, DY: e.x, X: e.y, Accumulate: true})
		}},
		{"Dropout", func(e *every) { e.dev.Enqueue(backend.Dropout{Y: e.y, X: e.x, Noise: e.noise, P: 0.3}) }},
		{"Add", func(e *every) { e.dev.Enqueue(backend.Add{Dst: e.y, Src: e.x}) }},
		{"Copy", func(e *every) { e.dev.Enqueue(backend.Copy{Dst: e.y, Src: e.x}) }},
		{"CopyColumns", func(e *every) { e.dev.Enqueue(backend.CopyColumns{Dst: e.y, Src: e.wide, From: 100}) }},
		{"Beside", func(e *every) { e.dev.Enqueue(backend.Beside{Dst: e.wide, X: e.y, Class: e.rows}) }},
		{"Zero", func(e *every) { e.dev.Enqueue(backend.Zero{Dst: e.y}) }},
		{"ScaleRows", func(e *every) { e.dev.Enqueue(backend.ScaleRows{T: e.y, W: e.rows}) }},
	}
}

// activationCalls is every activation and its derivative.
func activationCalls() []call {
	var all []call
	for _, act := range backend.Activations() {
		all = append(all,
			call{"Activate " + act.String(), func(e *every) { e.dev.Enqueue(backend.Activate{Y: e.y, X: e.x, Act: act}) }},
			call{"ActivateBack " + act.String(), func(e *every) { e.dev.Enqueue(backend.ActivateBack{DX: e.y, DY: e.x, Saved: e.z, Act: act}) }})
	}
	return all
}

// lossCalls is losses and what is counted of them.
func lossCalls() []call {
	return []call{
		{"Correct", func(e *every) { e.dev.Enqueue(backend.Correct{Sums: e.sums, Slot: 1, Logits: e.x, Target: e.classes}) }},
		{"Accumulate", func(e *every) { e.dev.Enqueue(backend.Accumulate{Sums: e.sums, Slot: 1, V: e.params, Scale: 0.5}) }},
		{"Loss gaussian", func(e *every) {
			e.dev.Enqueue(backend.Loss{DOut: e.dwide, Rows: e.rows, Out: e.wide, Target: e.x, Kind: backend.GaussianNLL, Scale: 0.1})
		}},
		{"Loss categorical", func(e *every) {
			e.dev.Enqueue(backend.Loss{DOut: e.y, Rows: e.rows, Out: e.x, Target: e.classes, Kind: backend.Categorical, Scale: 0.1})
		}},
		{"Loss, K samples", func(e *every) {
			e.dev.Enqueue(backend.Loss{DOut: e.kx, Rows: e.krows, Out: e.kx, Target: e.y, Kind: backend.Bernoulli, Scale: 0.1})
		}},
		{"Loss squared", func(e *every) {
			e.dev.Enqueue(backend.Loss{DOut: none, Rows: e.rows, Out: e.x, Target: e.y, Kind: backend.SquaredError, Scale: 0.1})
		}},
	}
}

// columnCalls is losses of each kind of column, with all gradients, means, and totals.
func columnCalls() []call {
	var all []call
	for kind := backend.GaussianColumn; kind <= backend.ZeroInflatedColumn; kind++ {
		columns := make([]backend.LossColumns, 1)
		all = append(all, call{"ColumnLoss " + kind.String(), func(e *every) {
			columns[0] = backend.LossColumns{Kind: kind, To: e.c}
			o := backend.ColumnLoss{DOut: e.y, Rows: e.rows, Out: e.x, Target: e.h, Columns: columns, Scale: 0.1}
			if n := kind.Spreads(); n > 0 {
				o.Spread, o.DSpread, o.Accumulate = e.unit.Top(n), e.unit.Slice(2*e.c, n, e.c), true
			}
			e.dev.Enqueue(o)
		}}, call{"ColumnMean " + kind.String(), func(e *every) {
			columns[0] = backend.LossColumns{Kind: kind, To: e.c}
			e.dev.Enqueue(backend.ColumnMean{Y: e.x, Out: e.x, Spread: e.unit.Top(max(1, kind.Spreads())), Size: e.rows, Columns: columns})
		}})
	}
	counts, gaussian := make([]backend.LossColumns, 2), make([]backend.LossColumns, 1)
	return append(all, call{"ColumnLoss even", func(e *every) {
		gaussian[0] = backend.LossColumns{To: e.c}
		e.dev.Enqueue(backend.ColumnLoss{DOut: e.y, Rows: e.rows, Out: e.x, Target: e.h, Spread: e.unit.Top(1), Columns: gaussian, Scale: 0.1, Even: true})
	}}, call{"CountTotals", func(e *every) {
		counts[0], counts[1] = backend.LossColumns{Kind: backend.PoissonColumn, To: e.c - 1}, backend.LossColumns{From: e.c - 1, To: e.c}
		e.dev.Enqueue(backend.CountTotals{Y: e.rows, X: e.h, Columns: counts, Scale: 0.1, Least: 0.5})
	}})
}

// codeCalls is codes: drawn, weighted, sparse.
func codeCalls() []call {
	return []call{
		{"Reparam", func(e *every) { e.dev.Enqueue(backend.Reparam{Z: e.kx, ML: e.wide, Noise: e.noise}) }},
		{"GaussianKL", func(e *every) { e.dev.Enqueue(backend.GaussianKL{KL: e.row, ML: e.wide}) }},
		{"ReparamBack", func(e *every) {
			e.dev.Enqueue(backend.ReparamBack{DML: e.dwide, DZ: e.kx, ML: e.wide, KL: e.row, Noise: e.noise, FreeBits: 0.1, Scale: 0.2})
		}},
		{"ImportanceWeights", func(e *every) {
			e.dev.Enqueue(backend.ImportanceWeights{W: e.kw, Bound: e.rows, Rows: e.krows, Z: e.kx, ML: e.wide, Noise: e.noise})
		}},
		{"ImportanceBack", func(e *every) {
			e.dev.Enqueue(backend.ImportanceBack{DML: e.dwide, DZ: e.kx, Z: e.ky, ML: e.wide, W: e.kw, Noise: e.noise, Scale: 0.2})
		}},
		{"TopK", func(e *every) { e.dev.Enqueue(backend.TopK{Y: e.y, X: e.x, K: 17}) }},
		{"TopKBack", func(e *every) { e.dev.Enqueue(backend.TopKBack{DX: e.y, DY: e.x, Y: e.z}) }},
	}
}

// penaltyCalls is penalties, and the chain of the contractive one.
func penaltyCalls() []call {
	return []call{
		{"ColumnMeans", func(e *every) { e.dev.Enqueue(backend.ColumnMeans{M: e.mean, H: e.x}) }},
		{"SparseKL", func(e *every) {
			e.dev.Enqueue(backend.SparseKL{DH: e.x, Sums: e.sums, Slot: 2, M: e.mean, Rho: 0.05, Scale: 0.3})
		}},
		{"L1", func(e *every) {
			e.dev.Enqueue(backend.L1{DH: e.y, Sums: e.sums, Slot: 2, H: e.x, Share: 0.1, Scale: 0.3})
		}},
		{"RowSquares", func(e *every) { e.dev.Enqueue(backend.RowSquares{R: e.row, W: e.w}) }},
		{"ContractShallow", func(e *every) {
			e.dev.Enqueue(backend.ContractShallow{DA: e.y, DR: e.row2, Sums: e.sums, Slot: 3, Saved: e.x, R: e.row, Act: backend.Tanh, Share: 0.1, Scale: 0.2})
		}},
		{"AddScaledRows", func(e *every) { e.dev.Enqueue(backend.AddScaledRows{DW: e.w, W: e.unit.Top(e.c), C: e.row}) }},
		{"Probes", func(e *every) { e.dev.Enqueue(backend.Probes{V: e.kx, Batch: e.b, Noise: e.noise}) }},
		{"Probes exact", func(e *every) {
			e.dev.Enqueue(backend.Probes{V: e.unit, Batch: 2, Noise: backend.Noise{}, Exact: true})
		}},
		{"ScaleByDerivative", func(e *every) {
			e.dev.Enqueue(backend.ScaleByDerivative{U: e.ky, V: e.kx, Saved: e.x, Act: backend.Tanh})
		}},
		{"ScaleByDerivativeBack", func(e *every) {
			e.dev.Enqueue(backend.ScaleByDerivativeBack{DV: e.kx, DA: e.y, DU: e.kx, V: e.ky, Saved: e.x, Act: backend.GELU})
		}},
		{"SquareSum", func(e *every) {
			e.dev.Enqueue(backend.SquareSum{DV: e.y, Sums: e.sums, V: e.x, Share: 0.1, Scale: 0.2})
		}},
	}
}

// updateCalls is the check of gradients, and every update.
func updateCalls() []call {
	all := []call{
		{"Check", func(e *every) {
			e.dev.Enqueue(backend.Check{Guard: e.guard, Grads: e.g, Ends: e.ends, Rows: e.rows, Clock: e.clock})
		}},
	}
	for kind := backend.SGD; kind <= backend.AdamW; kind++ {
		o := backend.Optimiser{Kind: kind, Beta1: 0.9, Beta2: 0.99, Eps: 1e-3, WeightDecay: 0.1, Clip: 1, Decayed: 12345}
		all = append(all, call{"Update " + kind.String(), func(e *every) {
			e.dev.Enqueue(backend.Update{Params: e.params, Grads: e.g, M: e.m, V: e.v, Optimiser: o, Guard: e.guard, Clock: e.clock})
		}})
	}
	lamb := backend.Optimiser{Kind: backend.LAMB, Beta1: 0.9, Beta2: 0.99, Eps: 1e-3, WeightDecay: 0.1, Clip: 1, Decayed: 39001}
	all = append(all, call{"UpdateLAMB", func(e *every) {
		e.dev.Enqueue(backend.UpdateLAMB{Params: e.params, Grads: e.g, M: e.m, V: e.v, Ends: e.ends, Trust: e.trust, Optimiser: lamb, Guard: e.guard, Clock: e.clock})
	}})
	return all
}

// batchCalls is a batch in every corruption.
func batchCalls() []call {
	var all []call
	for _, kind := range []backend.CorruptionKind{backend.Masking, backend.GaussianNoise, backend.SaltAndPepper} {
		b := backend.Batch{Shuffle: true, Binarise: kind == backend.Masking, Corrupt: kind, Level: 0.3, High: 1}
		all = append(all, call{"Gather " + kind.String(), func(e *every) {
			b.Clock = e.clock
			e.dev.Enqueue(backend.Gather{Clean: e.x, Noisy: e.y, Data: e.bytes, Batch: b})
		}})
	}
	return all
}
