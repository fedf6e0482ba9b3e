package model

import "github.com/aegpu/aegpu/backend"

// reconstruct enqueues the loss of n examples and all its gradients.
func (t *Training) reconstruct(n int) {
	s, x := &t.Spec, t.input()
	h := t.encode(x, n, s.K)
	code := t.draw(h, t.Clock, n)
	t.dec.forward(t.to, code, n*t.samples)
	t.loss(h, n)
	t.dec.backward(t.to, code, n*t.samples, false, t.more())
	t.prepareContract(n)
	first := &t.dec[0]
	if t.fusedCode() {
		t.enc.last().pullBack(t.to, first, n)
	} else {
		dcode := t.dcode.Top(n * t.samples)
		t.to.Enqueue(backend.LinearBackInput{DX: dcode, DY: first.delta.Top(n * t.samples), W: first.w, Transposed: first.transposed})
		t.penaliseCode(h, n)
		t.codeBack(h, n)
	}
	t.contractClosed(n)
	t.enc.backward(t.to, x, n, s.Tied || t.jacobian != nil, t.more())
	if !t.normGrad.None() {
		t.to.Enqueue(backend.AddScaledRows{DW: t.enc[0].dw, W: t.enc[0].w, C: t.normGrad})
	}
}

// loss enqueues the reconstruction loss and the decoder's delta.
func (t *Training) loss(ml backend.Tensor, n int) {
	out, N := t.dec.last(), n*t.samples
	delta, rows := out.delta.Top(N), t.losses(n)
	t.to.Enqueue(backend.Loss{DOut: delta, Rows: rows, Out: out.y.Top(N), Target: t.clean.Top(n), Kind: t.Spec.Loss, Scale: t.over(1)})
	if out.act != backend.Identity {
		t.to.Enqueue(backend.ActivateBack{DX: delta, DY: delta, Saved: out.saved().Top(N), Act: out.act})
	}
	if t.samples > 1 {
		w, bound := t.weights.Top(N), t.bound.Top(n)
		t.to.Enqueue(backend.ImportanceWeights{W: w, Bound: bound, Rows: rows, Z: t.z.Top(N), ML: ml, Noise: backend.Noise{Clock: t.Clock, Stream: backend.StreamCode}})
		t.to.Enqueue(backend.ScaleRows{T: delta, W: w})
		t.to.Enqueue(backend.Accumulate{Sums: t.sums, Slot: sumLoss, V: bound, Scale: -1})
	} else {
		t.to.Enqueue(backend.Accumulate{Sums: t.sums, Slot: sumLoss, V: rows, Scale: 1})
	}
}

// fusedCode reports whether the code is a plain layer, whose gradient comes
// straight out of the decoder's first product.
func (t *Training) fusedCode() bool {
	s := &t.Spec
	return (s.Code == "" || s.Code == Deterministic) && s.Sparsity.Kind == NoSparsity
}

// penaliseCode enqueues the sparsity penalty on code h and adds its gradient to
// dcode.
func (t *Training) penaliseCode(h backend.Tensor, n int) {
	sp, dcode := t.Spec.Sparsity, t.dcode.Top(n)
	scale := t.over(sp.Weight)
	switch sp.Kind {
	case KLSparsity:
		t.to.Enqueue(backend.ColumnMeans{M: t.means, H: h})
		t.to.Enqueue(backend.SparseKL{DH: dcode, Sums: t.sums, Slot: sumSparse, M: t.means, Rho: sp.Target, Scale: scale})
	case L1Sparsity:
		t.to.Enqueue(backend.L1{DH: dcode, Sums: t.sums, Slot: sumSparse, H: h, Share: 1, Scale: scale})
	}
}

// codeBack enqueues the delta of the encoder's last layer from dcode.
func (t *Training) codeBack(h backend.Tensor, n int) {
	s, last := &t.Spec, t.enc.last()
	dcode, delta := t.dcode.Top(n*t.samples), last.delta.Top(n)
	noise := backend.Noise{Clock: t.Clock, Stream: backend.StreamCode}
	switch {
	case s.Code == Gaussian && t.samples > 1:
		t.to.Enqueue(backend.ImportanceBack{DML: delta, DZ: dcode, Z: t.z.Top(n * t.samples), ML: h, W: t.weights.Top(n * t.samples), Noise: noise, Scale: t.over(1)})
	case s.Code == Gaussian:
		t.to.Enqueue(backend.GaussianKL{KL: t.kl, ML: h})
		t.to.Enqueue(backend.Accumulate{Sums: t.sums, Slot: sumKL, V: t.kl, Scale: float64(n)})
		t.to.Enqueue(backend.ReparamBack{DML: delta, DZ: dcode, ML: h, KL: t.kl, Noise: noise, FreeBits: s.FreeBits, Scale: t.over(1)})
	case s.Code == TopK:
		t.to.Enqueue(backend.TopKBack{DX: delta, DY: delta, Y: h})
		t.to.Enqueue(backend.ActivateBack{DX: delta, DY: delta, Saved: last.saved().Top(n), Act: last.act})
	default:
		t.to.Enqueue(backend.ActivateBack{DX: delta, DY: delta, Saved: last.saved().Top(n), Act: last.act})
		if !last.extra.None() {
			t.to.Enqueue(backend.Add{Dst: delta, Src: last.extra.Top(n)})
		}
	}
}

// classify enqueues the classifier's cross-entropy and its gradients: by the
// classifier alone, or by the encoder too.
func (t *Training) classify(n int) {
	s := &t.Spec
	t.to.Enqueue(backend.Gather{Clean: t.labels.Top(n), Data: t.labelled, Batch: backend.Batch{Clock: t.Clock, Shuffle: true}})
	x := t.input()
	h := t.encode(x, n, s.K)
	code := h
	if s.Code == Gaussian {
		code = t.mu.Top(n)
		t.to.Enqueue(backend.CopyColumns{Dst: code, Src: h})
	}
	head := &t.head[0]
	logits := t.head.forward(t.to, code, n)
	t.to.Enqueue(backend.Loss{DOut: head.delta.Top(n), Rows: t.losses(n), Out: logits, Target: t.labels.Top(n), Kind: backend.Categorical, Scale: t.over(1)})
	t.to.Enqueue(backend.Accumulate{Sums: t.sums, Slot: sumLoss, V: t.losses(n), Scale: 1})
	t.to.Enqueue(backend.Correct{Sums: t.sums, Slot: sumCorrect, Logits: logits, Target: t.labels.Top(n)})
	t.head.backward(t.to, code, n, false, t.more())
	if t.opts.Objective == Frozen {
		return
	}
	t.classifyBack(h, n)
	t.enc.backward(t.to, x, n, false, t.more())
}

// classifyBack enqueues the delta of the encoder's last layer from the
// classifier's.
func (t *Training) classifyBack(h backend.Tensor, n int) {
	s, last, head := &t.Spec, t.enc.last(), &t.head[0]
	delta, dcode := last.delta.Top(n), t.dcode.Top(n)
	t.to.Enqueue(backend.LinearBackInput{DX: dcode, DY: head.delta.Top(n), W: head.w})
	switch s.Code {
	case Gaussian:
		t.to.Enqueue(backend.LinearBackInput{DX: delta, DY: dcode, W: t.selectMu, Transposed: true})
		return
	case TopK:
		t.to.Enqueue(backend.TopKBack{DX: delta, DY: delta, Y: h})
	}
	t.to.Enqueue(backend.ActivateBack{DX: delta, DY: delta, Saved: last.saved().Top(n), Act: last.act})
}
