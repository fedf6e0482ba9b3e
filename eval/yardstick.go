package eval

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/internal/joint"
)

// yardstick is what reconstructions of a table are held against: the mean of training rows.
type yardstick struct {
	mean   []float32 // as the decoder would make it, Inputs values
	weight []float64 // what a squared error of a raw column counts (see [data.Preparation.SquaredErrors]); 0 where all rows have one value
}

// yardsticks are those of all training rows and of the ordinary ones alone.
type yardsticks struct {
	prep       *data.Preparation // of what the decoder makes
	all, usual yardstick         // without a mean where there are none, or too few rows
	ordinary   []bool            // which of the rows measured are
	of         portion           // of the rows measured
}

// Means are taken of so many training rows at most, and of fewer where they are wide: of blocks of them, spaced evenly.
const (
	fewestForMean = 2000
	mostForMean   = 100000
	cellsForMean  = 4e6
)

// newYardsticks takes them of raw training rows, none of which may be known, for the rows that are measured, a portion by
// each rank.
func newYardsticks(ctx context.Context, p *data.Preparation, train, test *data.Set, of portion) (*yardsticks, error) {
	y := &yardsticks{prep: p, of: of}
	if train == nil || train.Rows == 0 {
		return y, nil
	}
	from := blocksOf(train, min(max(int(cellsForMean/float64(train.Cols)), fewestForMean), mostForMean))
	known := make([]bool, from.rows)
	for i := range known {
		known[i] = true
	}
	var err error
	if y.all, err = y.meanOf(ctx, from, known); err != nil || min(from.rows, test.Rows) < enoughRows {
		return y, err
	}
	far, _, err := y.distances(ctx, from, y.all, known)
	if err != nil {
		return nil, err
	}
	known = ordinary(far)
	if y.usual, err = y.meanOf(ctx, from, known); err != nil {
		return nil, err
	}
	_, variances, err := y.distances(ctx, from, y.usual, known)
	if err != nil {
		return nil, err
	}
	for j, v := range variances { // one wild row has a say in Deviations
		if y.usual.weight[j] /= v; !(v > 0) {
			y.usual.weight[j] = 0
		}
	}
	y.ordinary, err = y.ordinaryOf(ctx, test)
	return y, err
}

// ordinaryOf says which of the rows that are measured are ordinary.
func (y *yardsticks) ordinaryOf(ctx context.Context, test *data.Set) ([]bool, error) {
	own := y.of.of(test)
	mine, _, err := y.distances(ctx, blocksOf(own, own.Rows), y.usual, nil)
	far := make([]float64, test.Rows)
	copy(far[y.of.lo:y.of.hi], mine)
	if err = joint.Gather(y.of.ranks, err, far, 1, y.of.block); err != nil {
		return nil, err
	}
	return ordinary(far), nil
}

// ordinary says which rows are not among the hundredth, one of them at least, that lies farthest.
func ordinary(far []float64) []bool {
	rows, is := make([]int, len(far)), make([]bool, len(far))
	for i := range rows {
		rows[i] = i
	}
	slices.SortStableFunc(rows, func(a, b int) int { return cmp.Compare(far[a], far[b]) })
	for _, i := range rows[:len(rows)-max(len(rows)/100, 1)] {
		is[i] = true
	}
	return is
}

// blocks are some of the rows of a set, a few together, or all of them.
type blocks struct {
	of     *data.Set
	starts []int
	rows   int // of all blocks
}

const blockRows = 256

// blocksOf returns blocks of about so many rows.
func blocksOf(s *data.Set, most int) blocks {
	b := blocks{of: s}
	all := (s.Rows + blockRows - 1) / blockRows
	taken := min(all, (most+blockRows-1)/blockRows)
	for k := range taken {
		at := int(int64(k)*int64(all)/int64(taken)) * blockRows
		b.starts = append(b.starts, at)
		b.rows += min(blockRows, s.Rows-at)
	}
	return b
}

// matched hands the rows to use as the preparation knows them; at counts those before.
func (b blocks) matched(ctx context.Context, p *data.Preparation, use func(at int, t *data.Set)) error {
	at := 0
	for _, start := range b.starts {
		if err := ctx.Err(); err != nil {
			return err
		}
		t, err := p.Match(b.of.Part(start, min(blockRows, b.of.Rows-start)))
		if err != nil {
			return err
		}
		use(at, t)
		at += t.Rows
	}
	return nil
}

// meanOf returns the mean of the rows that are in, by the cells that are there, and a weight of 1 for each column that
// has several values in them.
func (y *yardsticks) meanOf(ctx context.Context, s blocks, in []bool) (yardstick, error) {
	p, width := y.prep, y.prep.Width()
	sums, cells := make([]float64, p.Inputs()), make([]float64, width)
	first, of := make([]float64, width), yardstick{make([]float32, p.Inputs()), make([]float64, width)}
	err := s.matched(ctx, p, func(at int, t *data.Set) {
		x := make([]float32, t.Rows*len(sums))
		p.Rows(x, t, 0, t.Rows)
		for i := range t.Rows {
			if !in[at+i] {
				continue
			}
			row, to := x[i*len(sums):(i+1)*len(sums)], sums
			for j := range width {
				v, wide := t.At(i, j), outputs(p, j)
				if !p.Wide {
					v = float64(float32(v))
				}
				if v == v {
					if cells[j]++; cells[j] == 1 {
						first[j] = v
					} else if v != first[j] {
						of.weight[j] = 1
					}
					for k, o := range row[:wide] {
						to[k] += float64(o)
					}
				}
				row, to = row[wide:], to[wide:]
			}
		}
	})
	at := 0
	for j, n := range cells {
		for range outputs(p, j) {
			of.mean[at] = float32(sums[at] / math.Max(n, 1))
			at++
		}
	}
	return of, err
}

// outputs is how many numbers of what a decoder makes belong to raw column j.
func outputs(p *data.Preparation, j int) int {
	if p.Columns != nil && p.Columns[j].Kind == data.Category {
		return len(p.Columns[j].Levels)
	}
	return 1
}

// distances returns how far rows lie from a mean, as the mean of a row's weighed squares, and the mean square of each
// column in those that are in.
func (y *yardsticks) distances(ctx context.Context, s blocks, of yardstick, in []bool) (rows, columns []float64, err error) {
	width := y.prep.Width()
	rows, columns = make([]float64, s.rows), make([]float64, width)
	square, cells := make([]float64, width), make([]float64, width)
	err = s.matched(ctx, y.prep, func(at int, t *data.Set) {
		for i := range t.Rows {
			y.prep.SquaredErrors(square, t, i, of.mean)
			sum, n := 0.0, 0.0
			for j, v := range square {
				if v = weighed(of, t, i, j, v); v != v {
					continue
				}
				sum += v
				n++
				if in != nil && in[at+i] {
					columns[j] += v
					cells[j]++
				}
			}
			rows[at+i] = sum / math.Max(n, 1)
		}
	})
	for j, n := range cells {
		columns[j] /= math.Max(n, 1)
	}
	return rows, columns, err
}

// weighed is the squared error v of a cell times its column's weight; NaN where it counts for nothing.
func weighed(of yardstick, t *data.Set, i, j int, v float64) float64 {
	if at := t.At(i, j); at != at || of.weight[j] == 0 {
		return math.NaN()
	}
	return v * of.weight[j]
}
