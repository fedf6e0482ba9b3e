package model

import (
	"fmt"
	"math"

	"github.com/aegpu/aegpu/backend"
)

// Init is how weights start; biases start at zero.
type Init string

// The initialisations, n and m a layer's inputs and outputs.
const (
	AutoInit   Init = ""       // Xavier, which does as well as He on relu nets of a few layers and better on VAEs (docs/results.md); a training has PCA where the model can start from it
	XavierInit Init = "xavier" // uniform within sqrt(6 / (n + m)) (Glorot and Bengio 2010)
	HeInit     Init = "he"     // normal, variance 2 / n (He et al. 2015)
	LeCunInit  Init = "lecun"  // normal, variance 1 / n (LeCun et al. 1998)
	PCAInit    Init = "pca"    // Xavier; a training has the whole start as PCA, or probabilistic PCA ([Model.StartLinear])
	SparseInit Init = "sparse" // 15 incoming weights of each unit from N(0, 1), the rest zero (Martens 2010)
)

// sparseIncoming is the number of weights that SparseInit gives a unit.
const sparseIncoming = 15

// ParseInit returns the initialisation of that name; "auto" is AutoInit.
func ParseInit(name string) (Init, error) {
	switch i := Init(name); i {
	case "auto":
		return AutoInit, nil
	case AutoInit, XavierInit, HeInit, LeCunInit, SparseInit, PCAInit:
		return i, nil
	}
	return "", fmt.Errorf("unknown initialisation %q: expected auto, pca, xavier, he, lecun or sparse", name)
}

// String returns the initialisation's name, "auto" for AutoInit.
func (i Init) String() string {
	if i == AutoInit {
		return "auto"
	}
	return string(i)
}

// MarshalText returns what String does.
func (i Init) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads an initialisation's name.
func (i *Init) UnmarshalText(text []byte) (err error) {
	*i, err = ParseInit(string(text))
	return err
}

// initialise fills w (p.Rows x p.Cols) from the stream of parameter tensor index.
func (i Init) initialise(w []float32, p Param, seed uint64, index int) {
	rng := words{seed: seed, stream: backend.StreamInit + uint32(index)}
	n, m := float64(p.Cols), float64(p.Rows)
	switch i {
	case AutoInit, XavierInit, PCAInit:
		bound := float32(math.Sqrt(6 / (n + m)))
		for k := range w {
			w[k] = bound * (2*backend.Uniform(rng.at(k)) - 1)
		}
	case HeInit:
		rng.normals(w, math.Sqrt(2/n))
	case LeCunInit:
		rng.normals(w, math.Sqrt(1/n))
	case SparseInit:
		rng.sparse(w, p.Cols)
	}
}

// words is a stream of noise at step 0.
type words struct {
	seed   uint64
	stream uint32
}

func (r words) at(i int) uint32 {
	return backend.Philox(r.seed, r.stream, 0, uint32(i/4))[i%4]
}

func (r words) normals(w []float32, deviation float64) { r.normalsFrom(0, w, deviation) }

// normalsFrom fills w with the stream's normals from the first on. Those beyond 2^34, which a counter of 32 bits would
// repeat, are of the next steps.
func (r words) normalsFrom(first uint64, w []float32, deviation float64) {
	for k := 0; k < len(w); {
		at := first + uint64(k)
		four := backend.Normals(backend.Philox(r.seed, r.stream, at/4>>32, uint32(at/4)))
		for j := at % 4; j < 4 && k < len(w); j++ {
			w[k] = float32(deviation) * four[j]
			k++
		}
	}
}

// sparse sets sparseIncoming weights of every row, at columns drawn without
// replacement, to standard normals (which are drawn at step 1).
func (r words) sparse(w []float32, cols int) {
	for row := 0; row*cols < len(w); row++ {
		for j := range min(sparseIncoming, cols) {
			k := uint32(row*sparseIncoming + j)
			for probe := uint64(0); ; probe++ {
				col := int(backend.Philox(r.seed, r.stream, 2+probe, k)[0]) % cols
				if v := &w[row*cols+col]; *v == 0 {
					*v = backend.Normals(backend.Philox(r.seed, r.stream, 1, k))[0]
					break
				}
			}
		}
	}
}
