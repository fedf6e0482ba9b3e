package model

import (
	"testing"

	"github.com/aegpu/aegpu/backend"
)

// TestWork counts a step of 10 examples of an 8-2-8 net by hand, in float32 and with
// operands of two bytes, with an identity for a code, with a ReLU and with a tanh.
func TestWork(t *testing.T) {
	const (
		n, d, l, w = 10, 8, 2, 16             // examples, inputs, code, elements of either weight
		flops      = 2 * 5 * n * w            // 5 products
		flat       = 4 * 64                   // parameters: 4 tensors, each in a multiple of 64
		rows       = 4*n + 4*n + 4*n          // of losses: written, added up, checked
		biases     = 4*(l+d) + 4*(l+d)        // read, and their gradients written
		gather     = 4 * n * d                // the batch is read,
		update     = 4*flat + 4*flat + 4*flat // the gradient is read by check and update, the parameters too,
	)
	for _, c := range []struct {
		code    backend.Activation
		operand int
		want    float64
	}{
		{backend.Identity, 4, gather + 4*n*d + 2*4*(n*d+w+n*l) + 4*(n*d+n*d+n*d) + 2*4*(n*d+n*l+w) + 4*(n*d+w+n*l) + update + 4*flat},
		{backend.ReLU, 4, gather + 4*n*d + 2*4*(n*d+w+n*l) + 4*(n*d+n*d+n*d) + 2*4*(n*d+n*l+w) + 4*(n*d+w+n*l) + n*l/8. + update + 4*flat},
		// The batch is written in both forms, the code alone in two bytes, the output in
		// four, its gradient in two; weights' gradients and biases stay float32, and the
		// parameters are written in both.
		{backend.Identity, 2, gather + (4+2)*n*d + 2*(n*d+w+n*l) + 2*(n*l+w) + 4*n*d + 4*(n*d+n*d) + 2*n*d + 2*2*(n*d+n*l) + 2*4*w + 2*(n*d+w+n*l) + update + (4+2)*flat},
		{backend.Tanh, 2, gather + (4+2)*n*d + 2*(n*d+w+n*l) + 2*(n*l+w) + 4*n*d + 4*(n*d+n*d) + 2*n*d + 2*2*(n*d+n*l) + 2*4*w + 2*(n*d+w+n*l) + 2*n*l + update + (4+2)*flat},
	} {
		tr, err := PaperTraining(Spec{Inputs: d, Latent: l, CodeActivation: c.code}, 60, false,
			TrainingOptions{Batch: n, Optimiser: backend.Optimiser{Kind: backend.SGD}, Steps: 1})
		if err != nil {
			t.Fatal(err)
		}
		want := c.want + rows + biases
		if got := tr.Work(n, c.operand); got.Bytes != want || got.FLOPs != flops {
			t.Errorf("%v code, operands of %d bytes: %+v, want %v bytes and %d FLOPs", c.code, c.operand, got, want, flops)
			step := tr.Step(n)
			for i, w := range step.Works(c.operand) {
				t.Logf("%6.0f %s", w.Bytes, backend.Describe(step[i], tr.Name))
			}
		}
	}
}
