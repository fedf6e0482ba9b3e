package backendtest

import (
	"slices"

	"github.com/aegpu/aegpu/backend"
)

// The operations of spoils: each as it is, then what it did. The first side is that
// of the rows, or of the batch.

func (d *spoils) Alloc(rows, cols int) (backend.Tensor, error) {
	t, err := d.Device.Alloc(rows, cols)
	if err == nil {
		d.did("Alloc", []int{rows * cols}, tensors(t))
	}
	return t, err
}

func (d *spoils) AllocSums(n int) (backend.Sums, error) {
	s, err := d.Device.AllocSums(n)
	if err == nil && n > 0 {
		d.did("AllocSums", []int{n}, []result{sumAt(s, n-1)})
	}
	return s, err
}

func (d *spoils) AllocBytes(rows, cols int, v []byte) (backend.Data, error) {
	d.did("AllocBytes", []int{cols}, []result{{}})
	if d.due("AllocBytes", []int{cols}) {
		v = slices.Clone(v)
		for i := cols - 1; i < len(v); i += cols {
			v[i] ^= 1
		}
		d.spoilt(cols)
	}
	return d.Device.AllocBytes(rows, cols, v)
}

func (d *spoils) Upload(dst backend.Tensor, src []float32) {
	d.Device.Upload(dst, src)
	d.did("Upload", []int{len(src)}, tensors(dst.Reshape(1, dst.Len())))
}

func (d *spoils) Download(dst []float32, src backend.Tensor) {
	d.Device.Download(dst, src)
	d.did("Download", []int{len(dst)}, []result{{}}, src)
	if d.due("Download", []int{len(dst)}, src) {
		dst[len(dst)-1] = float32(wrong(float64(dst[len(dst)-1])))
		d.spoilt(len(dst))
	}
}

func (d *spoils) ReadSums(dst []float64, src backend.Sums) {
	d.Device.ReadSums(dst, src)
	d.did("ReadSums", []int{src.N}, []result{{}})
	if d.due("ReadSums", []int{src.N}) {
		dst[src.N-1] = wrong(dst[src.N-1])
		d.spoilt(src.N)
	}
}

func (d *spoils) ZeroSums(s backend.Sums) {
	d.Device.Enqueue(backend.ZeroSums{Sums: s})
	if s.N > 0 {
		d.did("ZeroSums", []int{s.N}, []result{sumAt(s, s.N-1)})
	}
}

func (d *spoils) WriteSums(dst backend.Sums, src []float64) {
	d.Device.WriteSums(dst, src)
	if dst.N > 0 {
		d.did("WriteSums", []int{dst.N}, []result{sumAt(dst, dst.N-1)})
	}
}

func (d *spoils) FetchSums(src backend.Sums) backend.Reading {
	d.did("FetchSums", []int{src.N}, []result{{}})
	if !d.due("FetchSums", []int{src.N}) {
		return d.Device.FetchSums(src)
	}
	v := readSums(d.Device, src)
	v[src.N-1] = wrong(v[src.N-1])
	d.spoilt(src.N)
	return backend.Read{Values: v}
}

func (d *spoils) Gather(clean, noisy backend.Tensor, data backend.Data, spec backend.Batch) {
	d.Device.Enqueue(backend.Gather{Clean: clean, Noisy: noisy, Data: data, Batch: spec})
	out := clean
	if clean.None() {
		out = noisy
	}
	d.did("Gather", []int{out.Rows, out.Cols}, tensors(clean, noisy), backend.Tensor{Off: data.Off})
}

func (d *spoils) Linear(y, pre, x, w, b backend.Tensor, act backend.Activation, transposed bool) {
	d.Device.Enqueue(backend.Linear{Y: y, Pre: pre, X: x, W: w, B: b, Act: act, Transposed: transposed})
	d.did("Linear", []int{y.Rows, x.Cols, y.Cols}, tensors(y, pre), x, w, b)
}

func (d *spoils) LinearBackInput(dx, dy, w, saved backend.Tensor, act backend.Activation, transposed bool) {
	d.Device.Enqueue(backend.LinearBackInput{DX: dx, DY: dy, W: w, Saved: saved, Act: act, Transposed: transposed})
	d.did("LinearBackInput", []int{dx.Rows, dx.Cols, dy.Cols}, tensors(dx), dy, w, saved)
}

func (d *spoils) LinearBackWeights(dw, db, dy, x backend.Tensor, transposed, accumulate bool) {
	d.Device.Enqueue(backend.LinearBackWeights{DW: dw, DB: db, DY: dy, X: x, Transposed: transposed, Accumulate: accumulate})
	d.did("LinearBackWeights", []int{dy.Rows, x.Cols, dy.Cols}, tensors(dw, db), dy, x)
}

func (d *spoils) Activate(y, x backend.Tensor, act backend.Activation) {
	d.Device.Enqueue(backend.Activate{Y: y, X: x, Act: act})
	d.did("Activate "+act.String(), []int{y.Rows, y.Cols}, tensors(y), x)
}

func (d *spoils) ActivateBack(dx, dy, saved backend.Tensor, act backend.Activation) {
	d.Device.Enqueue(backend.ActivateBack{DX: dx, DY: dy, Saved: saved, Act: act})
	d.did("ActivateBack "+act.String(), []int{dx.Rows, dx.Cols}, tensors(dx), dy, saved)
}

func (d *spoils) Dropout(y, x backend.Tensor, noise backend.Noise, p float32) {
	d.Device.Enqueue(backend.Dropout{Y: y, X: x, Noise: noise, P: p})
	d.did("Dropout", []int{y.Rows, y.Cols}, tensors(y), x)
}

func (d *spoils) Add(dst, src backend.Tensor) {
	d.Device.Enqueue(backend.Add{Dst: dst, Src: src})
	d.did("Add", []int{dst.Rows, dst.Cols}, tensors(dst), src)
}

func (d *spoils) Copy(dst, src backend.Tensor) {
	d.Device.Enqueue(backend.Copy{Dst: dst, Src: src})
	d.did("Copy", []int{dst.Rows, dst.Cols}, tensors(dst), src)
}

func (d *spoils) CopyColumns(dst, src backend.Tensor, from int) {
	d.Device.Enqueue(backend.CopyColumns{Dst: dst, Src: src, From: from})
	d.did("CopyColumns", []int{dst.Rows, dst.Cols}, tensors(dst), src)
}

func (d *spoils) Beside(dst, x, class backend.Tensor) {
	d.Device.Enqueue(backend.Beside{Dst: dst, X: x, Class: class})
	d.did("Beside", []int{class.Rows, x.Cols}, tensors(dst), x, class)
}

func (d *spoils) Zero(dst backend.Tensor) {
	d.Device.Enqueue(backend.Zero{Dst: dst})
	d.did("Zero", []int{dst.Rows, dst.Cols}, tensors(dst))
}

func (d *spoils) AllReduce(v backend.Tensor) {
	d.Device.Enqueue(backend.AllReduce{V: v})
	d.did("AllReduce", []int{v.Rows, v.Cols}, tensors(v))
}

func (d *spoils) ScaleRows(t, w backend.Tensor) {
	d.Device.Enqueue(backend.ScaleRows{T: t, W: w})
	d.did("ScaleRows", []int{t.Rows, t.Cols}, tensors(t), w)
}

func (d *spoils) Loss(dout, rows, out, target backend.Tensor, kind backend.LossKind, scale float32) {
	d.Device.Enqueue(backend.Loss{DOut: dout, Rows: rows, Out: out, Target: target, Kind: kind, Scale: scale})
	width := out.Cols
	if kind == backend.GaussianNLL {
		width /= 2
	}
	d.did("Loss "+kind.String(), []int{target.Rows, width}, tensors(dout, rows), out, target)
}

func (d *spoils) ColumnLoss(dout, rows, out, target, each, spread, dspread, size, weights backend.Tensor, columns []backend.LossColumns, scale float32, accumulate, even bool) {
	d.Device.Enqueue(backend.ColumnLoss{DOut: dout, Rows: rows, Out: out, Target: target, Each: each, Spread: spread, DSpread: dspread, Size: size, Weights: weights,
		Columns: columns, Scale: scale, Accumulate: accumulate, Even: even})
	d.did("ColumnLoss", []int{target.Rows, out.Cols}, tensors(dout, rows, each, dspread), out, target, spread, size, weights)
}

func (d *spoils) ColumnMean(y, out, spread, size, known backend.Tensor, columns []backend.LossColumns) {
	d.Device.Enqueue(backend.ColumnMean{Y: y, Out: out, Spread: spread, Size: size, Known: known, Columns: columns})
	rows := out.Rows
	if !known.None() {
		rows = known.Rows
	}
	d.did("ColumnMean", []int{rows, out.Cols}, tensors(y), out, spread, size, known)
}

func (d *spoils) CountTotals(y, x backend.Tensor, columns []backend.LossColumns, scale, least float32) {
	d.Device.Enqueue(backend.CountTotals{Y: y, X: x, Columns: columns, Scale: scale, Least: least})
	d.did("CountTotals", []int{x.Rows, x.Cols}, tensors(y), x)
}

func (d *spoils) Correct(s backend.Sums, i int, logits, target backend.Tensor) {
	d.Device.Enqueue(backend.Correct{Sums: s, Slot: i, Logits: logits, Target: target})
	d.did("Correct", []int{logits.Rows, logits.Cols}, []result{sumAt(s, i)}, logits, target)
}

func (d *spoils) Accumulate(s backend.Sums, i int, v backend.Tensor, scale float64) {
	d.Device.Enqueue(backend.Accumulate{Sums: s, Slot: i, V: v, Scale: scale})
	d.did("Accumulate", []int{v.Rows, v.Cols}, []result{sumAt(s, i)}, v)
}

func (d *spoils) Reparam(z, ml backend.Tensor, noise backend.Noise) {
	d.Device.Enqueue(backend.Reparam{Z: z, ML: ml, Noise: noise})
	d.did("Reparam", []int{ml.Rows, z.Cols}, tensors(z), ml)
}

func (d *spoils) GaussianKL(kl, ml backend.Tensor, of int) {
	d.Device.Enqueue(backend.GaussianKL{KL: kl, ML: ml, Of: of})
	d.did("GaussianKL", []int{ml.Rows, kl.Cols}, tensors(kl), ml)
}

func (d *spoils) ReparamBack(dml, dz, ml, kl backend.Tensor, noise backend.Noise, freeBits, scale float32) {
	d.Device.Enqueue(backend.ReparamBack{DML: dml, DZ: dz, ML: ml, KL: kl, Noise: noise, FreeBits: freeBits, Scale: scale})
	d.did("ReparamBack", []int{ml.Rows, dz.Cols}, tensors(dml), dz, ml, kl)
}

func (d *spoils) ImportanceWeights(w, bound, rows, z, ml backend.Tensor, noise backend.Noise) {
	d.Device.Enqueue(backend.ImportanceWeights{W: w, Bound: bound, Rows: rows, Z: z, ML: ml, Noise: noise})
	d.did("ImportanceWeights", []int{ml.Rows, z.Cols}, tensors(w, bound), rows, z, ml)
}

func (d *spoils) ImportanceBack(dml, dz, z, ml, w backend.Tensor, noise backend.Noise, scale float32) {
	d.Device.Enqueue(backend.ImportanceBack{DML: dml, DZ: dz, Z: z, ML: ml, W: w, Noise: noise, Scale: scale})
	d.did("ImportanceBack", []int{ml.Rows, z.Cols}, tensors(dml), dz, z, ml, w)
}

func (d *spoils) TopK(y, x backend.Tensor, k int) {
	d.Device.Enqueue(backend.TopK{Y: y, X: x, K: k})
	d.did("TopK", []int{y.Rows, y.Cols}, tensors(y), x)
}

func (d *spoils) TopKBack(dx, dy, y backend.Tensor) {
	d.Device.Enqueue(backend.TopKBack{DX: dx, DY: dy, Y: y})
	d.did("TopKBack", []int{dx.Rows, dx.Cols}, tensors(dx), dy, y)
}

func (d *spoils) ColumnMeans(m, h backend.Tensor, of int) {
	d.Device.Enqueue(backend.ColumnMeans{M: m, H: h, Of: of})
	d.did("ColumnMeans", []int{h.Rows, h.Cols}, tensors(m), h)
}

func (d *spoils) SparseKL(dh backend.Tensor, s backend.Sums, i int, m backend.Tensor, rho, scale float32) {
	d.Device.Enqueue(backend.SparseKL{DH: dh, Sums: s, Slot: i, M: m, Rho: rho, Scale: scale})
	d.did("SparseKL", []int{dh.Rows, dh.Cols}, []result{tensor(dh), sumAt(s, i)}, m)
}

func (d *spoils) L1(dh backend.Tensor, s backend.Sums, i int, h backend.Tensor, share float64, scale float32) {
	d.Device.Enqueue(backend.L1{DH: dh, Sums: s, Slot: i, H: h, Share: share, Scale: scale})
	d.did("L1", []int{dh.Rows, dh.Cols}, []result{tensor(dh), sumAt(s, i)}, h)
}

func (d *spoils) RowSquares(r, w backend.Tensor) {
	d.Device.Enqueue(backend.RowSquares{R: r, W: w})
	d.did("RowSquares", []int{w.Rows, w.Cols}, tensors(r), w)
}

func (d *spoils) ContractShallow(da, dr backend.Tensor, s backend.Sums, i int, saved, r backend.Tensor, act backend.Activation, share float64, scale float32) {
	d.Device.Enqueue(backend.ContractShallow{DA: da, DR: dr, Sums: s, Slot: i, Saved: saved, R: r, Act: act, Share: share, Scale: scale})
	d.did("ContractShallow", []int{da.Rows, da.Cols}, []result{tensor(da), tensor(dr), sumAt(s, i)}, saved, r)
}

func (d *spoils) AddScaledRows(dw, w, c backend.Tensor) {
	d.Device.Enqueue(backend.AddScaledRows{DW: dw, W: w, C: c})
	d.did("AddScaledRows", []int{w.Rows, w.Cols}, tensors(dw), w, c)
}

func (d *spoils) Probes(v backend.Tensor, batch int, noise backend.Noise, exact bool) {
	d.Device.Enqueue(backend.Probes{V: v, Batch: batch, Noise: noise, Exact: exact})
	d.did("Probes", []int{batch, v.Cols}, tensors(v))
}

func (d *spoils) ScaleByDerivative(u, v, saved backend.Tensor, act backend.Activation) {
	d.Device.Enqueue(backend.ScaleByDerivative{U: u, V: v, Saved: saved, Act: act})
	d.did("ScaleByDerivative", []int{saved.Rows, saved.Cols}, tensors(u), v, saved)
}

func (d *spoils) ScaleByDerivativeBack(dv, da, du, v, saved backend.Tensor, act backend.Activation) {
	d.Device.Enqueue(backend.ScaleByDerivativeBack{DV: dv, DA: da, DU: du, V: v, Saved: saved, Act: act})
	d.did("ScaleByDerivativeBack", []int{saved.Rows, saved.Cols}, tensors(dv, da), du, v, saved)
}

func (d *spoils) SquareSum(dv backend.Tensor, s backend.Sums, i int, v backend.Tensor, share float64, scale float32) {
	d.Device.Enqueue(backend.SquareSum{DV: dv, Sums: s, Slot: i, V: v, Share: share, Scale: scale})
	d.did("SquareSum", []int{v.Rows, v.Cols}, []result{tensor(dv), sumAt(s, i)}, v)
}

func (d *spoils) Check(guard backend.Sums, grads backend.Tensor, ends []int, rows backend.Tensor, c backend.Clock) {
	d.Device.Enqueue(backend.Check{Guard: guard, Grads: grads, Ends: ends, Rows: rows, Clock: c})
	d.did("Check", []int{rows.Rows, grads.Len()}, []result{sumAt(guard, backend.GuardLoss), sumAt(guard, guard.N-1)}, grads, rows)
}

func (d *spoils) Update(params, grads, m, v backend.Tensor, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	d.Device.Enqueue(backend.Update{Params: params, Grads: grads, M: m, V: v, Optimiser: o, Guard: guard, Clock: c})
	outs := tensors(params, m, v)[:1+o.Kind.Moments()]
	d.did("Update "+o.Kind.String(), []int{params.Len()}, outs, grads)
}

func (d *spoils) UpdateLAMB(params, grads, m, v backend.Tensor, ends []int, trust backend.Sums, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	d.Device.Enqueue(backend.UpdateLAMB{Params: params, Grads: grads, M: m, V: v, Ends: ends, Trust: trust, Optimiser: o, Guard: guard, Clock: c})
	d.did("UpdateLAMB", []int{params.Len()}, append(tensors(params, grads, m, v), sumAt(trust, 0)))
}
