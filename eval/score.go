package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// Names of the columns that [Score] makes.
const (
	SquaredErrorScore = "squared_error"
	NLLScore          = "nll"
)

// topColumns is how many of the columns that make a row strange are named.
const topColumns = 3

// ScoreOptions choose what Score tells of a row beside its scores.
type ScoreOptions struct {
	ByColumn bool // which columns make the row strange, and the error of each
}

// Score returns how strange raw rows are to a model, a row each, with their labels and ids. A higher number is
// stranger. The columns are
//
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
	for at := 0; at < s.Rows; at += model.ChunkRows {
		n := min(model.ChunkRows, s.Rows-at)
		j, err := m.Judge(ctx, rows.Part(at, n))
		if bad := (*data.Error)(nil); errors.As(err, &bad) && bad.Row > 0 {
			bad.Row += at
		}
		if err != nil {
			return nil, err
		}
		bad, why := scoreRows(s.F64[at*s.Cols:(at+n)*s.Cols], s.Cols, m.TargetPreparation(), j, o)
		switch why {
		case "":
		case allGone:
			return nil, &data.Error{Path: rows.Name, Row: at + bad + 1, Msg: allGone}
		default:
			return nil, fmt.Errorf("row %d of %s has no score: %s", at+bad+1, rows.Name, why)
		}
	}
	return s, nil
}

// scoreColumns describes what Score tells.
func scoreColumns(m *model.Model, o ScoreOptions) []data.Column {
	columns := []data.Column{{Name: SquaredErrorScore}}
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
func scoreRows(dst []float64, cols int, p *data.Preparation, j *model.Judged, o ScoreOptions) (bad int, why string) {
	width, in := p.Width(), p.Inputs()
	errs, order := make([]float64, width), make([]int, width)
	for i := range j.Rows.Rows {
		row := dst[i*cols : (i+1)*cols]
		p.SquaredErrors(errs, j.Rows, i, j.Y[i*in:(i+1)*in])
		if row[0], why = meanError(errs, j.Rows, i); why != "" {
			return i, why
		}
		row = row[1:]
		if j.NLL != nil {
			if row[0] = min(max(j.NLL[i], -math.MaxFloat32), math.MaxFloat32); row[0] != row[0] {
				return i, notFinite
			}
			row = row[1:]
		}
		if !o.ByColumn {
			continue
		}
		top := min(topColumns, width)
		for k := range order {
			order[k] = k
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(errs[b], errs[a]) })
		for k, at := range order[:top] {
			row[k] = float64(at)
		}
		copy(row[top:], errs)
	}
	return 0, ""
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
