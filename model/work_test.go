package model

import (
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
)

// TestWork counts a step of 10 examples of an 8-2-8 net by hand, in float32 and with
// operands of two bytes, with an identity for a code and with a ReLU.
func TestWork(t *testing.T) {
	const matrix, flops = 80 + 16 + 20, 2 * 5 * 10 * 16 // of a product: its operands and result; 5 products
	const update, shadows = 4 * 3 * 4 * 64, 2 * 2 * 64  // of 4 tensors, 2 of them weights, each in a multiple of 64
	for _, c := range []struct {
		code    backend.Activation
		operand int
		want    int
	}{
		{backend.Identity, 4, 5*4*matrix + 3*4*80 + 2*4*80 + update},
		{backend.ReLU, 4, 5*4*matrix + 2*20/8 + 3*4*80 + 2*4*80 + update},
		{backend.Tanh, 4, 5*4*matrix + 4*20 + 3*4*80 + 2*4*80 + update},
		// Two of the results are gradients of weights, the output is float32, and the
		// batch and the weights are written in both forms.
		{backend.Identity, 2, 5*2*matrix + 2*2*16 + 2*80 + (4+2+4)*80 + (4+4+2)*80 + update + shadows},
		{backend.Tanh, 2, 5*2*matrix + 2*20 + 2*2*16 + 2*80 + (4+2+4)*80 + (4+4+2)*80 + update + shadows},
	} {
		dev := ref64.New()
		m, err := New(dev, Spec{Inputs: 8, Latent: 2, CodeActivation: c.code, Loss: backend.SquaredError}, 1)
		if err != nil {
			t.Fatal(err)
		}
		x, err := dev.Alloc(10, 8)
		if err != nil {
			t.Fatal(err)
		}
		tr, err := m.NewTraining(x.Data(), backend.Data{}, TrainingOptions{Batch: 10, Optimiser: backend.Optimiser{Kind: backend.SGD}, Steps: 1})
		if err != nil {
			t.Fatal(err)
		}
		if w := tr.Work(10, c.operand); w.Bytes != float64(c.want) || w.FLOPs != flops {
			t.Errorf("%v code, operands of %d bytes: %+v, want %d bytes and %d FLOPs", c.code, c.operand, w, c.want, flops)
		}
		tr.Close()
	}
}
