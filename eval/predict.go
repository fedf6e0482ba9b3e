package eval

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// ErrNoClassifier is the error of Predict with a model that has none.
var ErrNoClassifier = errors.New("the model has no classifier")

// Predict returns what a model's classifier says of raw rows, a row each, with their labels and ids: the column class, a
// category, and for every class p:CLASS, its probability. A model without a classifier is [ErrNoClassifier].
func Predict(ctx context.Context, m *model.Model, rows *data.Set) (*data.Set, error) {
	k := m.Spec.Classes
	if k == 0 {
		return nil, ErrNoClassifier
	}
	logits, err := m.Classify(ctx, rows)
	if err != nil {
		return nil, err
	}
	names := m.ClassNames()
	s := &data.Set{Name: rows.Name, Rows: rows.Rows, Cols: 1 + k, Columns: []data.Column{{Name: "class", Kind: data.Category, Levels: names}},
		Labels: rows.Labels, Classes: rows.Classes, IDs: rows.IDs, IDName: rows.IDName, LabelName: rows.LabelName}
	for _, n := range names {
		s.Columns = append(s.Columns, data.Column{Name: "p:" + n})
	}
	if err := hostmemory.Ask("probabilities", s.Rows, s.Cols, 8); err != nil {
		return nil, err
	}
	s.F64 = make([]float64, s.Rows*s.Cols)
	for i := range s.Rows {
		row := s.F64[i*s.Cols : (i+1)*s.Cols]
		best := probabilities(row[1:], logits[i*k:(i+1)*k])
		if best < 0 {
			return nil, fmt.Errorf("row %d of %s: what comes out of the classifier is not finite", i+1, rows.Name)
		}
		row[0] = float64(best)
	}
	return s, nil
}

// probabilities writes the probabilities of logits to dst and returns the largest's index, the first of several; -1 where a logit
// is not finite.
func probabilities(dst []float64, logits []float32) int {
	best := 0
	for k, v := range logits {
		if v-v != 0 {
			return -1
		}
		if v > logits[best] {
			best = k
		}
	}
	sum := 0.0
	for k, v := range logits {
		dst[k] = math.Exp(float64(v) - float64(logits[best]))
		sum += dst[k]
	}
	for k := range dst {
		dst[k] /= sum
	}
	return best
}

// Right returns how many rows of a prediction, with its rows' labels, are of the class that it says, and how many have a
// class that the classifier knows, by its text or number (see [data.ClassFinder]).
func Right(predicted *data.Set) (right, known int) {
	find, to := data.ClassFinder(predicted.Columns[0].Levels), make([]int32, len(predicted.Classes))
	for k, c := range predicted.Classes {
		to[k] = find(c)
	}
	for i, l := range predicted.Labels {
		if to[l] >= 0 {
			known++
		}
		if to[l] == int32(predicted.At(i, 0)) {
			right++
		}
	}
	return right, known
}
