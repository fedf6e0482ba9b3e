package cpu

import "github.com/aegpu/aegpu/backend"

// CountTotals is the scaled total of each row's counts, not below the least.
func (d *Device) countTotals(op backend.CountTotals) {
	if d.begin("CountTotals", op.Check()) {
		d.ops.countTotals = countTotalsOp{d.floats(op.Y), d.floats(op.X), op.Columns, float64(op.Scale), op.Least}
		d.eachRow(&d.ops.countTotals, op.X.Rows, op.X.Cols, light)
	}
}

type countTotalsOp struct {
	y, x    []float32
	columns []backend.LossColumns
	scale   float64
	least   float32
}

func (o *countTotalsOp) part(s *scratch, _, lo, hi int) {
	cols := len(o.x) / len(o.y)
	for r := lo; r < hi; r++ {
		sum := 0.0
		for _, c := range o.columns {
			if c.Kind.Sized() {
				sum += present(s, o.x[r*cols+c.From:r*cols+c.To])
			}
		}
		o.y[r] = max(float32(o.scale*sum), o.least)
	}
}

// present is the sum of the cells that are not missing.
func present(s *scratch, x []float32) (sum float64) {
	for ; len(x) > 0; x = next(x) {
		cells := s.a[:min(block, len(x))]
		for j, v := range x[:len(cells)] {
			cells[j] = 0
			if v == v {
				cells[j] = v
			}
		}
		sum += s.path.Sum(cells)
	}
	return sum
}
