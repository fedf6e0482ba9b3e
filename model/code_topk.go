package model

import (
	"fmt"
	"math"

	"github.com/aegpu/aegpu/backend"
)

// TopK is a code of the K largest units of every example, the others being zero
// (Makhzani and Frey 2013, "k-Sparse Autoencoders").
type TopK struct {
	undrawn
	K     int
	Alpha float32 // round(Alpha*K) units are kept outside training; 0 means 1
}

func makeTopK(v []float32) (Code, error) {
	k, err := whole("units", v[0])
	if err != nil {
		return nil, err
	}
	c := TopK{K: k}
	if len(v) == 2 {
		c.Alpha = v[1]
	}
	return c, nil
}

// String returns "topk:K", and ":ALPHA" where it is set.
func (c TopK) String() string {
	if c.Alpha == 0 {
		return fmt.Sprintf("topk:%d", c.K)
	}
	return worded(fmt.Sprintf("topk:%d", c.K), c.Alpha)
}

// MarshalText returns what String does.
func (c TopK) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// WithBound refuses samples and free bits.
func (c TopK) WithBound(samples int, freeBits float32) (Code, error) {
	return c.bound(c, samples, freeBits)
}

func (TopK) asIs() bool { return false }

func (c TopK) check(s *Spec) error {
	if c.K < 1 || c.K > s.Latent {
		return fmt.Errorf("topk keeps %d of %d units: expected 1 to %d", c.K, s.Latent, s.Latent)
	}
	if !(c.Alpha >= 0 && c.Alpha <= math.MaxFloat32) {
		return fmt.Errorf("topk alpha is %g: expected a number, 0 or more", c.Alpha)
	}
	return nil
}

// kept is how many units are kept.
func (c TopK) kept(training bool, latent int) int {
	if training || c.Alpha == 0 {
		return c.K
	}
	return min(latent, max(1, int(c.Alpha*float32(c.K)+0.5)))
}

func (c TopK) bind(g *graph) boundCode {
	return &boundTopK{boundUndrawn: boundUndrawn{graph: g}, k: c.kept(g.training, g.Spec.Latent)}
}

type boundTopK struct {
	boundUndrawn
	k      int
	sparse backend.Tensor // B x L: the code after the cut
}

func (b *boundTopK) reserve(alloc backend.Alloc) { b.sparse = alloc(b.batch, b.Spec.Latent) }

func (b *boundTopK) tensors(add func(string, backend.Tensor)) { add("sparse", b.sparse) }

func (b *boundTopK) encode(h backend.Tensor, n int) backend.Tensor {
	b.to.Enqueue(backend.TopK{Y: b.sparse.Top(n), X: h, K: b.k})
	return b.sparse.Top(n)
}

func (b *boundTopK) back(h backend.Tensor, n int) {
	delta := b.enc.last().delta.Top(n)
	b.to.Enqueue(backend.TopKBack{DX: delta, DY: delta, Y: h})
	b.backActivation(n)
}

func (b *boundTopK) backMean(h backend.Tensor, n int) { b.back(h, n) }
