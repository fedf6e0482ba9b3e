package eval

import (
	"context"
	"errors"
	"fmt"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// Bounds that keep the fit of a mixture to a few seconds.
const (
	mixtureRows       = 10000
	mixtureComponents = 10
	mixtureWork       = 10 * 64 * 64 // components times the square of the code's size
)

// Draw returns n codes to decode new examples from, and what they were drawn from: the
// prior of a code that has one, else a Gaussian mixture fitted to the codes of like, raw
// rows as those that are to be made. like may be nil where there is a prior.
func Draw(ctx context.Context, m *model.Model, like *data.Set, n int, seed uint64) (codes *data.Set, from string, err error) {
	if m.Spec.HasPrior() {
		codes, err = m.DrawPrior(n, seed)
		return codes, "prior of the code", err
	}
	if like == nil || like.Rows == 0 {
		return nil, "", errors.New("a code without a prior is drawn from a mixture fitted to codes: rows to fit it to are missing")
	}
	fitted, err := m.Encode(ctx, like.Head(mixtureRows))
	if err != nil {
		return nil, "", err
	}
	l := m.Spec.Latent
	k := max(1, min(mixtureComponents, mixtureWork/(l*l), fitted.Rows))
	mixture, err := FitMixture(fitted.F32, l, k, seed)
	if err != nil {
		return nil, "", err
	}
	codes = &data.Set{Name: "samples", Rows: n, Cols: l, F32: mixture.Sample(n, seed)}
	return codes, fmt.Sprintf("Gaussian mixture of %d fitted to the codes of %d training rows", k, fitted.Rows), nil
}
