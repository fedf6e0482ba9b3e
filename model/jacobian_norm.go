package model

import (
	"context"
	"fmt"
	"math"

	"github.com/aegpu/aegpu/backend"
)

// JacobianNorm returns the root mean square over the first examples of data of the
// Frobenius norm of the encoder's Jacobian, exact. It needs a code that is
// neither drawn nor cut to its largest units. With one layer it costs little more
// than encoding, with more it costs a backward pass a unit of the code. The context's
// error is returned when it ends first.
func (m *Model) JacobianNorm(ctx context.Context, data backend.Data, examples int) (float64, error) {
	if !m.Spec.HasJacobian() {
		return 0, fmt.Errorf("the Jacobian's norm is measured on deterministic codes, not %s ones", m.Spec.code())
	}
	examples = min(examples, data.Rows)
	batch := min(examples, ChunkRows)
	if len(m.Spec.Hidden) > 0 {
		batch = min(examples, max(1, 4096/m.Spec.Latent))
	}
	sums, err := m.dev.AllocSums(1)
	if err != nil {
		return 0, err
	}
	defer sums.Mem.Free()
	a, square, err := m.jacobianApplier(batch, sums)
	if err != nil {
		return 0, err
	}
	defer a.free()
	for at := 0; at < examples; at += batch {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n := min(batch, examples-at)
		m.dev.SetClock(a.clock, backend.Time{Row: uint64(at)}, nil)
		m.dev.Enqueue(backend.Gather{Clean: a.clean.Top(n), Data: data, Batch: backend.Batch{Clock: a.clock}})
		a.enc.forward(m.dev, a.clean, n)
		square(n)
	}
	total := make([]float64, 1)
	m.dev.ReadSums(total, sums)
	return math.Sqrt(total[0] / float64(examples)), m.dev.Sync()
}

// jacobianApplier plans an encoder whose Jacobian's squared norm is added to sums
// by square, for n encoded examples.
func (m *Model) jacobianApplier(batch int, sums backend.Sums) (a *applier, square func(n int), err error) {
	clock, err := m.dev.AllocClock(1)
	if err != nil {
		return nil, nil, err
	}
	a = &applier{}
	a.graph, err = newGraph(m, graphOptions{batch: batch, samples: 1, clock: clock}, func(g *graph, alloc backend.Alloc) {
		if len(g.enc) > 1 {
			j := planJacobian(g, alloc, batch, m.Spec.Latent, true, false)
			square = func(n int) {
				j.forward(m.dev, g.enc, backend.Noise{Clock: a.clock, Stream: backend.StreamProbe}, n)
				v := j.v[0].Top(n * j.probes)
				m.dev.Enqueue(backend.SquareSum{DV: v, Sums: sums, V: v, Share: 1})
			}
			return
		}
		l, r, unused, norms := &g.enc[0], alloc(1, m.Spec.Latent), alloc(1, m.Spec.Latent), alloc(batch, m.Spec.Latent)
		square = func(n int) {
			m.dev.Enqueue(backend.RowSquares{R: r, W: l.w})
			m.dev.Enqueue(backend.ContractShallow{DA: norms.Top(n), DR: unused, Sums: sums, Saved: l.saved().Top(n), R: r, Act: l.act, Share: 1})
		}
	})
	if err != nil {
		a.free()
		return nil, nil, err
	}
	return a, square, nil
}
