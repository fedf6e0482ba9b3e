package plan

import (
	"cmp"
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
)

// reparam draws z = mu + exp(l/2) eps.
func (p *planner) reparam(_ *node, o backend.Reparam) error {
	z := p.sinkOf(o.Z)
	p.launch(p.spread(ceil(o.Z.Len(), 4)), kernels.ReparamFwdF32{Z: z.float, Half: z.half, Ld: z.ld, Ml: at(o.ML), Clock: clockAt(o.Noise.Clock),
		Stream: int(o.Noise.Stream), First: blockOf(o.Noise.First), Batch: o.ML.Rows, K: o.Z.Rows / o.ML.Rows, Width: o.Z.Cols})
	return nil
}

// gaussianKL is each unit's divergence from N(0, 1), mean over the batch, or a share of that mean.
func (p *planner) gaussianKL(n *node, o backend.GaussianKL) error {
	grid, chunks := p.columns(o.ML.Rows, o.KL.Cols)
	k := kernels.GaussianKlFwdF32{Kl: at(o.KL), Ml: at(o.ML), Batch: o.ML.Rows, Of: cmp.Or(o.Of, o.ML.Rows), Width: o.KL.Cols,
		Chunks: chunks, Part: part, TilePart: tiles, Count: count}
	if n.adds.sums.Mem != nil {
		k.Total, k.Scale = sum(n.adds.sums, n.adds.slot), n.adds.scale
	}
	p.launch(grid, k)
	return nil
}

// reparamBack is the gradient by ml of the decoder's loss and of the KL term.
func (p *planner) reparamBack(_ *node, o backend.ReparamBack) error {
	s := p.sinkOf(o.DML)
	p.launch(p.spread(o.ML.Rows*o.DZ.Cols), kernels.ReparamBwdF32{Dml: s.float, Half: s.half, Ld: s.ld, Dz: at(o.DZ), Ml: at(o.ML), Kl: at(o.KL),
		Clock: clockAt(o.Noise.Clock), Stream: int(o.Noise.Stream), First: blockOf(o.Noise.First), Batch: o.ML.Rows, K: o.DZ.Rows / o.ML.Rows,
		Width: o.DZ.Cols, FreeBits: o.FreeBits, Scale: o.Scale})
	return nil
}

// importanceWeights is the normalised weights and the importance-weighted bound.
func (p *planner) importanceWeights(_ *node, o backend.ImportanceWeights) error {
	p.launch(p.perRow(o.ML.Rows), kernels.ImportanceWeightsFwdF32{W: at(o.W), Bound: at(o.Bound), Rows: at(o.Rows), Z: at(o.Z), Ml: at(o.ML),
		Clock: clockAt(o.Noise.Clock), Stream: int(o.Noise.Stream), First: blockOf(o.Noise.First), Batch: o.ML.Rows, K: o.Z.Rows / o.ML.Rows, Width: o.Z.Cols})
	return nil
}

// importanceBack is the gradient by ml of -scale times the sum of the bounds.
func (p *planner) importanceBack(_ *node, o backend.ImportanceBack) error {
	s := p.sinkOf(o.DML)
	p.launch(p.spread(o.ML.Rows*o.Z.Cols), kernels.ImportanceBwdF32{Dml: s.float, Half: s.half, Ld: s.ld, Dz: at(o.DZ), Z: at(o.Z), Ml: at(o.ML), W: at(o.W),
		Clock: clockAt(o.Noise.Clock), Stream: int(o.Noise.Stream), First: blockOf(o.Noise.First), Batch: o.ML.Rows, K: o.Z.Rows / o.ML.Rows,
		Width: o.Z.Cols, Scale: o.Scale})
	return nil
}

// topKBack is dx = [y != 0] . dy.
func (p *planner) topKBack(n *node, o backend.TopKBack) error {
	g, half := p.sourceOf(o.DY)
	saved, savedHalf, act := p.factor(n)
	s := p.sinkOf(o.DX)
	p.launch(p.spread(o.DX.Len()), kernels.TopkBwdF32{Dx: s.float, Half: s.half, Ld: s.ld, Dy: g, DyHalf: half, Y: at(o.Y),
		Rows: o.DX.Rows, Cols: o.DX.Cols, Saved: saved, SavedHalf: savedHalf, Act: act})
	return nil
}

// sparseKL is KL(rho || m_j) summed over the units.
func (p *planner) sparseKL(n *node, o backend.SparseKL) error {
	g, half := p.sourceOf(o.DH)
	saved, savedHalf, act := p.factor(n)
	s := p.sinkOf(o.DH)
	p.launch(p.spread(o.DH.Len()), kernels.SparseKlBwdF32{Out: s.float, Half: s.half, Ld: s.ld, Dh: g, DhHalf: half, Sum: sum(o.Sums, o.Slot),
		M: at(o.M), Rows: o.DH.Rows, Cols: o.DH.Cols, Rho: o.Rho, Scale: o.Scale, Low: backend.MinSparsity, Saved: saved, SavedHalf: savedHalf, Act: act})
	return nil
}

// l1 is the sum of |h|.
func (p *planner) l1(n *node, o backend.L1) error {
	g, gHalf := p.sourceOf(o.DH)
	h, half := p.sourceOf(o.H)
	saved, savedHalf, act := p.factor(n)
	s := p.sinkOf(o.DH)
	p.launch(p.summing(o.H.Len()), kernels.L1BwdF32{Out: s.float, Half: s.half, Ld: s.ld, Dh: g, DhHalf: gHalf, Sum: sum(o.Sums, o.Slot), H: h, HHalf: half,
		Rows: o.H.Rows, Cols: o.H.Cols, Share: o.Share, Scale: o.Scale, Saved: saved, SavedHalf: savedHalf, Act: act, Part: part, Count: count})
	return nil
}

// contractShallow is the squared norm of a one-layer encoder's Jacobian.
func (p *planner) contractShallow(n *node, o backend.ContractShallow) error {
	if !tilesFit(o.Saved.Cols) {
		return fmt.Errorf("%d columns are too many", o.Saved.Cols)
	}
	grid, chunks := p.columns(o.Saved.Rows, o.Saved.Cols)
	da, daHalf := p.sourceOf(o.DA)
	v, half := p.sourceOf(o.Saved)
	s := p.sinkOf(o.DA)
	p.launch(grid, kernels.ContractShallowBwdF32{Out: s.float, Half: s.half, Ld: s.ld, Da: da, DaHalf: daHalf, Dr: at(o.DR), Sum: sum(o.Sums, o.Slot),
		Saved: v, SavedHalf: half, R: at(o.R), Rows: o.Saved.Rows, Cols: o.Saved.Cols, Act: int(o.Act), Sloped: flag(n.sloped),
		Share: o.Share, Scale: o.Scale, Chunks: chunks, Part: part, TilePart: tiles, Count: count})
	return nil
}

// probes fills v with unit vectors or random signs.
func (p *planner) probes(_ *node, o backend.Probes) error {
	p.launch(p.spread(ceil(o.V.Len(), 4)), kernels.ProbesFwdF32{V: at(o.V), Clock: clockAt(o.Noise.Clock), Stream: int(o.Noise.Stream),
		First: blockOf(o.Noise.First), Rows: o.V.Rows, Cols: o.V.Cols, K: o.V.Rows / o.Batch, Exact: flag(o.Exact)})
	return nil
}

// scaleByDerivative is u[b,k,:] = v[b,k,:] . s'(saved[b,:]).
func (p *planner) scaleByDerivative(_ *node, o backend.ScaleByDerivative) error {
	s := p.sinkOf(o.U)
	p.launch(p.spread(o.V.Len()), kernels.DerivativeFwdF32{U: s.float, Half: s.half, Ld: s.ld, V: at(o.V), Saved: at(o.Saved),
		Rows: o.V.Rows, Cols: o.V.Cols, K: o.V.Rows / o.Saved.Rows, Act: int(o.Act)})
	return nil
}

// scaleByDerivativeBack is the gradient of scaleByDerivative by v and by the
// pre-activations.
func (p *planner) scaleByDerivativeBack(_ *node, o backend.ScaleByDerivativeBack) error {
	s := p.sinkOf(o.DV)
	p.launch(p.spread(o.Saved.Len()), kernels.DerivativeBwdF32{Dv: s.float, Half: s.half, Ld: s.ld, Da: at(o.DA), Du: at(o.DU), V: at(o.V), Saved: at(o.Saved),
		Batch: o.Saved.Rows, Cols: o.Saved.Cols, K: o.V.Rows / o.Saved.Rows, Act: int(o.Act)})
	return nil
}

// squareSum is the sum of v^2, and dv = 2 scale v.
func (p *planner) squareSum(_ *node, o backend.SquareSum) error {
	s := p.sinkOf(o.DV)
	p.launch(p.summing(o.V.Len()), kernels.SquareSumBwdF32{Dv: s.float, Half: s.half, Ld: s.ld, Sum: sum(o.Sums, o.Slot), V: at(o.V),
		Rows: o.V.Rows, Cols: o.V.Cols, Share: o.Share, Scale: o.Scale, Part: part, Count: count})
	return nil
}

// topK keeps the k largest elements of every row.
func (p *planner) topK(_ *node, o backend.TopK) error {
	s := p.sinkOf(o.Y)
	p.launch(p.perRow(o.X.Rows), kernels.TopkFwdF32{Y: s.float, Half: s.half, Ld: s.ld, X: at(o.X), Rows: o.X.Rows, Cols: o.X.Cols, K: o.K})
	return nil
}

// columnMeans is m[j] = sum_b h[b,j] / of.
func (p *planner) columnMeans(_ *node, o backend.ColumnMeans) error {
	p.columnSums(o.M, o.H, 1/float64(cmp.Or(o.Of, o.H.Rows)), false)
	return nil
}

// rowSquares is r[j] = sum_i w[j,i]^2.
func (p *planner) rowSquares(_ *node, o backend.RowSquares) error {
	p.launch(p.perRow(o.W.Rows), kernels.RowSquaresFwdF32{R: at(o.R), W: at(o.W), Rows: o.W.Rows, Cols: o.W.Cols})
	return nil
}

// addScaledRows is dw[j,i] += 2 c_j w[j,i].
func (p *planner) addScaledRows(_ *node, o backend.AddScaledRows) error {
	p.launch(p.spread(o.W.Len()), kernels.ScaledRowsBwdF32{Dw: at(o.DW), W: at(o.W), C: at(o.C), Rows: o.W.Rows, Cols: o.W.Cols})
	return nil
}
