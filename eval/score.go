package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/internal/joint"
	"github.com/aegpu/aegpu/model"
)

// Names of the columns that [Score] makes.
const (
	RarityScore       = "rarity"
	SquaredErrorScore = "squared_error"
	NLLScore          = "nll"
)

// topColumns is how many of the columns that make a row strange are named.
const topColumns = 3

// ScoreOptions choose what Score tells of a row beside its scores.
type ScoreOptions struct {
	ByColumn bool          // which columns make the row strange, and the error of each
	Ranks    backend.Ranks // that score a part of the rows each, all of which have them all; nil for no others
}

// Score returns how strange raw rows are to a model, a row each, with their labels and ids. A higher number is
// stranger. The columns are
//
//   - rarity: minus the logarithm of the share of training rows that the model finds as unlikely (nll, below, or squared_error
//     where the loss is no likelihood) or more, plus that of the share whose codes are as far from the mean of codes or farther
//     (Mahalanobis' distance: the part that the likelihood of probabilistic PCA has for the code, Tipping and Bishop 1999), plus
//     that of the share as far from the mean of the training rows (the mean over the columns of the squared distance, in
//     standard deviations). The first is large where a row does not go together as the training rows do, the second where it goes
//     together in a way that few do, the third where its values are extreme, which a model that makes them again well does not find
//     strange. See [model.Rarity]; it is left out of a model without a reference ([FitReference]);
//   - squared_error: the squared error of the reconstruction, as the mean over the raw columns of the error divided by
//     the column's standard deviation in the training rows, so that columns count alike whatever their units and however
//     they are scaled: about 1 is what the mean of the training rows would leave. The levels of a category are one column;
//     a column that was constant in training counts in its own units;
//   - nll: minus the log-likelihood of the row as the model sees it, in nats; of a drawn code at its mean, and with its KL
//     (see [model.Judged]). It is left out where the loss is no likelihood (squared);
//   - with ByColumn top1, top2, top3, the names of the columns with the largest errors, and error:NAME for every raw
//     column, the squared standardised error that squared_error is the mean of.
//
// Missing cells have no error (NaN) and no part in the scores. Of a model with targets of their own, it is these that are held against what comes out, and whose columns are named.
// Nothing is drawn: a row has the same scores whenever it is asked about, and whatever rows are beside it. Scores beyond
// float32 are its largest number. Where a model's file does not hold the deviations ([data.Preparation.Deviations]) errors
// are in units of its scaling. [model.ErrNoDecoder] says that there is no decoder to score with.
func Score(ctx context.Context, m *model.Model, rows *data.Set, o ScoreOptions) (*data.Set, error) {
	columns := scoreColumns(m, o)
	s := &data.Set{Name: rows.Name, Rows: rows.Rows, Cols: len(columns), Columns: columns,
		Labels: rows.Labels, Classes: rows.Classes, IDs: rows.IDs, IDName: rows.IDName, LabelName: rows.LabelName}
	if err := hostmemory.Ask("scores", s.Rows, s.Cols, 8); err != nil {
		return nil, err
	}
	s.F64, s.Gaps = make([]float64, s.Rows*s.Cols), o.ByColumn && rows.Gaps
	if s.Rows <= model.ChunkRows {
		o.Ranks = nil
	}
	err := scorePart(ctx, m, rows, s, o)
	if err = joint.Gather(o.Ranks, err, s.F64, s.Cols, model.ChunkRows); err != nil {
		return nil, err
	}
	return s, nil
}

// scorePart writes the scores of the rank's rows to s.
func scorePart(ctx context.Context, m *model.Model, rows, s *data.Set, o ScoreOptions) error {
	lo, hi := joint.Part(o.Ranks, s.Rows, model.ChunkRows)
	for at := lo; at < hi; at += model.ChunkRows {
		n := min(model.ChunkRows, hi-at)
		j, err := m.Judge(ctx, rows.Part(at, n))
		if bad := (*data.Error)(nil); errors.As(err, &bad) && bad.Row > 0 {
			bad.Row += at
		}
		if err != nil {
			return err
		}
		bad, why := scoreRows(s.F64[at*s.Cols:(at+n)*s.Cols], s.Cols, m, j, o)
		switch why {
		case "":
		case allGone:
			return &data.Error{Path: rows.Name, Row: at + bad + 1, Msg: allGone}
		default:
			return fmt.Errorf("row %d of %s has no score: %s", at+bad+1, rows.Name, why)
		}
	}
	return nil
}

// scoreColumns describes what Score tells.
func scoreColumns(m *model.Model, o ScoreOptions) []data.Column {
	var columns []data.Column
	if m.Reference != nil {
		columns = append(columns, data.Column{Name: RarityScore})
	}
	columns = append(columns, data.Column{Name: SquaredErrorScore})
	if m.Spec.HasLikelihood() {
		columns = append(columns, data.Column{Name: NLLScore})
	}
	if !o.ByColumn {
		return columns
	}
	names := m.TargetPreparation().Titles()
	for k := range min(topColumns, len(names)) {
		columns = append(columns, data.Column{Name: "top" + strconv.Itoa(k+1), Kind: data.Category, Levels: names})
	}
	for _, n := range names {
		columns = append(columns, data.Column{Name: "error:" + n})
	}
	return columns
}

// scoreRows writes the scores of rows to dst, cols wide. It returns the first row that has none, and why; "" where all have
// some.
func scoreRows(dst []float64, cols int, m *model.Model, j *model.Judged, o ScoreOptions) (bad int, why string) {
	t := newStrangeness(m.TargetPreparation())
	var mean []float32
	if m.Reference != nil {
		mean = m.Reference.Mean
	}
	order := make([]int, len(t.errs))
	for i := range j.Rows.Rows {
		if why = t.of(j, i, mean); why != "" {
			return i, why
		}
		row := dst[i*cols : i*cols : (i+1)*cols]
		if m.Reference != nil {
			row = append(row, t.rarity(m.Reference, j.Codes[i*m.Spec.Latent:(i+1)*m.Spec.Latent]))
		}
		row = append(row, t.squared)
		if t.likely {
			row = append(row, t.nll)
		}
		if !o.ByColumn {
			continue
		}
		for k := range order {
			order[k] = k
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(t.errs[b], t.errs[a]) })
		for _, at := range order[:min(topColumns, len(order))] {
			row = append(row, float64(at))
		}
		copy(row[len(row):cap(row)], t.errs)
	}
	return 0, ""
}

// strangeness is how strange a row is, by each measure.
type strangeness struct {
	p        *data.Preparation
	errs     []float64 // of each raw column
	squared  float64
	nll      float64
	likely   bool // there is an nll
	distance float64
}

func newStrangeness(p *data.Preparation) *strangeness {
	return &strangeness{p: p, errs: make([]float64, p.Width())}
}

// of measures row i, its distance where there is a mean. It returns why there is nothing to measure, or "".
func (t *strangeness) of(j *model.Judged, i int, mean []float32) (why string) {
	if mean != nil {
		t.p.SquaredErrors(t.errs, j.Rows, i, mean)
		if t.distance, why = meanError(t.errs, j.Rows, i); why != "" {
			return why
		}
	}
	in := t.p.Inputs()
	t.p.SquaredErrors(t.errs, j.Rows, i, j.Y[i*in:(i+1)*in])
	if t.squared, why = meanError(t.errs, j.Rows, i); why != "" {
		return why
	}
	if t.likely = j.NLL != nil; t.likely {
		if t.nll = min(max(j.NLL[i], -math.MaxFloat32), math.MaxFloat32); t.nll != t.nll {
			return notFinite
		}
	}
	return ""
}

// rarity is how rare rows as strange are, of a row with that code.
func (t *strangeness) rarity(r *model.Reference, code []float32) float64 {
	return model.Rarity(r.Error, t.error()) + model.Rarity(r.Code, r.CodeDistance(code)) + model.Rarity(r.Distance, t.distance)
}

// error is the measure of what the model cannot make.
func (t *strangeness) error() float64 {
	if t.likely {
		return t.nll
	}
	return t.squared
}

// Why a row has no score.
const (
	notFinite = "its reconstruction is not finite"
	allGone   = "no cell is there: expected one or more of a row that has a score"
)

// meanError is the mean of the errors of row i over the cells that are there.
func meanError(errs []float64, rows *data.Set, i int) (mean float64, why string) {
	sum, n := 0.0, 0
	for j, e := range errs {
		switch {
		case e == e:
			sum, n = sum+e, n+1
		case !math.IsNaN(rows.At(i, j)):
			return 0, notFinite
		}
	}
	if n == 0 {
		return 0, allGone
	}
	return min(sum/float64(n), math.MaxFloat32), ""
}
