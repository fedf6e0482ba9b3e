package eval

import (
	"context"
	"math"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// ColumnFigure is what reconstructions of one raw column of a table are worth.
type ColumnFigure struct {
	Name  string
	Kind  data.Kind
	Cells int // that are there; missing ones count for nothing

	// Explained is 1 - squared error / squared distance from the training rows' mean, of a category over its levels, 0 or 1
	// each. Ordinary is the same over ordinary rows: all but the hundredth, one at least, that lies farthest from the mean
	// of those training rows that are left by the same rule. Both are NaN of a column with one value in the training rows,
	// or where no training rows are known; Ordinary also of fewer than 20 rows.
	Explained, Ordinary float64

	// Error is in original units: the root of the mean squared error, of dates in days; of yes/no and categories the share
	// of wrong answers.
	Error float64

	// NLL is the column's part of the model's negative log-likelihood, nats a row; NaN where columns have none of their own.
	NLL float64
}

// Wrong says whether Error is a share of wrong answers.
func (c *ColumnFigure) Wrong() bool { return c.Kind == data.YesNo || c.Kind == data.Category }

// MarshalJSON returns an object with a member a figure, error being "rmse" or "wrong". Figures that are not there, or not
// finite, are left out.
func (c ColumnFigure) MarshalJSON() ([]byte, error) {
	o := object{}
	o.add("name", c.Name)
	o.add("kind", c.Kind)
	o.add("cells", c.Cells)
	var all []model.Figure
	add(&all, explainedName, c.Explained, "")
	add(&all, ordinaryName, c.Ordinary, "")
	name := "rmse"
	if c.Wrong() {
		name = "wrong"
	}
	add(&all, name, c.Error, "")
	add(&all, "nll", c.NLL, "")
	o.figures(all)
	return o.close()
}

// maker returns what comes out for raw rows, and these as the preparation of what the decoder makes knows them.
type maker func(ctx context.Context, s *data.Set) (rows *data.Set, y []float32, err error)

// judged is the maker that a model is.
func judged(m *model.Model) maker {
	return func(ctx context.Context, s *data.Set) (*data.Set, []float32, error) {
		j, err := m.Judge(ctx, s)
		if err != nil {
			return nil, nil, err
		}
		return j.Rows, j.Y, nil
	}
}

// maker returns PCA as one of rows that the preparation made knows, seen being that of the rows that it was fitted to.
func (p *PCA) maker(dev backend.Device, seen, made *data.Preparation) maker {
	return func(ctx context.Context, s *data.Set) (*data.Set, []float32, error) {
		rows, err := seen.Match(s)
		if err != nil {
			return nil, nil, err
		}
		x := make([]float32, s.Rows*seen.Inputs())
		seen.Rows(x, rows, 0, s.Rows)
		codes, err := p.Encode(ctx, dev, Dense(x, seen.Inputs()))
		if err != nil {
			return nil, nil, err
		}
		y, err := p.Decode(dev, codes)
		if err != nil || seen == made {
			return rows, y, err
		}
		if err = seen.Translate(y, made); err != nil {
			return nil, nil, err
		}
		if rows, err = made.Match(s); err == nil {
			seen.Enlarge(y, made, rows)
		}
		return rows, y, err
	}
}

// tally is the sums over the cells of a column, or over several.
type tally struct {
	cells, wrong                int
	squares, err, spread        float64 // err and spread about the mean of all training rows
	ordinaryErr, ordinarySpread float64 // and of ordinary rows, about theirs
}

// numbersOf is tallies as numbers, which [takeNumbers] takes.
func numbersOf(sums []tally) (v []float64) {
	for _, t := range sums {
		v = append(v, float64(t.cells), float64(t.wrong), t.squares, t.err, t.spread, t.ordinaryErr, t.ordinarySpread)
	}
	return v
}

func takeNumbers(sums []tally, v []float64) {
	each := len(v) / max(len(sums), 1)
	for j := range sums {
		n := v[j*each : (j+1)*each]
		sums[j] = tally{int(n[0]), int(n[1]), n[2], n[3], n[4], n[5], n[6]}
	}
}

func (t *tally) add(o tally) {
	t.err += o.err
	t.spread += o.spread
	t.ordinaryErr += o.ordinaryErr
	t.ordinarySpread += o.ordinarySpread
}

// measure returns the figures of every column of raw rows, and their sums, over all ranks' portions.
func (y *yardsticks) measure(ctx context.Context, s *data.Set, of maker) (columns []ColumnFigure, all tally, err error) {
	sums := make([]tally, y.prep.Width())
	err = y.countAll(ctx, sums, s, of)
	numbers := numbersOf(sums)
	if err := y.of.sum(err, numbers); err != nil {
		return nil, all, err
	}
	takeNumbers(sums, numbers)
	names := y.prep.Titles()
	for j, t := range sums {
		c := ColumnFigure{NLL: math.NaN(), Name: names[j], Cells: t.cells, Explained: share(t.err, t.spread), Ordinary: share(t.ordinaryErr, t.ordinarySpread)}
		if c.Kind = kindOf(y.prep, j); c.Wrong() {
			c.Error = float64(t.wrong) / float64(t.cells)
		} else {
			c.Error = math.Sqrt(t.squares / float64(t.cells))
		}
		columns = append(columns, c)
		all.add(t)
	}
	return columns, all, nil
}

// countAll adds the rank's rows to the tallies of their columns.
func (y *yardsticks) countAll(ctx context.Context, sums []tally, s *data.Set, of maker) error {
	for at := y.of.lo; at < y.of.hi; at += model.ChunkRows {
		if err := ctx.Err(); err != nil {
			return err
		}
		rows, made, err := of(ctx, s.Part(at, min(model.ChunkRows, y.of.hi-at)))
		if err != nil {
			return err
		}
		y.count(sums, rows, made, at)
	}
	return nil
}

// share is 1 - err / spread, NaN where there is no spread.
func share(err, spread float64) float64 {
	if !(spread > 0) {
		return math.NaN()
	}
	return 1 - err/spread
}

// count adds rows to the tallies of their columns, those before being at.
func (y *yardsticks) count(sums []tally, rows *data.Set, made []float32, at int) {
	p, in := y.prep, y.prep.Inputs()
	squares, spread, usual := make([]float64, len(sums)), make([]float64, len(sums)), make([]float64, len(sums))
	numbers := make([]float64, len(sums))
	for i := range rows.Rows {
		out := made[i*in : (i+1)*in]
		p.SquaredErrors(squares, rows, i, out)
		p.Numbers(numbers, out)
		if y.all.mean != nil {
			p.SquaredErrors(spread, rows, i, y.all.mean)
		}
		ordinary := y.ordinary != nil && y.ordinary[at+i]
		if ordinary {
			p.SquaredErrors(usual, rows, i, y.usual.mean)
		}
		for j := range sums {
			v, t := rows.At(i, j), &sums[j]
			if v != v {
				continue
			}
			if !p.Wide { // the same however the rows are stored
				v = float64(float32(v))
			}
			t.cells++
			t.off(kindOf(p, j), numbers[j], v)
			if y.all.mean != nil && y.all.weight[j] > 0 {
				t.err += squares[j]
				t.spread += spread[j]
			}
			if ordinary && y.usual.weight[j] > 0 {
				t.ordinaryErr += squares[j] * y.usual.weight[j]
				t.ordinarySpread += usual[j] * y.usual.weight[j]
			}
		}
	}
}

// off counts what a column of that kind is said to be for what it is, in its own units.
func (t *tally) off(kind data.Kind, said, is float64) {
	switch kind {
	case data.YesNo:
		if said != said || (said >= 0.5) != (is >= 0.5) {
			t.wrong++
		}
	case data.Category:
		if said != is {
			t.wrong++
		}
	default:
		t.squares += (said - is) * (said - is)
	}
}

// kindOf is the kind of raw column j.
func kindOf(p *data.Preparation, j int) data.Kind {
	if p.Columns == nil {
		return data.Real
	}
	return p.Columns[j].Kind
}
