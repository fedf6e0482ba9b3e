package train

import (
	"context"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// squareWeights are what squared errors of outputs count so that their sum is that of raw columns in units of their variance:
// those of a column that has one value in training, which it is turned back to whatever a model makes, count nothing.
func squareWeights(p *data.Preparation) []float64 {
	var weights []float64
	deviations := p.Deviations()
	for j := range p.Width() {
		w := 1.0
		if p.Shift != nil {
			w = p.Scale[j]
		}
		if deviations != nil {
			w /= deviations[j]
		}
		if p.Constant != nil && p.Constant[j] {
			w = 0
		}
		for range p.InputsOf(j) {
			weights = append(weights, w*w)
		}
	}
	return weights
}

// trainedRows is how many rows the variances of the training part count for beside those of the validation part.
const trainedRows = 10

// refitVariances gives real columns of a code that is not drawn the variances that the model's errors have on validation rows:
// those learned are of rows that the net has fitted, and too small by as much. Each is the mean of both, by rows.
func (p *phase) refitVariances(ctx context.Context) error {
	l, ok := p.model.Spec.Likelihood.(model.Columns)
	if !ok || p.eval == nil || p.objective != model.Reconstruct || p.model.Spec.Drawn() {
		return nil
	}
	m, _, err := p.measure(ctx)
	if err != nil || m.Squares == nil {
		return err
	}
	there, err := p.cellsThere(ctx)
	if err != nil {
		return err
	}
	learned, err := p.model.Variances()
	if err != nil || learned == nil {
		return err
	}
	for _, r := range l.Runs {
		for j := r.From; j < r.To && r.Kind == backend.GaussianColumn; j++ {
			learned[j] = (m.Squares[j]*float64(p.valRows) + trainedRows*learned[j]) / (there[j] + trainedRows)
		}
	}
	return p.model.SetVariances(learned)
}

// cellsThere returns how many cells of the validation part each output has that are there, or are filled in.
func (p *phase) cellsThere(ctx context.Context) ([]float64, error) {
	prep, s := p.model.TargetPreparation(), made(p.valSet)
	gaps := make([]float64, prep.Width())
	if prep.Missing == data.MissingMask && s.HasGaps() {
		row := make([]float32, s.Cols)
		for i := range s.Rows {
			if i%evalBatch == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			s.Row(row, i)
			for j, v := range row {
				if v != v {
					gaps[j]++
				}
			}
		}
	}
	var there []float64
	for j, n := range gaps {
		for range prep.InputsOf(j) {
			there = append(there, float64(s.Rows)-n)
		}
	}
	return there, nil
}
