package train

import (
	"math"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// rowsOfMeans is how many rows the means of columns are taken of.
const rowsOfMeans = 10000

// columnMeans are the means of the columns over what is there in the first rows, enough of them
// to start a decoder's bias from; NaN where nothing is. Counts are drawn in to farOut times usual
// ones of their column: a single wild one would have all rates start so high that they hardly
// come down.
func columnMeans(s *data.Set, l model.Likelihood) []float32 {
	rows := min(s.Rows, rowsOfMeans)
	sum, n, row := make([]float64, s.Cols), make([]int, s.Cols), make([]float32, s.Cols)
	top := mostCounts(s, l, rows)
	for i := range rows {
		s.Row(row, i)
		for j, v := range row {
			if v == v {
				if top != nil && float64(v) > top[j] {
					v = float32(top[j])
				}
				sum[j] += float64(v)
				n[j]++
			}
		}
	}
	for j := range row {
		row[j] = float32(sum[j] / float64(n[j]))
	}
	return row
}

// farOut is how many times as large as usual a count is no longer taken for what it is.
const farOut = 100

// mostCounts are the largest counts of each column that are not far out, by the mean of ln(1+x), infinite of other columns;
// nil where there are no counts.
func mostCounts(s *data.Set, l model.Likelihood, rows int) []float64 {
	c, ok := l.(model.Columns)
	if !ok || !c.HasCounts() {
		return nil
	}
	top, n, row := make([]float64, s.Cols), make([]float64, s.Cols), make([]float32, s.Cols)
	for i := range rows {
		s.Row(row, i)
		for _, r := range c.Runs {
			for j := r.From; j < r.To && r.Kind.Sized(); j++ {
				if v := float64(row[j]); v == v {
					n[j]++
					top[j] += (math.Log1p(v) - top[j]) / n[j]
				}
			}
		}
	}
	for j := range top {
		if top[j] = farOut * math.Exp(top[j]); n[j] == 0 {
			top[j] = math.Inf(1)
		}
	}
	return top
}
