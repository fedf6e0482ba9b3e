package main

import (
	"context"
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/eval"
	"github.com/aegpu/aegpu/model"
)

// Bounds that keep the fit of a mixture to a few seconds.
const (
	mixtureRows       = 10000
	mixtureComponents = 10
	mixtureWork       = 10 * 64 * 64 // components times the square of the code's size
)

// draws are codes to decode new examples from: of the prior of a Gaussian code,
// of a Gaussian mixture fitted to the training part's codes otherwise.
func draws(ctx context.Context, r *savedRun, m *model.Model, n int, seed uint64) ([]float32, string, error) {
	if m.Spec.Code == model.Gaussian {
		return normals(n*m.Spec.Latent, seed), "prior N(0, I)", nil
	}
	sets, err := r.own(ctx)
	if err != nil {
		return nil, "", err
	}
	codes, err := eval.Codes(m, sets.Train.Head(mixtureRows))
	if err != nil {
		return nil, "", err
	}
	l := m.Spec.Latent
	k := max(1, min(mixtureComponents, mixtureWork/(l*l), len(codes)/l))
	mixture, err := eval.FitMixture(codes, l, k, seed)
	if err != nil {
		return nil, "", err
	}
	return mixture.Sample(n, seed), fmt.Sprintf("Gaussian mixture of %d fitted to the codes of %d training rows", k, len(codes)/l), nil
}

// normals are n standard normal numbers, those that model.Sample draws.
func normals(n int, seed uint64) []float32 {
	v := make([]float32, 0, n+3)
	for block := 0; len(v) < n; block++ {
		four := backend.Normals(backend.Philox(seed, backend.StreamSample, 0, uint32(block)))
		v = append(v, four[:]...)
	}
	return v[:n]
}
