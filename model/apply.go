package model

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/internal/joint"
)

// ChunkRows is how many rows go through the device at a time outside training. Whoever
// has many rows and wants to hold few of them encodes or decodes so many at a time.
const ChunkRows = 1000

// applier is a model's planned inference on rows from the host.
type applier struct {
	*graph
	host backend.Tensor // B x max(D, L): rows from the host
}

func (m *Model) newApplier(batch, samples int) (*applier, error) {
	clock, err := m.dev.AllocClock(1)
	if err != nil {
		return nil, err
	}
	a := &applier{}
	a.graph, err = newGraph(m, graphOptions{batch: batch, samples: samples, clock: clock}, func(g *graph, alloc backend.Alloc) {
		a.host = reserveHost(g, alloc)
	})
	if err != nil {
		a.free()
		return nil, fmt.Errorf("inference on %d rows: %w", batch, err)
	}
	return a, nil
}

// reserveHost takes what inference needs beside the activations.
func reserveHost(g *graph, alloc backend.Alloc) backend.Tensor {
	return alloc(g.batch, max(g.Spec.Inputs, g.Spec.Latent))
}

func (a *applier) free() {
	if a != nil {
		a.graph.free()
		a.clock.Mem.Free()
	}
}

// ready plans the inference of small batches from the host at its first use.
func (m *Model) ready() (*applier, error) {
	if m.apply != nil {
		return m.apply, nil
	}
	var err error
	m.apply, err = m.newApplier(ChunkRows, 1)
	return m.apply, err
}

// EndInference gives back the memory that inference has taken; it is taken again at its next use.
func (m *Model) EndInference() {
	m.apply.free()
	m.apply = nil
}

// meanCode enqueues the code of n rows of x: the means of a drawn one.
func (a *applier) meanCode(x backend.Tensor, n int) backend.Tensor {
	return a.code.mean(a.encode(x, n), n)
}

// decode enqueues the decoder on n codes and what turns its output into
// reconstructions.
func (a *applier) decode(code backend.Tensor, n int) backend.Tensor {
	return a.likelihood.reconstruction(a.dec.forward(a.to, a.tellDecoder(code, n), n), backend.Tensor{}, n)
}

// Encode returns the codes of raw rows, Rows x Latent, the means of a drawn code, in columns code_0, code_1 and so on;
// labels and ids stay with their rows. A set that the model's preparation does not
// match is a [*data.Error]; the context's error is returned when it ends first.
func (m *Model) Encode(ctx context.Context, s *data.Set) (*data.Set, error) {
	codes, err := m.mapSet(ctx, s, m.Spec.Latent, func(a *applier, x backend.Tensor, n int) backend.Tensor {
		return a.meanCode(x, n)
	})
	if err != nil {
		return nil, err
	}
	return codesOf(s, codes, m.Preparation().Codes(m.Spec.Latent)), nil
}

// codesOf is the set of codes of rows, in the columns of p, with all that is known of the rows.
func codesOf(s *data.Set, codes []float32, p *data.Preparation) *data.Set {
	return &data.Set{Name: s.Name, Rows: s.Rows, Cols: len(p.Columns), F32: codes, Columns: p.Columns,
		Labels: s.Labels, Classes: s.Classes, IDs: s.IDs, IDName: p.Beside(s.IDName), LabelName: p.Beside(s.LabelName),
		Conditions: s.Conditions, ConditionLevels: s.ConditionLevels, ConditionName: s.ConditionName}
}

// Reconstruct returns what comes out for raw rows that go in, in their own units,
// with their labels, ids and shape; of a model with targets of their own those, in their units. [ErrNoDecoder] where the decoder does not fit the codes.
func (m *Model) Reconstruct(ctx context.Context, s *data.Set) (*data.Set, error) {
	if err := m.checkDecoder(); err != nil {
		return nil, err
	}
	x, err := m.reconstructed(ctx, s)
	if err != nil {
		return nil, err
	}
	return m.restored(x, s)
}

// ReconstructAt is Reconstruct that decodes every row at one level of a conditional model's condition, whatever its own:
// rows as they would be had they that level.
func (m *Model) ReconstructAt(ctx context.Context, s *data.Set, level int32) (*data.Set, error) {
	if !m.Spec.HasCondition() || level < 0 || int(level) >= m.Spec.Conditions {
		return nil, fmt.Errorf("level %d of the condition of a model with %d levels", level, m.Spec.Conditions)
	}
	codes, err := m.Encode(ctx, s)
	if err != nil {
		return nil, err
	}
	x, err := m.decoded(ctx, m.condition.All(codes, level))
	if err != nil {
		return nil, err
	}
	return m.restored(x, m.condition.All(s, level))
}

// restored is what came out for rows, in their own units or those of the targets, with all that is known of the rows.
func (m *Model) restored(x []float32, s *data.Set) (*data.Set, error) {
	p := m.TargetPreparation()
	if err := hostmemory.Ask("reconstructions in their own units", s.Rows, p.Cols, 8); err != nil {
		return nil, err
	}
	y, err := p.Undo(x)
	if err != nil {
		return nil, err
	}
	y.NameRows(s)
	if m.Spec.OtherData() {
		return y, nil
	}
	if s.Height > 0 { // as it came
		y.Height, y.Width, y.Channels, y.Layout = s.Height, s.Width, s.Channels, s.Layout
	}
	if y.Columns == nil {
		y.Columns = s.Columns
	}
	return y, nil
}

// reconstructed returns what comes out for raw rows, as the preparation of what the decoder makes has it.
func (m *Model) reconstructed(ctx context.Context, s *data.Set) ([]float32, error) {
	if m.Spec.total() > 0 && !m.Spec.OtherData() { // counts are in proportion to those of their row
		j, err := m.Judge(ctx, s)
		if err != nil {
			return nil, err
		}
		return j.Y, nil
	}
	x, err := m.mapSet(ctx, s, m.Spec.Outputs(), func(a *applier, x backend.Tensor, n int) backend.Tensor {
		return a.decode(a.meanCode(x, n), n)
	})
	m.Spec.countsOf(x, nil)
	return x, err
}

// Decode returns the reconstructions of codes (Rows x Latent), in the units of the
// raw rows, with the codes' labels and ids; [ErrNoDecoder] where the decoder does not fit
// the codes. Codes whose columns have names are found by those that [Model.Encode] gives them, see [data.Preparation.Codes].
func (m *Model) Decode(ctx context.Context, codes *data.Set) (*data.Set, error) {
	if err := m.checkDecoder(); err != nil {
		return nil, err
	}
	codes, err := m.Preparation().Codes(m.Spec.Latent).Match(codes)
	if err != nil {
		return nil, err
	}
	return m.DecodePrior(ctx, codes)
}

// DecodePrior is Decode for codes drawn from the prior, which fit the decoder whatever
// became of the encoder.
func (m *Model) DecodePrior(ctx context.Context, codes *data.Set) (*data.Set, error) {
	return m.decodeRows(ctx, codes, nil)
}

// DecodeDrawn is DecodePrior that draws each column from its likelihood given the code, where columns have some of their own;
// other models give their means. first is the number of the first code: a row's draws depend on it and on seed alone.
func (m *Model) DecodeDrawn(ctx context.Context, codes *data.Set, first int, seed uint64) (*data.Set, error) {
	l, ok := m.Spec.Likelihood.(Columns)
	if !ok {
		return m.DecodePrior(ctx, codes)
	}
	spread, err := m.spread()
	if err != nil {
		return nil, err
	}
	return m.decodeRows(ctx, codes, func(y []float32, row int) {
		l.drawCells(y, spread, rand.New(rand.NewPCG(seed, uint64(first+row))))
	})
}

// decodeRows decodes codes; change is given each row before its preparation is undone, nil for none.
func (m *Model) decodeRows(ctx context.Context, codes *data.Set, change func(y []float32, row int)) (*data.Set, error) {
	x, err := m.decoded(ctx, codes)
	if err != nil {
		return nil, err
	}
	for i, T := 0, m.Spec.Outputs(); i < codes.Rows && change != nil; i++ {
		change(x[i*T:(i+1)*T], i)
	}
	y, err := m.TargetPreparation().Undo(x)
	if err != nil {
		return nil, err
	}
	y.NameRows(codes)
	return y, nil
}

// decoded is what the decoder makes of codes, as the model sees it.
func (m *Model) decoded(ctx context.Context, codes *data.Set) ([]float32, error) {
	if err := codes.Validate(); err != nil {
		return nil, err
	}
	if codes.Cols != m.Spec.Latent {
		return nil, &data.Error{Path: codes.Name, Msg: fmt.Sprintf("rows of %d numbers: expected codes of %d", codes.Cols, m.Spec.Latent)}
	}
	if err := hostmemory.Ask("what comes out of the model", codes.Rows, m.Spec.Outputs(), 12); err != nil { // and Undo's
		return nil, err
	}
	levels, err := m.levels(codes)
	if err != nil {
		return nil, err
	}
	x := make([]float32, codes.Rows*m.Spec.Outputs())
	rows := func(dst []float32, start, n int) {
		for i := range n {
			codes.Row(dst[i*codes.Cols:(i+1)*codes.Cols], start+i)
		}
	}
	err = m.mapRows(ctx, mapping{x, codes.Rows, m.Spec.Outputs(), m.Spec.Latent, levels, rows}, func(a *applier, z backend.Tensor, n int) backend.Tensor {
		return a.decode(z, n)
	})
	m.Spec.countsOf(x, nil)
	return x, err
}

// Classify returns the classifier's logits of raw rows, Rows x Classes.
func (m *Model) Classify(ctx context.Context, s *data.Set) ([]float32, error) {
	if m.Spec.Classes == 0 {
		return nil, errors.New("the model has no classifier")
	}
	return m.mapSet(ctx, s, m.Spec.Classes, func(a *applier, x backend.Tensor, n int) backend.Tensor {
		return a.head.forward(a.to, a.meanCode(x, n), n)
	})
}

// Prepared returns what comes out for rows that are prepared already, n x Inputs, as
// prepared rows, n x Outputs. Of a conditional model levels says that of each, by number.
func (m *Model) Prepared(x []float32, levels ...int32) ([]float32, error) {
	in, out := m.Spec.Inputs, m.Spec.Outputs()
	y := make([]float32, len(x)/in*out)
	rows := func(dst []float32, start, n int) { copy(dst, x[start*in:(start+n)*in]) }
	if m.Spec.HasCondition() && len(levels) != len(x)/in {
		return nil, fmt.Errorf("%d levels of the condition for %d rows: expected one for each", len(levels), len(x)/in)
	}
	return y, m.mapRows(context.Background(), mapping{y, len(x) / in, out, in, levels, rows}, func(a *applier, x backend.Tensor, n int) backend.Tensor {
		return a.decode(a.meanCode(x, n), n)
	})
}

// mapSet carries raw rows, prepared, through f to rows of out numbers.
func (m *Model) mapSet(ctx context.Context, s *data.Set, out int, f func(*applier, backend.Tensor, int) backend.Tensor) ([]float32, error) {
	p := m.Preparation()
	levels, err := m.levels(s)
	if err != nil {
		return nil, err
	}
	if s, err = p.Match(s); err != nil {
		return nil, err
	}
	if err := hostmemory.Ask("what comes out of the model", s.Rows, out, 4); err != nil {
		return nil, err
	}
	dst := make([]float32, s.Rows*out)
	rows := func(dst []float32, start, n int) { p.Rows(dst, s, start, n) }
	return dst, m.mapRows(ctx, mapping{dst, s.Rows, out, m.Spec.Inputs, levels, rows}, f)
}

// mapping is rows of in numbers, which read writes, on their way to rows of out numbers in dst; levels are of their
// condition, if any.
type mapping struct {
	dst           []float32
	rows, out, in int
	levels        []int32
	read          func(dst []float32, start, n int)
}

// mapRows carries rows through f, ChunkRows at a time.
func (m *Model) mapRows(ctx context.Context, r mapping, f func(*applier, backend.Tensor, int) backend.Tensor) error {
	ranks := ranksFor(ctx, r.rows)
	return joint.GatherTurns(ranks, m.mapTurns(ctx, ranks, r, f), r.dst, r.out, ChunkRows)
}

// mapTurns is mapRows of the rank's chunks.
func (m *Model) mapTurns(ctx context.Context, ranks backend.Ranks, r mapping, f func(*applier, backend.Tensor, int) backend.Tensor) error {
	a, err := m.ready()
	if err != nil {
		return err
	}
	buf := make([]float32, min(ChunkRows, r.rows)*r.in)
	return inTurns(ctx, ranks, r.rows, func(at, n int) error {
		r.read(buf[:n*r.in], at, n)
		x := a.host.Slice(0, n, r.in)
		m.dev.Upload(x, buf[:n*r.in])
		a.upload(r.levels, at, n)
		m.dev.Download(r.dst[at*r.out:(at+n)*r.out], f(a, x, n))
		return m.dev.Sync()
	})
}

// DrawPrior returns n codes drawn from the code's prior, n x Latent; without a prior
// there is an error that says what to do instead.
func (m *Model) DrawPrior(n int, seed uint64) (*data.Set, error) {
	return m.DrawPriorFrom(0, n, seed)
}

// DrawPriorFrom returns codes start to start+n of those that DrawPrior draws.
func (m *Model) DrawPriorFrom(start, n int, seed uint64) (*data.Set, error) {
	if err := hostmemory.Ask("codes to decode", n, m.Spec.Latent, 4); err != nil {
		return nil, err
	}
	codes := make([]float32, n*m.Spec.Latent)
	if !m.Spec.code().prior(codes, uint64(start)*uint64(m.Spec.Latent), seed) {
		return nil, fmt.Errorf("a %s code has no prior to sample from: decode draws from a mixture fitted to its codes (eval.Draw)", m.Spec.code())
	}
	return &data.Set{Name: "samples", Rows: n, Cols: m.Spec.Latent, F32: codes}, nil
}

// Sample returns n examples decoded from draws of the prior, in the units of the raw
// rows; of a conditional model at levels drawn as DrawLevels does.
func (m *Model) Sample(ctx context.Context, n int, seed uint64) (*data.Set, error) {
	codes, err := m.DrawPrior(n, seed)
	if err != nil {
		return nil, err
	}
	codes = m.DrawLevels(codes, 0, seed)
	return m.DecodePrior(ctx, codes)
}
