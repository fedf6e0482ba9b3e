//go:build cuda

package gpu

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
)

var lossKernels = map[backend.LossKind]kernels.Kernel{
	backend.SquaredError: kernels.LossSquaredBwdF32,
	backend.Bernoulli:    kernels.LossBernoulliBwdF32,
	backend.GaussianNLL:  kernels.LossGaussianBwdF32,
	backend.Categorical:  kernels.LossCategoricalBwdF32,
}

// Loss is each row's loss and the scaled gradient.
func (d *Device) Loss(dout, rows, out, target backend.Tensor, kind backend.LossKind, scale float32) {
	if !d.ready("Loss", backend.CheckLoss(dout, rows, out, target, kind), tensors{dout, rows}, out, target) {
		return
	}
	width := out.Cols
	if kind == backend.GaussianNLL {
		width = target.Cols
	}
	k := out.Rows / target.Rows
	d.runSloped("Loss", func(s slope) error {
		saved, half := d.sourceOf(s.saved)
		return d.launchTo(dout, lossKernels[kind], d.perRow(out.Rows), at(rows), at(out), at(target), integer(out.Rows),
			integer(width), integer(k), float(scale), saved, half, integer(int(s.act)))
	})
}

// Correct counts the rows whose largest logit is the target class.
func (d *Device) Correct(s backend.Sums, i int, logits, target backend.Tensor) {
	if !d.ready("Correct", backend.CheckCorrect(s, i, logits, target), nil, logits, target) || !d.holds("Correct", s, i) {
		return
	}
	d.run("Correct", func() error {
		return d.launch(kernels.CorrectFwdF32, d.perRow(ceil(logits.Rows, 8)), sum(s, i), at(logits), at(target),
			integer(logits.Rows), integer(logits.Cols), d.part(), d.count())
	})
}

// Accumulate is s[i] += scale * sum of v. In a recording the operation that made v
// does it, if it was the last one and can, or else the Check of v.
func (d *Device) Accumulate(s backend.Sums, i int, v backend.Tensor, scale float64) {
	if !d.ready("Accumulate", backend.CheckAccumulate(s, i, v), nil, v) || !d.holds("Accumulate", s, i) {
		return
	}
	add := addition{sum(s, i), scale}
	if o := d.takeWriter(v, func(o *operation) bool { return o.added != nil }); o != nil {
		d.next = o.access
		d.run(o.name, func() error { return o.added(add) })
		return
	}
	d.run("Accumulate", func() error {
		return d.launch(kernels.AccumulateFwdF32, d.summing(v.Len()), sum(s, i), at(v), integer(v.Len()), double(scale),
			d.part(), d.count())
	})
	if o := d.recorded.last(); o != nil {
		o.adds = &add
	}
}
