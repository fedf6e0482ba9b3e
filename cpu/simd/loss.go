package simd

// BCELogits is the Bernoulli cross-entropy of a row from its logits x, and its gradient:
//
//	returns sum softplus(x) - x t      grad = (sigmoid(x) - t) * scale
//
// Each term is computed in float32 to 2^-22 (|x| + 1) and summed as by [Path.Sum]. grad may be
// logits, or nil for the loss alone.
func (p Path) BCELogits(grad, logits, target []float32, scale float32) float64 {
	target = target[:len(logits)]
	if grad == nil {
		return p.do().bceLoss(logits, target)
	}
	return p.do().bceLogits(grad[:len(logits)], logits, target, scale)
}

// SquaredError returns the sum of (x - t)^2 and sets grad = (x - t) * scale. grad may be x.
// The differences are rounded to float32, their squares are exact, and the sum is as [Path.Sum].
func (p Path) SquaredError(grad, x, target []float32, scale float32) float64 {
	return p.do().squaredError(grad[:len(x)], x, target[:len(x)], scale)
}
