package model

import (
	"context"
	"errors"
	"strconv"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
)

// ErrNotDrawn is the error of asking what a code is drawn from that is none.
var ErrNotDrawn = errors.New("the code of this model is a function of the row: it is not drawn, as that of a vae, and has no deviations")

// EncodeDeviations returns what the codes of raw rows are drawn from, Rows x 2 Latent: the means, as Encode has them, in
// columns code_0, code_1 and so on, and their standard deviations in deviation_0, deviation_1 and so on. The posterior of a
// code is normal, its numbers independent: by these it is known as a whole. [ErrNotDrawn] of a code that is not drawn;
// otherwise errors are as those of Encode.
func (m *Model) EncodeDeviations(ctx context.Context, s *data.Set) (*data.Set, error) {
	if !m.Spec.Drawn() {
		return nil, ErrNotDrawn
	}
	wide := m.Spec.code().width(m.Spec.Latent)
	codes, err := m.mapSet(ctx, s, wide, func(a *applier, x backend.Tensor, n int) backend.Tensor {
		return a.encode(x, n)
	})
	if err != nil {
		return nil, err
	}
	for i := range s.Rows {
		m.Spec.code().deviations(codes[i*wide : (i+1)*wide])
	}
	p := m.Preparation().Codes(m.Spec.Latent)
	for j := range m.Spec.Latent {
		p.Columns = append(p.Columns, data.Column{Name: "deviation_" + strconv.Itoa(j)})
	}
	return codesOf(s, codes, p), nil
}
