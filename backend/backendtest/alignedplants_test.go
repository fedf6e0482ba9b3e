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
	d.Device.ZeroSums(s)
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
	d.Device.Gather(clean, noisy, data, spec)
	out := clean
	if clean.None() {
		out = noisy
	}
	d.did("Gather", []int{out.Rows, out.Cols}, tensors(clean, noisy), backend.Tensor{Off: data.Off})
}

func (d *spoils) Linear(y, pre, x, w, b backend.Tensor, act backend.Activation, transposed bool) {
	d.Device.Linear(y, pre, x, w, b, act, transposed)
	d.did("Linear", []int{y.Rows, x.Cols, y.Cols}, tensors(y, pre), x, w, b)
}

func (d *spoils) LinearBackInput(dx, dy, w, saved backend.Tensor, act backend.Activation, transposed bool) {
	d.Device.LinearBackInput(dx, dy, w, saved, act, transposed)
	d.did("LinearBackInput", []int{dx.Rows, dx.Cols, dy.Cols}, tensors(dx), dy, w, saved)
}

func (d *spoils) LinearBackWeights(dw, db, dy, x backend.Tensor, transposed, accumulate bool) {
	d.Device.LinearBackWeights(dw, db, dy, x, transposed, accumulate)
	d.did("LinearBackWeights", []int{dy.Rows, x.Cols, dy.Cols}, tensors(dw, db), dy, x)
}

func (d *spoils) Activate(y, x backend.Tensor, act backend.Activation) {
	d.Device.Activate(y, x, act)
	d.did("Activate "+act.String(), []int{y.Rows, y.Cols}, tensors(y), x)
}

func (d *spoils) ActivateBack(dx, dy, saved backend.Tensor, act backend.Activation) {
	d.Device.ActivateBack(dx, dy, saved, act)
	d.did("ActivateBack "+act.String(), []int{dx.Rows, dx.Cols}, tensors(dx), dy, saved)
}

func (d *spoils) Dropout(y, x backend.Tensor, noise backend.Noise, p float32) {
	d.Device.Dropout(y, x, noise, p)
	d.did("Dropout", []int{y.Rows, y.Cols}, tensors(y), x)
}

func (d *spoils) Add(dst, src backend.Tensor) {
	d.Device.Add(dst, src)
	d.did("Add", []int{dst.Rows, dst.Cols}, tensors(dst), src)
}

func (d *spoils) Copy(dst, src backend.Tensor) {
	d.Device.Copy(dst, src)
	d.did("Copy", []int{dst.Rows, dst.Cols}, tensors(dst), src)
}

func (d *spoils) CopyColumns(dst, src backend.Tensor, from int) {
	d.Device.CopyColumns(dst, src, from)
	d.did("CopyColumns", []int{dst.Rows, dst.Cols}, tensors(dst), src)
}

func (d *spoils) Zero(dst backend.Tensor) {
	d.Device.Zero(dst)
	d.did("Zero", []int{dst.Rows, dst.Cols}, tensors(dst))
}

func (d *spoils) ScaleRows(t, w backend.Tensor) {
	d.Device.ScaleRows(t, w)
	d.did("ScaleRows", []int{t.Rows, t.Cols}, tensors(t), w)
}

func (d *spoils) Loss(dout, rows, out, target backend.Tensor, kind backend.LossKind, scale float32) {
	d.Device.Loss(dout, rows, out, target, kind, scale)
	width := out.Cols
	if kind == backend.GaussianNLL {
		width /= 2
	}
	d.did("Loss "+kind.String(), []int{target.Rows, width}, tensors(dout, rows), out, target)
}

func (d *spoils) Correct(s backend.Sums, i int, logits, target backend.Tensor) {
	d.Device.Correct(s, i, logits, target)
	d.did("Correct", []int{logits.Rows, logits.Cols}, []result{sumAt(s, i)}, logits, target)
}

func (d *spoils) Accumulate(s backend.Sums, i int, v backend.Tensor, scale float64) {
	d.Device.Accumulate(s, i, v, scale)
	d.did("Accumulate", []int{v.Rows, v.Cols}, []result{sumAt(s, i)}, v)
}

func (d *spoils) Reparam(z, ml backend.Tensor, noise backend.Noise) {
	d.Device.Reparam(z, ml, noise)
	d.did("Reparam", []int{ml.Rows, z.Cols}, tensors(z), ml)
}

func (d *spoils) GaussianKL(kl, ml backend.Tensor) {
	d.Device.GaussianKL(kl, ml)
	d.did("GaussianKL", []int{ml.Rows, kl.Cols}, tensors(kl), ml)
}

func (d *spoils) ReparamBack(dml, dz, ml, kl backend.Tensor, noise backend.Noise, freeBits, scale float32) {
	d.Device.ReparamBack(dml, dz, ml, kl, noise, freeBits, scale)
	d.did("ReparamBack", []int{ml.Rows, dz.Cols}, tensors(dml), dz, ml, kl)
}

func (d *spoils) ImportanceWeights(w, bound, rows, z, ml backend.Tensor, noise backend.Noise) {
	d.Device.ImportanceWeights(w, bound, rows, z, ml, noise)
	d.did("ImportanceWeights", []int{ml.Rows, z.Cols}, tensors(w, bound), rows, z, ml)
}

func (d *spoils) ImportanceBack(dml, dz, z, ml, w backend.Tensor, noise backend.Noise, scale float32) {
	d.Device.ImportanceBack(dml, dz, z, ml, w, noise, scale)
	d.did("ImportanceBack", []int{ml.Rows, z.Cols}, tensors(dml), dz, z, ml, w)
}

func (d *spoils) TopK(y, x backend.Tensor, k int) {
	d.Device.TopK(y, x, k)
	d.did("TopK", []int{y.Rows, y.Cols}, tensors(y), x)
}

func (d *spoils) TopKBack(dx, dy, y backend.Tensor) {
	d.Device.TopKBack(dx, dy, y)
	d.did("TopKBack", []int{dx.Rows, dx.Cols}, tensors(dx), dy, y)
}

func (d *spoils) ColumnMeans(m, h backend.Tensor) {
	d.Device.ColumnMeans(m, h)
	d.did("ColumnMeans", []int{h.Rows, h.Cols}, tensors(m), h)
}

func (d *spoils) SparseKL(dh backend.Tensor, s backend.Sums, i int, m backend.Tensor, rho, scale float32) {
	d.Device.SparseKL(dh, s, i, m, rho, scale)
	d.did("SparseKL", []int{dh.Rows, dh.Cols}, []result{tensor(dh), sumAt(s, i)}, m)
}

func (d *spoils) L1(dh backend.Tensor, s backend.Sums, i int, h backend.Tensor, share float64, scale float32) {
	d.Device.L1(dh, s, i, h, share, scale)
	d.did("L1", []int{dh.Rows, dh.Cols}, []result{tensor(dh), sumAt(s, i)}, h)
}

func (d *spoils) RowSquares(r, w backend.Tensor) {
	d.Device.RowSquares(r, w)
	d.did("RowSquares", []int{w.Rows, w.Cols}, tensors(r), w)
}

func (d *spoils) ContractShallow(da, dr backend.Tensor, s backend.Sums, i int, saved, r backend.Tensor, act backend.Activation, share float64, scale float32) {
	d.Device.ContractShallow(da, dr, s, i, saved, r, act, share, scale)
	d.did("ContractShallow", []int{da.Rows, da.Cols}, []result{tensor(da), tensor(dr), sumAt(s, i)}, saved, r)
}

func (d *spoils) AddScaledRows(dw, w, c backend.Tensor) {
	d.Device.AddScaledRows(dw, w, c)
	d.did("AddScaledRows", []int{w.Rows, w.Cols}, tensors(dw), w, c)
}

func (d *spoils) Probes(v backend.Tensor, batch int, noise backend.Noise, exact bool) {
	d.Device.Probes(v, batch, noise, exact)
	d.did("Probes", []int{batch, v.Cols}, tensors(v))
}

func (d *spoils) ScaleByDerivative(u, v, saved backend.Tensor, act backend.Activation) {
	d.Device.ScaleByDerivative(u, v, saved, act)
	d.did("ScaleByDerivative", []int{saved.Rows, saved.Cols}, tensors(u), v, saved)
}

func (d *spoils) ScaleByDerivativeBack(dv, da, du, v, saved backend.Tensor, act backend.Activation) {
	d.Device.ScaleByDerivativeBack(dv, da, du, v, saved, act)
	d.did("ScaleByDerivativeBack", []int{saved.Rows, saved.Cols}, tensors(dv, da), du, v, saved)
}

func (d *spoils) SquareSum(dv backend.Tensor, s backend.Sums, i int, v backend.Tensor, share float64, scale float32) {
	d.Device.SquareSum(dv, s, i, v, share, scale)
	d.did("SquareSum", []int{v.Rows, v.Cols}, []result{tensor(dv), sumAt(s, i)}, v)
}

func (d *spoils) Check(guard backend.Sums, grads backend.Tensor, ends []int, rows backend.Tensor, c backend.Clock) {
	d.Device.Check(guard, grads, ends, rows, c)
	d.did("Check", []int{rows.Rows, grads.Len()}, []result{sumAt(guard, backend.GuardLoss), sumAt(guard, guard.N-1)}, grads, rows)
}

func (d *spoils) Update(params, grads, m, v backend.Tensor, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	d.Device.Update(params, grads, m, v, o, guard, c)
	outs := tensors(params, m, v)[:1+o.Kind.Moments()]
	d.did("Update "+o.Kind.String(), []int{params.Len()}, outs, grads)
}

func (d *spoils) UpdateLAMB(params, grads, m, v backend.Tensor, ends []int, trust backend.Sums, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	d.Device.UpdateLAMB(params, grads, m, v, ends, trust, o, guard, c)
	d.did("UpdateLAMB", []int{params.Len()}, append(tensors(params, grads, m, v), sumAt(trust, 0)))
}
