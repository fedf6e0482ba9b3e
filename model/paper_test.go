package model

import "testing"

// Tensors that several layers share bear the same name each time.
func TestTiedNames(t *testing.T) {
	tr, err := PaperTraining(Spec{Inputs: 8, Hidden: []int{6, 4}, Latent: 2, Tied: true}, 10, true, TrainingOptions{Batch: 10, Steps: 1})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		for i, want := range []string{"encoder.2.weight", "encoder.1.weight", "encoder.0.weight"} {
			if got := tr.Name(tr.dec[i].w); got != want {
				t.Fatalf("the weights of decoder layer %d are called %s, want %s", i, got, want)
			}
		}
	}
}
