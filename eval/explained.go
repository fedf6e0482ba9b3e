package eval

import (
	"context"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// explainedName is the figure that says how much better than the mean of the training
// rows a reconstruction is.
const explainedName = "explained_variance"

// ordinaryName is that figure over ordinary rows of a table.
const ordinaryName = "explained_variance_ordinary"

// enoughForMean is how many images a mean is taken of at most.
const enoughForMean = 10000

// explained appends the share of the variance about the mean of the training rows that
// reconstructions keep, where the rows vary at all: of a table in standardised units, and of every column.
func (b *summariser) explained() (err error) {
	if !b.image() {
		return b.byColumn()
	}
	if b.train == nil || b.train.Rows == 0 || b.model.Spec.OtherData() && b.train.Target == nil {
		return nil
	}
	train := b.train
	if b.model.Spec.OtherData() {
		train = train.Target
	}
	b.spread, err = spreadOf(b.model.TargetPreparation(), train, b.target, b.portion, b.model.Spec.Binarise)
	addExplained(&b.Figures, b.Get("sse"), b.spread)
	return err
}

// spreadOf is [spreadAbout] the mean of raw training rows.
func spreadOf(p *data.Preparation, train, s *data.Set, of portion, binarised bool) (float64, error) {
	train, err := p.Apply(train.Head(enoughForMean))
	if err != nil {
		return 0, err
	}
	return spreadAbout(columnMeans(train), s, of, binarised)
}

// image says whether the decoder makes images.
func (b *summariser) image() bool {
	return b.target.Height > 0 || b.model.TargetPreparation().Images != nil
}

// byColumn appends the figures of a table.
func (b *summariser) byColumn() (err error) {
	train, test := b.train, b.test
	if b.model.Spec.OtherData() {
		test = test.Target
		if train != nil {
			train = train.Target
		}
	}
	if b.yardsticks, err = newYardsticks(b.ctx, b.model.TargetPreparation(), train, test, b.portion); err != nil {
		return err
	}
	b.Columns, err = b.yardsticks.table(b.ctx, &b.Figures, b.test, judged(b.model))
	for j, v := range b.losses {
		b.Columns[j].NLL = v
	}
	return err
}

// table appends the figures over all columns of what a maker makes of raw rows, and returns those by column.
func (y *yardsticks) table(ctx context.Context, figures *[]model.Figure, s *data.Set, of maker) ([]ColumnFigure, error) {
	columns, all, err := y.measure(ctx, s, of)
	add(figures, explainedName, share(all.err, all.spread), "1 - squared error / that of the training rows' mean, columns standardised")
	add(figures, ordinaryName, share(all.ordinaryErr, all.ordinarySpread), "likewise, without the hundredth of the rows that lies farthest out")
	return columns, err
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
// rows, a portion of which is in s, and with what drawing them to 0 and 1 adds; 0 where rounding is all there is.
func spreadAbout(mean []float64, s *data.Set, of portion, binarised bool) (float64, error) {
	sum, size, row := 0.0, 0.0, make([]float32, s.Cols)
	for i := range of.rows() {
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
	both := []float64{sum, size}
	if err := of.sum(nil, both); err != nil || both[0] <= 1e-9*both[1] {
		return 0, err
	}
	return both[0] / float64(of.all), nil
}
