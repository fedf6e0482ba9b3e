package model

import "github.com/aegpu/aegpu/backend"

// reconstruct enqueues the loss of n examples and all its gradients.
func (t *Training) reconstruct(n int) {
	s, x := &t.Spec, t.input()
	h := t.encode(x, n, s.K)
	code := t.draw(h, t.Clock, n)
	t.dec.forward(t.dev, code, n*t.samples)
	t.loss(h, n)
	t.dec.backward(t.dev, code, n*t.samples, false, t.more())
	t.prepareContract(n)
	first := &t.dec[0]
	if t.fusedCode() {
		t.enc.last().pullBack(t.dev, first, n)
	} else {
		dcode := t.dcode.Top(n * t.samples)
		t.dev.LinearBackInput(dcode, first.delta.Top(n*t.samples), first.w, backend.Tensor{}, backend.Identity, first.transposed)
		t.penaliseCode(h, n)
		t.codeBack(h, n)
	}
	t.contractClosed(n)
	t.enc.backward(t.dev, x, n, s.Tied || t.jacobian != nil, t.more())
	if !t.normGrad.None() {
		t.dev.AddScaledRows(t.enc[0].dw, t.enc[0].w, t.normGrad)
	}
}

// loss enqueues the reconstruction loss and the decoder's delta.
func (t *Training) loss(ml backend.Tensor, n int) {
	out, N := t.dec.last(), n*t.samples
	delta, rows := out.delta.Top(N), t.losses(n)
	t.dev.Loss(delta, rows, out.y.Top(N), t.clean.Top(n), t.Spec.Loss, t.over(1))
	if out.act != backend.Identity {
		t.dev.ActivateBack(delta, delta, out.saved().Top(N), out.act)
	}
	if t.samples > 1 {
		w, bound := t.weights.Top(N), t.bound.Top(n)
		t.dev.ImportanceWeights(w, bound, rows, t.z.Top(N), ml, backend.Noise{Clock: t.Clock, Stream: backend.StreamCode})
		t.dev.ScaleRows(delta, w)
		t.dev.Accumulate(t.sums, sumLoss, bound, -1)
	} else {
		t.dev.Accumulate(t.sums, sumLoss, rows, 1)
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
		t.dev.ColumnMeans(t.means, h)
		t.dev.SparseKL(dcode, t.sums, sumSparse, t.means, sp.Target, scale)
	case L1Sparsity:
		t.dev.L1(dcode, t.sums, sumSparse, h, 1, scale)
	}
}

// codeBack enqueues the delta of the encoder's last layer from dcode.
func (t *Training) codeBack(h backend.Tensor, n int) {
	s, last := &t.Spec, t.enc.last()
	dcode, delta := t.dcode.Top(n*t.samples), last.delta.Top(n)
	noise := backend.Noise{Clock: t.Clock, Stream: backend.StreamCode}
	switch {
	case s.Code == Gaussian && t.samples > 1:
		t.dev.ImportanceBack(delta, dcode, t.z.Top(n*t.samples), h, t.weights.Top(n*t.samples), noise, t.over(1))
	case s.Code == Gaussian:
		t.dev.GaussianKL(t.kl, h)
		t.dev.Accumulate(t.sums, sumKL, t.kl, float64(n))
		t.dev.ReparamBack(delta, dcode, h, t.kl, noise, s.FreeBits, t.over(1))
	case s.Code == TopK:
		t.dev.TopKBack(delta, delta, h)
		t.dev.ActivateBack(delta, delta, last.saved().Top(n), last.act)
	default:
		t.dev.ActivateBack(delta, delta, last.saved().Top(n), last.act)
		if !last.extra.None() {
			t.dev.Add(delta, last.extra.Top(n))
		}
	}
}

// classify enqueues the classifier's cross-entropy and its gradients: by the
// classifier alone, or by the encoder too.
func (t *Training) classify(n int) {
	s := &t.Spec
	t.dev.Gather(t.labels.Top(n), backend.Tensor{}, t.labelled, backend.Batch{Clock: t.Clock, Shuffle: true})
	x := t.input()
	h := t.encode(x, n, s.K)
	code := h
	if s.Code == Gaussian {
		code = t.mu.Top(n)
		t.dev.CopyColumns(code, h, 0)
	}
	head := &t.head[0]
	logits := t.head.forward(t.dev, code, n)
	t.dev.Loss(head.delta.Top(n), t.losses(n), logits, t.labels.Top(n), backend.Categorical, t.over(1))
	t.dev.Accumulate(t.sums, sumLoss, t.losses(n), 1)
	t.dev.Correct(t.sums, sumCorrect, logits, t.labels.Top(n))
	t.head.backward(t.dev, code, n, false, t.more())
	if t.opts.Objective == Frozen {
		return
	}
	t.classifyBack(h, n)
	t.enc.backward(t.dev, x, n, false, t.more())
}

// classifyBack enqueues the delta of the encoder's last layer from the
// classifier's.
func (t *Training) classifyBack(h backend.Tensor, n int) {
	s, last, head := &t.Spec, t.enc.last(), &t.head[0]
	delta, dcode := last.delta.Top(n), t.dcode.Top(n)
	t.dev.LinearBackInput(dcode, head.delta.Top(n), head.w, backend.Tensor{}, backend.Identity, false)
	switch s.Code {
	case Gaussian:
		t.dev.LinearBackInput(delta, dcode, t.selectMu, backend.Tensor{}, backend.Identity, true)
		return
	case TopK:
		t.dev.TopKBack(delta, delta, h)
	}
	t.dev.ActivateBack(delta, delta, last.saved().Top(n), last.act)
}
