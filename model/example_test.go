package model_test

import (
	"context"
	"fmt"
	"os"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// Put a model together from its parts and look at its shapes.
func ExampleNew() {
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer dev.Close()
	m, err := model.New(dev, model.Spec{
		Inputs: 784, Hidden: []int{512, 256}, Latent: 32,
		Activation: backend.ReLU, Likelihood: model.Bernoulli{},
		Corrupt: model.Corruption{Kind: backend.Masking, Level: 0.3},
	}, 1)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer m.Close()
	x := &data.Set{Name: "black", Rows: 3, Cols: 784, U8: make([]uint8, 3*784)}
	codes, err := m.Encode(context.Background(), x)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Println(m.NumParameters(), "parameters, codes of", codes.Cols)
	// Output:
	// 1083696 parameters, codes of 32
}

// A combination that makes no sense is refused with the reason.
func ExampleSpec_Validate() {
	s := model.Spec{Inputs: 784, Latent: 32, Penalties: []model.Penalty{model.KLSparsity{Target: 0.05, Weight: 3}}}
	fmt.Println(s.Validate())
	// Output:
	// kl sparsity compares mean activations with a probability: it needs the code activation sigmoid, not identity
}
