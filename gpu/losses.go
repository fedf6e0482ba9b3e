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

// lossWidths is the width of the elements that a loss runs over, and whether out
// and target have the widths that go with it.
func lossWidths(kind backend.LossKind, out, target int) (width int, fits bool) {
	switch kind {
	case backend.GaussianNLL:
		return target, out == 2*target
	case backend.Categorical:
		return out, target == 1
	}
	return out, out == target
}

// Loss is each row's loss and the scaled gradient.
func (d *Device) Loss(dout, rows, out, target backend.Tensor, kind backend.LossKind, scale float32) {
	k := samples(out.Rows, target.Rows)
	width, fits := lossWidths(kind, out.Cols, target.Cols)
	fits = fits && k > 0 && same(out, dout) && shaped(rows, out.Rows, 1)
	if !d.fits("Loss", fits, tensors{rows, out, target}, dout) {
		return
	}
	d.run("Loss", func() error {
		return d.launch(lossKernels[kind], d.perRow(out.Rows), at(dout), at(rows), at(out), at(target), integer(out.Rows),
			integer(width), integer(k), float(scale))
	})
}

// Correct counts the rows whose largest logit is the target class.
func (d *Device) Correct(s backend.Sums, i int, logits, target backend.Tensor) {
	if !d.fits("Correct", shaped(target, logits.Rows, 1), tensors{logits, target}) || !d.holds("Correct", s, i) {
		return
	}
	d.run("Correct", func() error {
		return d.launch(kernels.CorrectFwdF32, d.perRow(ceil(logits.Rows, 8)), sum(s, i), at(logits), at(target),
			integer(logits.Rows), integer(logits.Cols), d.part(), d.count())
	})
}

// Accumulate is s[i] += scale * sum of v.
func (d *Device) Accumulate(s backend.Sums, i int, v backend.Tensor, scale float64) {
	if !d.fits("Accumulate", true, tensors{v}) || !d.holds("Accumulate", s, i) {
		return
	}
	d.run("Accumulate", func() error {
		return d.launch(kernels.AccumulateFwdF32, d.summing(v.Len()), sum(s, i), at(v), integer(v.Len()), double(scale),
			d.part(), d.count())
	})
}
