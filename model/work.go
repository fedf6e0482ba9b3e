package model

import "github.com/aegpu/aegpu/backend"

// Work is what one training step must do at the least, counted from the shapes:
// the floor under any implementation's time.
type Work struct {
	FLOPs float64 // of the matrix products, 2 per multiply and add
	Bytes float64 // read and written if every operand of a fused operation moves once
}

// Work counts a reconstruction step on a batch of n examples, the operands of
// products being of that many bytes an element and all else float32.
//
//	layer     products           reads and writes
//	forward   2 n in out         x, W, y
//	by input  2 n in out         dy, W, dx, and y of the layer below for its derivative, a bit an element for ReLU
//	by weight 2 n in out         dy, x, dW                            (by input: not for the encoder's first layer)
//
// The loss reads output and target and writes the gradient; the optimiser reads
// gradient, parameters and moments and writes all but the gradient; the batch is
// read as it is stored and written for the loss and for the first product.
func (t *Training) Work(n, operand int) Work {
	var w Work
	size, rows := float64(operand), float64(n*t.samples)
	for i := range t.enc {
		w.layer(float64(n), size, &t.enc[i])
		if i > 0 {
			w.backInput(float64(n), size, &t.enc[i], &t.enc[i-1])
		}
	}
	below := t.enc.last()
	for i := range t.dec {
		w.layer(rows, size, &t.dec[i])
		w.backInput(rows, size, &t.dec[i], below)
		below = &t.dec[i]
	}
	out, in := float64(t.Spec.outputs()), float64(n*t.Spec.Inputs)
	w.Bytes += rows*out*((4-size)+4+size) + 4*in // the output is float32
	stored := 4.0
	if t.data.Bytes {
		stored = 1
	}
	w.Bytes += in * (stored + 4)
	if t.Spec.Corrupt.Kind != backend.NoCorruption || size < 4 {
		w.Bytes += in * size
	}
	moments := float64(t.opts.Optimiser.Kind.Moments())
	w.Bytes += 4 * float64(t.segment.size) * (1 + 2*(1+moments))
	if t.opts.Optimiser.Kind == backend.LAMB { // the direction is written, and it and the parameters read again
		w.Bytes += 4 * float64(t.segment.size) * 3
	}
	if size < 4 {
		w.Bytes += size * float64(t.segment.weights)
	}
	if j := t.jacobian; j != nil {
		for _, l := range t.enc { // v = u W, du = dv W^T, dW += u^T dv
			w.FLOPs += 3 * 2 * float64(n*j.probes) * float64(l.in) * float64(l.out)
			w.Bytes += size * float64(n*j.probes) * float64(4*l.in+6*l.out)
		}
	}
	return w
}

// layer is the products of a layer forward and by its weights.
func (w *Work) layer(n, size float64, l *layer) {
	in, out := float64(l.in), float64(l.out)
	w.Bytes += size*(2*(n*in+n*out)+in*out) + 4*in*out
	w.FLOPs += 2 * 2 * n * in * out
}

// backInput is the product of l by its input, which the layer below made.
func (w *Work) backInput(n, size float64, l, below *layer) {
	in, out := float64(l.in), float64(l.out)
	w.Bytes += size * (n*out + in*out + n*in)
	w.FLOPs += 2 * n * in * out
	switch below.act {
	case backend.Identity:
	case backend.ReLU:
		w.Bytes += 2 * n * in / 8
	default:
		w.Bytes += size * n * in
	}
}
