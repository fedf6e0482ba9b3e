package eval

import (
	"fmt"
	"slices"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// explainedName is the figure that says how much better than the mean of the training
// rows a reconstruction is.
const explainedName = "explained_variance"

// enoughForMean is how many rows a mean is taken of at most.
const enoughForMean = 10000

// explained appends the share of the variance about the mean of the training rows that
// reconstructions keep, where the rows vary at all.
func (b *summariser) explained() error {
	if b.train == nil || b.train.Rows == 0 || b.model.Spec.HasTargets() && b.train.Target == nil {
		return nil
	}
	train := b.train.Head(min(b.train.Rows, enoughForMean))
	if b.model.Spec.HasTargets() {
		train = train.Target
	}
	train, err := b.model.TargetPreparation().Apply(train)
	if err != nil {
		return err
	}
	b.spread = spreadAbout(columnMeans(train), b.target, b.model.Spec.Binarise)
	addExplained(&b.Figures, b.Get("sse"), b.spread)
	return nil
}

// addExplained appends 1 - sse / spread. A spread of 0 but for rounding has none.
func addExplained(figures *[]model.Figure, sse, spread float64) {
	if spread > 0 {
		add(figures, explainedName, 1-sse/spread, "1 - sse / that of the training rows' mean")
	}
}

func columnMeans(s *data.Set) []float64 {
	mean, row := make([]float64, s.Cols), make([]float32, s.Cols)
	for i := range s.Rows {
		s.Row(row, i)
		for j, v := range row {
			mean[j] += float64(v)
		}
	}
	for j := range mean {
		mean[j] /= float64(s.Rows)
	}
	return mean
}

// spreadAbout returns the squared distance of a row from the mean, as the mean over
// rows, and with what drawing them to 0 and 1 adds; 0 where rounding is all there is.
func spreadAbout(mean []float64, s *data.Set, binarised bool) float64 {
	sum, size, row := 0.0, 0.0, make([]float32, s.Cols)
	for i := range s.Rows {
		s.Row(row, i)
		for j, v := range row {
			x := float64(v)
			sum += (x - mean[j]) * (x - mean[j])
			size += x * x
			if binarised {
				sum += x * (1 - x)
			}
		}
	}
	if sum <= 1e-9*size {
		return 0
	}
	return sum / float64(s.Rows)
}

// A judgement takes so many rows, of fewer chance decides, and so many updates of a
// training, unless the reconstruction is worse than the mean by so much that fewer are
// no excuse.
const (
	enoughRows    = 20
	enoughUpdates = 100
	badly         = -0.1
)

// Warnings returns, for people, what of the figures looks as if a training of so many
// updates had failed: reconstructions that are no better than the mean of the training
// rows; that there are none, where the decoder does not fit the codes; and how labels
// were taken where that is worth a word.
func (s *Summary) Warnings(updates int) []string {
	if s.noDecoder {
		return append(slices.Clone(s.said), "figures of reconstructions are left out: "+model.ErrNoDecoder.Error())
	}
	v := s.Get(explainedName)
	if !(v <= 0) || s.Examples < enoughRows || updates < enoughUpdates && v > badly {
		return s.said
	}
	return append(slices.Clone(s.said), fmt.Sprintf("the reconstruction of %d held-out rows is no better than the mean of the training rows (explained variance %.4g): the code tells nothing of a row",
		s.Examples, v))
}
