package model

import (
	"slices"

	"github.com/aegpu/aegpu/backend"
)

// lossSize is the floats that the loss of all ranks takes.
func (o *TrainingOptions) lossSize() int {
	if o.Share.Alone() {
		return 0
	}
	return paramAlign
}

// shareLoss enqueues the rank's share of the mean loss, once the losses of the n examples of its last batch are there: as
// soon as that, so that it travels with gradients. That all of them are added up is left to inBuckets, which knows the
// whole step.
func (t *Training) shareLoss(n int) {
	if t.from+n == t.mine {
		t.to.Enqueue(backend.ColumnMeans{M: t.meanLoss, H: t.rows.Top(t.mine * t.samples), Of: t.group * t.samples})
	}
}

// startShare counts the rank's rows of a step of n examples, and where it has none enqueues what is its share then: a
// gradient and a loss of 0.
func (t *Training) startShare(n int) {
	t.mine = 0
	if t.share.Alone() {
		return
	}
	for at := 0; at < n; at += t.opts.Batch {
		lo, hi := t.share.Of(min(t.opts.Batch, n-at))
		t.mine += hi - lo
	}
	if t.mine == 0 {
		t.to.Enqueue(backend.Zero{Dst: t.meanLoss})
		t.to.Enqueue(backend.Zero{Dst: t.grads.Slice(t.segment.off, 1, t.segment.size)})
	}
}

// idle enqueues what a batch of which the rank has no examples asks of it all the same: its share of each sum, which is 0.
func (t *Training) idle() {
	var batch backend.List
	to := t.to
	t.to = &batch
	t.batchGradient(1)
	t.to = to
	for _, op := range batch {
		if sum, ok := op.(backend.AllReduce); ok {
			t.to.Enqueue(backend.Zero{Dst: sum.V})
			t.to.Enqueue(sum)
		}
	}
}

// bucketBytes is [backend.BucketBytes]; tests have less.
var bucketBytes = backend.BucketBytes

// inBuckets has the gradients of a step of n examples, and its loss, added up over the ranks while the backward pass goes
// on. In which buckets and what order the first rank's step says, which has rows of every batch.
func (t *Training) inBuckets(step backend.List, n int) backend.List {
	if t.share.Alone() {
		return step
	}
	mine, first := t.share, t.share
	first.Rank = 0
	t.share = first
	order := t.listed(n)
	t.share = mine
	order = order.Bucketed(t.summed(), checkOf(order), bucketBytes)
	return step.WithSums(order.Sums(), checkOf(step))
}

// checkOf is the number of the operation of a step that looks at the gradients.
func checkOf(step backend.List) int {
	return slices.IndexFunc(step, func(op backend.Operation) bool { _, is := op.(backend.Check); return is })
}

// summed are the parts of what is added up over the ranks: the gradient of each tensor that is trained, and the loss.
func (t *Training) summed() (parts []backend.Tensor) {
	begin := 0
	for _, end := range t.segment.ends {
		parts = append(parts, t.grads.Slice(t.segment.off+begin, 1, end-begin))
		begin = end
	}
	return append(parts, t.meanLoss)
}

// together adds accumulators up over the ranks. What is one a batch all ranks know alike, and the first tells.
func (t *Training) together(sums []float64) error {
	if t.opts.Together == nil {
		return nil
	}
	for i, term := range t.terms {
		if term.batch && t.share.Rank > 0 {
			sums[numSums+i] = 0
		}
	}
	return t.opts.Together(sums)
}
