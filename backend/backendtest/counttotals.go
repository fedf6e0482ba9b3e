package backendtest

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// countTotals wants the totals of rows, of which some have no counts: zeros, or
// missing cells.
func (c *trial) countTotals(batch int, columns []backend.LossColumns) {
	width := columns[len(columns)-1].To
	x := c.want(c.cells(batch, columns))
	for b := range batch {
		switch row := x[b*width : (b+1)*width]; c.rng.IntN(5) {
		case 0:
			clear(row)
		case 1:
			for j := range row {
				row[j] = math.NaN()
			}
		}
	}
	c.totalsOf(batch, columns, values(x...), 0.37)
}

// wideTotals has rows of a large count and many of 1, of which a sum in float32 would
// see nothing, and totals near the largest number.
func (c *trial) wideTotals() {
	const width = 3000
	columns := []backend.LossColumns{{Kind: backend.BernoulliColumn, To: 1}, {Kind: backend.PoissonColumn, From: 1, To: 700},
		{Kind: backend.GaussianColumn, From: 700, To: 800}, {Kind: backend.ZeroInflatedColumn, From: 800, To: width}}
	c.totalsOf(3, columns, func(i int) float64 {
		switch i % (width + 1) { // in another column of each row
		case 1:
			return 1 << 25
		case 701, 2000:
			return math.NaN()
		}
		return 1
	}, 1)
	c.totalsOf(2, columns[:2], values(7, math.MaxFloat32/1024), 1)
}

func (c *trial) totalsOf(batch int, columns []backend.LossColumns, cells func(int) float64, scale float32) {
	const least = 0.25
	x, y := c.in("x", batch, columns[len(columns)-1].To, cells), c.out("y", batch, 1)
	c.both(func(d side) {
		d.Enqueue(backend.CountTotals{Y: d.t(y), X: d.t(x), Columns: columns, Scale: scale, Least: least})
	})
	c.close(y, twice, "CountTotals from %v columns on", columns[0].Kind)
}
