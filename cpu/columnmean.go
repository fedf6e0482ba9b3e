package cpu

import "github.com/aegpu/aegpu/backend"

// ColumnMean is the mean of each output, column by column. A block of outputs is read
// before its means are written, which may go in its place.
func (d *Device) columnMean(op backend.ColumnMean) {
	if !d.begin("ColumnMean", op.Check()) {
		return
	}
	o := &d.ops.columnMean
	*o = columnMeanOp{y: d.floats(op.Y), out: d.floats(op.Out), size: d.floats(op.Size), known: d.floats(op.Known), cols: op.Out.Cols, columns: op.Columns}
	if o.size != nil {
		o.perSize = op.Out.Rows / op.Size.Rows
	}
	if o.known != nil {
		o.perKnown = op.Out.Rows / op.Known.Rows
	}
	if spread := d.floats(op.Spread); backend.Spreads(op.Columns) > 1 && spread != nil {
		o.zeros = spread[o.cols:]
	}
	if d.ready() {
		d.eachRow(o, op.Out.Rows, o.cols, heavy)
	}
}

type columnMeanOp struct {
	y, out, size, known, zeros []float32

	cols, perSize, perKnown int // rows for one of size, of known
	columns                 []backend.LossColumns
}

func (o *columnMeanOp) part(s *scratch, _, lo, hi int) {
	for r := lo; r < hi; r++ {
		y, out, size := o.y[r*o.cols:(r+1)*o.cols], o.out[r*o.cols:(r+1)*o.cols], float32(1)
		if o.size != nil {
			size = o.size[r/o.perSize]
		}
		for _, c := range o.columns {
			o.means(s, c, y, out, size)
		}
		if o.known != nil {
			for j, x := range o.known[r/o.perKnown*o.cols:][:o.cols] {
				if x == x {
					y[j] = x
				}
			}
		}
	}
}

// means is those of columns of one kind in a row.
func (o *columnMeanOp) means(s *scratch, c backend.LossColumns, y, out []float32, size float32) {
	if c.Kind == backend.SoftmaxColumns {
		shares(s, y[c.From:c.To], out[c.From:c.To])
		return
	}
	for from := c.From; from < c.To; from += block {
		to := min(from+block, c.To)
		y, out := y[from:to], out[from:to]
		switch c.Kind {
		case backend.GaussianColumn:
			copy(y, out)
		case backend.BernoulliColumn:
			s.path.Sigmoid(y, out)
		default:
			rates := s.a[:len(out)]
			s.path.Exp(rates, out)
			for j, out := range out {
				if over := float64(out) - backend.LinearLogRate; over > 0 {
					rates[j] = float32(linearRate * (1 + over))
				}
			}
			s.path.Scale(y, rates, size)
		}
		if c.Kind == backend.ZeroInflatedColumn {
			for j, zero := range o.zeros[from:to] {
				y[j] *= float32(sigmoid(-backend.SpreadRate * float64(zero)))
			}
		}
	}
}

// shares is e^o over their sum.
func shares(s *scratch, y, out []float32) {
	top, all := out[0], 0.0
	for _, o := range out {
		top = max(top, o)
	}
	for at := 0; at < len(out); at += block {
		all += s.path.Sum(s.exponentials(out[at:min(at+block, len(out))], top))
	}
	for at := 0; at < len(out); at += block {
		e := s.exponentials(out[at:min(at+block, len(out))], top)
		for j, e := range e {
			y[at+j] = float32(float64(e) / all)
		}
	}
}
