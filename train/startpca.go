package train

import (
	"context"
	"math"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/eval"
	"github.com/aegpu/aegpu/model"
)

// The PCA that a model starts from is that of some of the training rows, spread evenly over them: a start needs no more.
const (
	mostStartRows  = 20000
	startCells     = 1 << 24 // and of fewer rows where they are wide
	fewestStart    = 2000
	startBlockRows = 64
)

// startRows are training rows as the encoder sees them, and what the decoder is to make of them.
type startRows struct {
	x, y       []float32 // rows x d and rows x t; y may be x
	rows, d, t int
	others     bool // y are of other data than x
}

// startRows prepares some of the training rows.
func (s *Sets) startRows() (*startRows, error) {
	d := s.Preparation.Inputs()
	r := &startRows{d: d, t: d, others: s.Targets != nil && !s.sameRows}
	if s.Targets != nil {
		r.t = s.Targets.Inputs()
	}
	most := min(mostStartRows, max(startCells/max(r.d, r.t), fewestStart))
	all := (s.Train.Rows + startBlockRows - 1) / startBlockRows
	blocks := min(all, (most+startBlockRows-1)/startBlockRows)
	rows := min(blocks*startBlockRows, s.Train.Rows)
	if err := hostmemory.Ask("the rows to start from", rows, r.d+r.t, 4); err != nil {
		return nil, err
	}
	r.x = make([]float32, 0, rows*r.d)
	if s.Targets != nil {
		r.y = make([]float32, 0, rows*r.t)
	}
	for k := range blocks {
		at := int(int64(k)*int64(all)/int64(blocks)) * startBlockRows
		part := s.Train.Part(at, min(startBlockRows, s.Train.Rows-at))
		rows, err := s.Preparation.Apply(part)
		if err != nil {
			return nil, err
		}
		r.x = appendRows(r.x, rows)
		r.rows += part.Rows
		if s.Targets == nil {
			continue
		}
		if rows, err = s.Targets.Apply(made(part)); err != nil {
			return nil, err
		}
		r.y = appendRows(r.y, rows)
	}
	if s.Targets == nil {
		r.y = r.x
	}
	return r, nil
}

func appendRows(to []float32, s *data.Set) []float32 {
	row := make([]float32, s.Cols)
	for i := range s.Rows {
		s.Row(row, i)
		to = append(to, row...)
	}
	return to
}

// outputKinds are the likelihoods of t outputs: Gaussian where they are compared by squared error.
func outputKinds(l model.Likelihood, t int) []backend.ColumnKind {
	kinds := make([]backend.ColumnKind, t)
	switch l := l.(type) {
	case model.Bernoulli:
		for j := range kinds {
			kinds[j] = backend.BernoulliColumn
		}
	case model.Columns:
		for _, r := range l.Runs {
			for j := r.From; j < r.To; j++ {
				kinds[j] = r.Kind
			}
		}
	}
	return kinds
}

// startFromPCA makes the weights of a new model contain PCA, of as many codes as it can carry.
func (r *run) startFromPCA(ctx context.Context) error {
	s, spec := r.sets, &r.whole.Spec
	k, err := spec.CarriesLinear()
	if err != nil {
		return err
	}
	p, err := s.pcaOf(ctx, r.dev, k)
	if err != nil {
		return err
	}
	l, err := linearStart(ctx, r.dev, p, spec)
	if err != nil || l == nil {
		return err
	}
	return r.whole.StartLinear(l)
}

// leastVariance is the share of the largest variance below which a direction of the data is none.
const leastVariance = 1e-9

// mostExplained is the share of the variance that a code that is drawn starts with: what directions beyond it hold is noise. With
// hardly any, rows start in a space as narrow as numbers allow, and a training does not get out of it.
const mostExplained = 0.98

// directions returns how many components of PCA a model starts from: those that there are, and of a code that is drawn no
// more than explain most and one less than there are columns.
func directions(p *eval.PCA, drawn bool) (k int) {
	most, explained := p.K(), 0.0
	if drawn {
		most = min(most, max(p.Width()-1, 1))
	}
	for k < most && p.Variance[k] > leastVariance*p.Variance[0] && p.Variance[k] > 0 && !(drawn && explained >= mostExplained*p.Total) {
		explained += p.Variance[k]
		k++
	}
	return k
}

// linearStart returns the linear autoencoder that a model starts from: codes are PCA's, each of mean square 1 over the rows,
// and outputs are regressed on them, through the function that their likelihood has ([responses.fit]). A code that is drawn
// starts as probabilistic PCA (Tipping and Bishop 1999). It is nil where the data have no variance.
func linearStart(ctx context.Context, dev backend.Device, f *fittedPCA, spec *model.Spec) (*model.Linear, error) {
	p, rows := f.is, f.rows
	k, d := directions(p, spec.Drawn()), rows.d
	if k == 0 {
		return nil, nil
	}
	white, n := make([]float32, k*d), float64(rows.rows)
	for i := range white {
		white[i] = p.Components[i] / float32(math.Sqrt(p.Variance[i/d]*(n-1)/n))
	}
	whitened := &eval.PCA{Mean: p.Mean, Components: white, Variance: make([]float64, k)}
	z, err := whitened.Encode(ctx, dev, eval.Dense(rows.x, d))
	if err != nil {
		return nil, err
	}
	y := newResponses(rows, outputKinds(spec.Likelihood, rows.t))
	slopes, err := eval.MeanProducts(ctx, dev, eval.RowFunc(rows.rows, rows.t, y.row), eval.Dense(z, k))
	if err != nil {
		return nil, err
	}
	l := &model.Linear{Mean: p.Mean, Encoder: white, Decoder: make([]float32, rows.t*k), Bias: make([]float32, rows.t), Variance: make([]float32, rows.t)}
	info := y.fit(l, slopes)
	if !rows.others {
		y.takePCA(l, p)
	}
	if c, ok := spec.Likelihood.(model.Columns); ok {
		y.shrinkLogits(l, c, z)
	}
	if spec.HasLikelihood() && (!spec.Corrupt.None() || y.gaps()) {
		if err := y.measure(ctx, dev, whitened, l, spec.Corrupt); err != nil {
			return nil, err
		}
	}
	if spec.Drawn() {
		y.startPosterior(l, info)
	}
	return l, nil
}
