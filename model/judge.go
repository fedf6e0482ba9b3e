package model

import (
	"context"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/data"
)

// Judged is rows beside what comes out of a model for them.
type Judged struct {
	Rows *data.Set // as the model's preparation knows them
	Y    []float32 // reconstructions as the model sees rows, Rows x Inputs

	// NLL is minus the log-likelihood of every row as the model sees it, in nats, at the
	// code's mean, plus the KL of a code that is drawn: minus a bound of log p(x), but for
	// the draw. Nothing is drawn, corrupted or binarised. It is nil without a likelihood.
	NLL []float64
}

// Judge returns what comes out for raw rows and how likely these are. A row comes to the
// same bits whatever rows are beside it. [ErrNoDecoder] says that the decoder does not fit
// the codes; a set that the preparation does not match is a [*data.Error]; the context's
// error is returned when it ends first.
func (m *Model) Judge(ctx context.Context, s *data.Set) (*Judged, error) {
	if err := m.checkDecoder(); err != nil {
		return nil, err
	}
	p := m.Preparation()
	s, err := p.Match(s)
	if err != nil {
		return nil, err
	}
	if err := hostmemory.Ask("what comes out of the model", s.Rows, m.Spec.Inputs, 4); err != nil {
		return nil, err
	}
	j := &Judged{Rows: s, Y: make([]float32, s.Rows*m.Spec.Inputs)}
	if m.Spec.HasLikelihood() {
		j.NLL = make([]float64, s.Rows)
	}
	a, err := m.ready()
	if err != nil {
		return nil, err
	}
	buf := make([]float32, min(ChunkRows, s.Rows)*m.Spec.Inputs)
	for at := 0; at < s.Rows; at += ChunkRows {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n := min(ChunkRows, s.Rows-at)
		p.Rows(buf, s, at, n)
		if err := a.judge(j, buf, at, n); err != nil {
			return nil, err
		}
	}
	return j, nil
}

// judge fills in n rows from row at on, prepared in x.
func (a *applier) judge(j *Judged, x []float32, at, n int) error {
	in := a.Spec.Inputs
	rows := a.host.Slice(0, n, in)
	a.dev.Upload(rows, x[:n*in])
	h := a.encode(rows, n)
	out := a.dec.forward(a.to, a.code.mean(h, n), n)
	nll, posterior := make([]float32, n), make([]float32, 0)
	if j.NLL != nil {
		a.likelihood.loss(backend.Loss{Rows: a.rows.Top(n), Out: out, Target: rows})
		a.dev.Download(nll, a.rows.Top(n))
		if a.Spec.code().Drawn() {
			posterior = make([]float32, h.Len())
			a.dev.Download(posterior, h)
		}
	}
	a.dev.Download(j.Y[at*in:(at+n)*in], a.likelihood.reconstruction(out, n))
	if err := a.dev.Sync(); err != nil {
		return err
	}
	if j.NLL == nil {
		return nil
	}
	wide := len(posterior) / n
	for i, v := range nll {
		j.NLL[at+i] = float64(v) + a.Spec.code().divergence(posterior[i*wide:(i+1)*wide])
	}
	return nil
}
