package model

import (
	"context"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/internal/joint"
)

// Judged is rows beside what comes out of a model for them.
type Judged struct {
	Rows *data.Set // as the preparation of what the decoder makes knows them: the rows, or their targets
	Y    []float32 // what comes out as the model sees it, Rows x Outputs

	Codes []float32 // Rows x Latent; the means of codes that are drawn

	// NLL is minus the log-likelihood of every row as the model sees it, in nats, at the
	// code's mean, plus the KL of a code that is drawn: minus a bound of log p(x), but for
	// the draw. Nothing is drawn, corrupted or binarised. It is nil without a likelihood.
	NLL []float64

	levels []int32 // of the condition
}

// Judge returns what comes out for raw rows and how likely these are. A row comes to the
// same bits whatever rows are beside it. [ErrNoDecoder] says that the decoder does not fit
// the codes; a set that the preparation does not match is a [*data.Error]; the context's
// error is returned when it ends first.
func (m *Model) Judge(ctx context.Context, s *data.Set) (*Judged, error) {
	if err := m.checkDecoder(); err != nil {
		return nil, err
	}
	levels, err := m.levels(s)
	if err != nil {
		return nil, err
	}
	s, target, err := m.match(s)
	if err != nil {
		return nil, err
	}
	if err := hostmemory.Ask("what comes out of the model", s.Rows, m.Spec.Outputs()+m.Spec.Latent, 4); err != nil {
		return nil, err
	}
	j := &Judged{Rows: target, levels: levels, Y: make([]float32, s.Rows*m.Spec.Outputs()), Codes: make([]float32, s.Rows*m.Spec.Latent)}
	if m.Spec.HasLikelihood() {
		j.NLL = make([]float64, s.Rows)
	}
	ranks := ranksFor(ctx, s.Rows)
	if err = joint.GatherTurns(ranks, m.judgeTurns(ctx, ranks, j, s, target), j.Y, m.Spec.Outputs(), ChunkRows); err == nil {
		err = joint.GatherTurns(ranks, nil, j.Codes, m.Spec.Latent, ChunkRows)
	}
	if err == nil && j.NLL != nil {
		err = joint.GatherTurns(ranks, nil, j.NLL, 1, ChunkRows)
	}
	if err != nil {
		return nil, err
	}
	return j, nil
}

// judgeTurns fills in the rank's chunks of prepared rows.
func (m *Model) judgeTurns(ctx context.Context, ranks backend.Ranks, j *Judged, s, target *data.Set) error {
	a, err := m.ready()
	if err != nil {
		return err
	}
	x, want := make([]float32, min(ChunkRows, s.Rows)*m.Spec.Inputs), []float32(nil)
	return inTurns(ctx, ranks, s.Rows, func(at, n int) error {
		m.prep.Rows(x, s, at, n)
		if m.Spec.HasTargets() {
			want = make([]float32, n*m.Spec.Targets)
			m.target.Rows(want, target, at, n)
		}
		if err := a.judge(j, x, want, at, n); err != nil {
			return err
		}
		width := m.Spec.Outputs()
		m.Spec.countsOf(j.Y[at*width:(at+n)*width], want)
		m.Spec.resize(j.Y[at*width:(at+n)*width], want)
		return nil
	})
}

// match returns rows as the preparation knows them, and what the decoder is to make of them as its own does.
func (m *Model) match(s *data.Set) (rows, target *data.Set, err error) {
	if rows, err = m.prep.Match(s); err != nil || !m.Spec.HasTargets() {
		return rows, rows, err
	}
	raw, err := m.TargetsOf(s)
	if err != nil {
		return nil, nil, err
	}
	target, err = m.target.Match(raw)
	return rows, target, err
}

// TargetsOf returns what the decoder is to make of raw rows, raw too: the rows themselves, or the data beside them, without
// which there is a [*data.Error].
func (m *Model) TargetsOf(s *data.Set) (*data.Set, error) {
	switch {
	case !m.Spec.OtherData():
		return s, nil
	case s.Target == nil:
		return nil, &data.Error{Path: s.Name, Msg: "rows without targets: expected what the decoder is to make of each (--target)"}
	}
	return s.Target, nil
}

// judge fills in n rows from row at on, prepared in x, whose targets are in want where they have any.
func (a *applier) judge(j *Judged, x, want []float32, at, n int) error {
	in, width := a.Spec.Inputs, a.Spec.Outputs()
	rows := a.host.Slice(0, n, in)
	a.dev.Upload(rows, x[:n*in])
	a.upload(j.levels, at, n)
	target := rows
	if want != nil {
		target = a.targets.Top(n)
		a.dev.Upload(target, want)
	}
	h := a.encode(rows, n)
	code, latent := a.code.mean(h, n), a.Spec.Latent
	a.dev.Download(j.Codes[at*latent:(at+n)*latent], code)
	out := a.dec.forward(a.to, a.tellDecoder(code, n), n)
	nll, posterior := make([]float32, n), make([]float32, 0)
	if j.NLL != nil {
		a.likelihood.loss(backend.Loss{Rows: a.rows.Top(n), Out: out, Target: target})
		a.dev.Download(nll, a.rows.Top(n))
		if a.Spec.code().Drawn() {
			posterior = make([]float32, h.Len())
			a.dev.Download(posterior, h)
		}
	}
	a.dev.Download(j.Y[at*width:(at+n)*width], a.likelihood.reconstruction(out, target, n))
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
