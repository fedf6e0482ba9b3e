package main

import (
	"context"
	"fmt"

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
	if m.Spec.HasPrior() {
		codes, err := m.DrawPrior(n, seed)
		return codes, "prior of the code", err
	}
	sets, err := r.own(ctx)
	if err != nil {
		return nil, "", err
	}
	set, err := m.Encode(ctx, sets.Train.Head(mixtureRows))
	if err != nil {
		return nil, "", err
	}
	codes := set.F32
	l := m.Spec.Latent
	k := max(1, min(mixtureComponents, mixtureWork/(l*l), len(codes)/l))
	mixture, err := eval.FitMixture(codes, l, k, seed)
	if err != nil {
		return nil, "", err
	}
	return mixture.Sample(n, seed), fmt.Sprintf("Gaussian mixture of %d fitted to the codes of %d training rows", k, len(codes)/l), nil
}
