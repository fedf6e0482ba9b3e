package model

import "github.com/aegpu/aegpu/backend"

// reconstruct enqueues the loss of n examples and all its gradients.
func (t *Training) reconstruct(n int) {
	N := n * t.samples
	h := t.encode(t.input(), n)
	x := t.encoderInput()
	z := t.tellDecoder(t.code.draw(h, n), n)
	t.dec.forward(t.to, z, N)
	t.loss(h, n)
	t.shareLoss(n)
	t.dec.backward(t.to, z, N, false, t.more())
	shared := t.Spec.Tied // whether gradients by the encoder's weights are there already
	for _, p := range t.penalties {
		p.afterDecoder(n)
		shared = shared || p.leavesWeights()
	}
	t.codeBack(h, n)
	for _, p := range t.penalties {
		p.afterCode(n)
	}
	t.enc.backward(t.to, x, n, shared, t.more())
	for _, p := range t.penalties {
		p.afterEncoder(n)
	}
}

// loss enqueues the reconstruction loss and the decoder's delta, h being the code
// before draws.
func (t *Training) loss(h backend.Tensor, n int) {
	out, N := t.dec.last(), n*t.samples
	delta, rows := out.delta.Top(N), t.losses(n)
	l := backend.Loss{DOut: delta, Rows: rows, Out: out.y.Top(N), Target: t.target().Top(n), Scale: t.over(1)}
	t.likelihood.loss(l)
	if out.act != backend.Identity {
		t.to.Enqueue(backend.ActivateBack{DX: delta, DY: delta, Saved: out.saved().Top(N), Act: out.act})
	}
	t.code.score(h, rows, delta, n)
	t.likelihood.learn(l, t.code.drawWeights(N))
}

// codeBack enqueues the delta of the encoder's last layer. That of a plain layer
// without penalties comes straight out of the decoder's first product.
func (t *Training) codeBack(h backend.Tensor, n int) {
	first, fused := &t.dec[0], t.Spec.code().asIs() && !t.Spec.HasCondition()
	for _, p := range t.penalties {
		fused = fused && !p.byCode()
	}
	if fused {
		t.enc.last().pullBack(t.to, first, n)
		return
	}
	N := n * t.samples
	t.backToCode(t.code.gradient().Top(N), backend.LinearBackInput{DY: first.delta.Top(N), W: first.w, Transposed: first.transposed})
	for _, p := range t.penalties {
		p.onCode(h, n)
	}
	t.code.back(h, n)
}

// classify enqueues the classifier's cross-entropy and its gradients: by the
// classifier alone, or by the encoder too.
func (t *Training) classify(n int) {
	t.to.Enqueue(backend.Gather{Clean: t.labels.Top(n), Data: t.data.Labels.Head(t.among), Batch: backend.Batch{Clock: t.Clock, Shuffle: t.shuffles()}})
	x := t.input()
	h := t.encode(x, n)
	code := t.code.mean(h, n)
	head := &t.head[0]
	logits := t.head.forward(t.to, code, n)
	t.to.Enqueue(backend.Loss{DOut: head.delta.Top(n), Rows: t.losses(n), Out: logits, Target: t.labels.Top(n), Kind: backend.Categorical, Scale: t.over(1)})
	t.shareLoss(n)
	t.to.Enqueue(backend.Accumulate{Sums: t.sums, Slot: sumLoss, V: t.losses(n), Scale: 1})
	t.to.Enqueue(backend.Correct{Sums: t.sums, Slot: sumCorrect, Logits: logits, Target: t.labels.Top(n)})
	t.head.backward(t.to, code, n, false, t.more())
	if t.opts.Objective == Frozen {
		return
	}
	t.to.Enqueue(backend.LinearBackInput{DX: t.code.gradient().Top(n), DY: head.delta.Top(n), W: head.w})
	t.code.backMean(h, n)
	t.enc.backward(t.to, x, n, false, t.more())
}
