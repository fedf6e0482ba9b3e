package model

import "github.com/aegpu/aegpu/backend"

// Work is what one training step must do at the least, counted from the shapes:
// the floor under any implementation's time.
type Work struct {
	FLOPs float64 // of the matrix products, 2 per multiply and add
	Bytes float64 // read and written if every operand of a fused operation moves once
}

// Work counts a reconstruction step on a batch of n examples.
//
//	layer     products           bytes (float32)
//	forward   2 n in out         x + W + y
//	by input  2 n in out         dy + W + saved + dx    (not for the encoder's first layer)
//	by weight 2 n in out         dy + x + dW
//
// The loss reads output and target and writes the gradient; the optimiser reads
// gradient, parameters and moments and writes all but the gradient; the batch is
// read as it is stored and written as float32.
func (t *Training) Work(n int) Work {
	var w Work
	rows := float64(n * t.samples)
	for i, l := range t.enc {
		w.layer(float64(n), l.dense, i > 0)
	}
	for _, l := range t.dec {
		w.layer(rows, l.dense, true)
	}
	out, in := float64(t.Spec.outputs()), float64(t.Spec.Inputs)
	w.Bytes += 4 * (2*rows*out + float64(n)*in)
	stored := 4.0
	if t.data.Bytes {
		stored = 1
	}
	w.Bytes += float64(n) * in * (stored + 4)
	if t.Spec.Corrupt.Kind != backend.NoCorruption {
		w.Bytes += float64(n) * in * 4
	}
	moments := float64(t.opts.Optimiser.Kind.Moments())
	w.Bytes += 4 * float64(t.segment.size) * (1 + 2*(1+moments))
	if t.opts.Optimiser.Kind == backend.LAMB { // the direction is written, and it and the parameters read again
		w.Bytes += 4 * float64(t.segment.size) * 3
	}
	if j := t.jacobian; j != nil {
		for _, l := range t.enc { // v = u W, du = dv W^T, dW += u^T dv
			w.FLOPs += 3 * 2 * float64(n*j.probes) * float64(l.in) * float64(l.out)
			w.Bytes += 4 * float64(n*j.probes) * float64(4*l.in+6*l.out)
		}
	}
	return w
}

func (w *Work) layer(n float64, d dense, byInput bool) {
	in, out := float64(d.in), float64(d.out)
	products := 2.0
	w.Bytes += 4 * (2*(n*in+n*out) + 2*in*out)
	if byInput {
		products++
		w.Bytes += 4 * (n*out + in*out + 2*n*in)
	}
	w.FLOPs += products * 2 * n * in * out
}
