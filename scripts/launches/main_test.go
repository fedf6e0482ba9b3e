package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aegpu/aegpu/gpu/plan"
	"github.com/aegpu/aegpu/model"
)

const root = "../.."

func TestTheFileIsWhatIsPlanned(t *testing.T) {
	want, err := write(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, table))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what `go run ./scripts/launches` writes:\n%s", table, want)
	}
}

// A step has 4 launches beside its layers: gather, loss, check, update. A dense layer
// takes 3 (output; weight and bias gradient; input gradient), the first 2; an
// activation that is not ReLU or the identity adds one forward and one backward. Here
// there are 4 layers, 3 of them with an activation where the code has one.
func TestLaunchesByHand(t *testing.T) {
	const plain = 4 + 4*3 - 1
	want := map[string][3]int{ // fp32, tf32, bf16
		"plain":                         {plain, plain, plain},
		"deep":                          {plain + 2*3, plain + 2*3, plain + 2*3},
		"tied":                          {plain, plain, plain},
		"masking":                       {plain, plain, plain},
		"tanh":                          {plain + 2*2, plain + 2*2, plain + 2*2},
		"squared error, sigmoid output": {plain + 1, plain + 1, plain + 1},
		"dropout":                       {plain + 2*2, plain + 2*2, plain + 2*2},
		"contractive":                   {13, 13, 13},
		"contractive, deep":             {33, 33, 34}, // in bf16 one tensor more is made in both forms
		"VAE":                           {22, 22, 22},
		"importance-weighted":           {24, 24, 24},
	}
	for _, v := range model.Variants(36, []int{24}, 5) {
		w, ok := want[v.Name]
		if !ok {
			continue
		}
		delete(want, v.Name)
		for i, p := range []plan.Precision{plan.FP32, plan.TF32, plan.BF16} {
			items, err := planned(v.Spec, 13, p)
			if err != nil {
				t.Fatal(err)
			}
			if len(items) != w[i] {
				t.Errorf("%s, %v: %d launches, want %d", v.Name, p, len(items), w[i])
			}
		}
	}
	for name := range want {
		t.Errorf("no variant is called %q", name)
	}
}
