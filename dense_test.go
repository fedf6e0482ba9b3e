//go:build !notensor

package aegpu_test

import (
	"fmt"
	"log"
	"testing"

	"github.com/aegpu/aegpu"
	"gorgonia.org/tensor"
)

func TestFromDenseRefusesNil(t *testing.T) {
	if _, err := aegpu.FromDense(nil); err == nil {
		t.Error("it was let through")
	}
}

// A matrix of float64, transposed: rows are read in the order of the indices.
func ExampleFromDense() {
	x := tensor.New(tensor.WithShape(3, 500), tensor.WithBacking(tensor.Range(tensor.Float64, 0, 1500)))
	if err := x.T(); err != nil { // 500 x 3
		log.Fatal(err)
	}
	rows := must(aegpu.FromDense(x))
	dev := must(aegpu.Open("cpu"))
	defer dev.Close()
	m := must(aegpu.Fit(dev, rows, small(aegpu.Settings{Latent: 1})))
	defer m.Close()
	fmt.Println(must(m.Encode(rows)).Dense().Shape())
	// Output: (500, 1)
}
