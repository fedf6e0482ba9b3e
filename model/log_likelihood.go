package model

import (
	"context"
	"fmt"
	"math"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/hostmemory"
)

// LogLikelihood returns the importance-weighted estimate of mean log p(x) with k
// samples an example, in nats (Burda et al. 2016). It needs a code that is drawn and
// a likelihood as loss ([Spec.Bounds]). The context's error is returned when it ends
// first.
func (m *Model) LogLikelihood(ctx context.Context, data Resident, k int, seed uint64) (float64, error) {
	sum, err := m.SumLogLikelihood(ctx, data, k, seed, 0)
	return sum / float64(data.Rows.Rows), err
}

// LikelihoodRows is how many rows [Model.LogLikelihood] takes at a time.
const LikelihoodRows = 20

// SumLogLikelihood is LogLikelihood summed over rows before which others come, a multiple of [LikelihoodRows]: sums of parts
// of the rows add up to that of all.
func (m *Model) SumLogLikelihood(ctx context.Context, data Resident, k int, seed uint64, before int) (float64, error) {
	if !m.Spec.Bounds() {
		return 0, fmt.Errorf("log p(x) is estimated for a code that is drawn, with a loss that is minus a log-likelihood")
	}
	chunk := min(k, 50)
	rows := data.Rows.Rows
	a, err := m.newApplier(min(LikelihoodRows, rows), max(2, chunk))
	if err != nil {
		return 0, err
	}
	defer a.free()
	if err := hostmemory.Ask("the importance weights", a.batch, k/a.samples, 24); err != nil { // a list that grows is copied
		return 0, err
	}
	rounds := (k-1)/a.samples + 1
	batches := before / LikelihoodRows // each ticks once a round, and at its end
	m.dev.SetClock(a.clock, backend.Time{Seed: seed, Step: uint64(batches) * uint64(rounds+1)}, nil)
	total, bound := 0.0, make([]float32, a.batch)
	for at := 0; at < rows; at += a.batch {
		n := min(a.batch, rows-at)
		m.dev.Enqueue(backend.Gather{Clean: a.clean.Top(n), Data: data.Rows, Batch: backend.Batch{Clock: a.clock, Binarise: m.Spec.Binarise}})
		a.gatherTargets(data, false, n)
		a.gatherLevels(data, false, n)
		h := a.enc.forward(m.dev, a.tellEncoder(a.clean, n), n)
		logs := make([][]float64, n)
		for range rounds {
			if err := ctx.Err(); err != nil {
				return 0, err
			}
			m.dev.Download(bound[:n], a.importance(h, n))
			for i, v := range bound[:n] {
				logs[i] = append(logs[i], float64(v))
			}
			m.dev.Enqueue(backend.Tick{Clock: a.clock})
		}
		if err := m.dev.Sync(); err != nil {
			return 0, err
		}
		for _, l := range logs {
			total += logMeanExp(l)
		}
		m.dev.Enqueue(backend.Tick{Clock: a.clock, Rows: n})
	}
	return total, m.dev.Sync()
}

// importance enqueues one round of importance samples of n examples, h being their
// posterior, and returns the bound of each.
func (a *applier) importance(h backend.Tensor, n int) backend.Tensor {
	rows, z := a.rows.Top(n*a.samples), a.code.draw(h, n)
	out := a.dec.forward(a.to, a.tellDecoder(z, n), n*a.samples)
	a.likelihood.loss(backend.Loss{Rows: rows, Out: out, Target: a.target().Top(n)})
	return a.code.weigh(h, rows, n)
}

func logMeanExp(v []float64) float64 {
	top, sum := math.Inf(-1), 0.0
	for _, x := range v {
		top = math.Max(top, x)
	}
	for _, x := range v {
		sum += math.Exp(x - top)
	}
	return top + math.Log(sum/float64(len(v)))
}
