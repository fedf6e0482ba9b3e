package train

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// byColumn reports whether columns of data that a decoder is to make have likelihoods of their own: those of tables do,
// where the loss leaves it open.
func byColumn(c *settings.Config, made *data.Set) bool {
	return c.Loss.By != "" && made.Height == 0 && !c.Binarise
}

// checkAlike refuses what says something of single columns where all are alike.
func checkAlike(c *settings.Config, made *data.Set) error {
	var as string
	switch {
	case c.Loss.By == "":
		as = fmt.Sprintf("{Loss} %v", c.Loss)
	case c.Binarise:
		as = "{Binarise}, whose loss is bernoulli"
	default:
		as = fmt.Sprintf("images as %s", made.Name)
	}
	switch {
	case c.Loss.By != "" && c.Loss.By != settings.AutoLoss:
		return badLoss(c, "likelihoods of the columns of a table do not go with %s: expected auto, or one of all columns alike", as)
	case c.SizeFactor == settings.TotalSize:
		return &RequestError{&settings.Error{Field: "SizeFactor", Msg: "is total, which takes likelihoods of counts ({Loss}) and does not go with " + as}}
	case c.Missing == data.MissingMask:
		return &RequestError{&settings.Error{Field: "Missing", Msg: "is mask, which takes a likelihood by column ({Loss} auto, of a table) and does not go with " + as + ": expected refuse, mean or median"}}
	}
	return nil
}

// columnLosses are the likelihoods of the raw columns of a table.
type columnLosses struct {
	kinds       []backend.ColumnKind // one a column
	counts      []bool               // it is under a likelihood of counts
	logs        bool                 // instead ln(1+x) of these is under a Gaussian
	multinomial bool                 // all of these are one group
	total       float32              // of a usual row, where totals have a say

	usual  []usual // what is in the columns
	varies string  // how much counts do, and what they are by that; "" where that was not asked
	said   []string
}

// decideLosses chooses a likelihood for every column of data that the decoder is to make, by their kinds, the settings and,
// of counts, by how much they vary.
func decideLosses(c *settings.Config, s *data.Set) (*columnLosses, error) {
	l := &columnLosses{kinds: make([]backend.ColumnKind, s.Cols), counts: make([]bool, s.Cols), usual: usuals(s)}
	counts := l.findCounts(s)
	if len(counts) == s.Cols && kindOf(s, 0) == data.Real && s.Cols > 1 && c.Loss.By.Counts() == settings.AutoLoss {
		l.said = append(l.said, "whole numbers from 0 on in every column may be counts: --loss negative-binomial, or poisson, takes them for such")
	}
	if c.Loss.By.Counts() != settings.AutoLoss && len(counts) == 0 {
		return nil, badLoss(c, "needs counts, and %s has no columns that are known as such: --types COLUMN=count says which are", s.Name)
	}
	for j := range l.kinds {
		l.kinds[j] = usualKind(kindOf(s, j))
	}
	if err := l.decideCounts(c, s, counts); err != nil {
		return nil, err
	}
	if err := l.override(c, s); err != nil {
		return nil, err
	}
	for j, k := range l.kinds {
		l.counts[j] = l.counts[j] && l.multinomial || k.Sized()
	}
	if err := l.asLogarithms(c); err != nil {
		return nil, err
	}
	if !l.logs {
		if err := l.settleTotal(c, s); err != nil {
			return nil, err
		}
	}
	l.sayKinds(s)
	return l, nil
}

func badLoss(c *settings.Config, format string, args ...any) error {
	return &RequestError{&settings.Error{Field: "Loss", Msg: fmt.Sprintf("is %v: ", c.Loss) + fmt.Sprintf(format, args...)}}
}

func kindOf(s *data.Set, j int) data.Kind {
	if s.Columns == nil {
		return data.Real
	}
	return s.Columns[j].Kind
}

// usualKind is the likelihood of a kind of columns that are no counts.
func usualKind(k data.Kind) backend.ColumnKind {
	switch k {
	case data.YesNo:
		return backend.BernoulliColumn
	case data.Category:
		return backend.SoftmaxColumns
	}
	return backend.GaussianColumn
}

// findCounts lists the columns of counts: those of that kind, or of an array, which says nothing of its columns, all where
// all are whole and none is below 0.
func (l *columnLosses) findCounts(s *data.Set) (counts []int) {
	all, whole := []int{}, true
	for j := range s.Cols {
		if kindOf(s, j) == data.Count {
			counts = append(counts, j)
		}
		all, whole = append(all, j), whole && kindOf(s, j) == data.Real && l.usual[j].whole
	}
	if counts == nil && whole {
		return all
	}
	return counts
}

// Of counts whose variance is so many times their mean, or less, the first say that they vary less than counts do, as an
// age or a year, and the others that they are independent events.
const (
	tooEven = 0.7
	poisson = 1.3
)

// decideCounts chooses the likelihood of counts: what was asked for, or by their variance in units of their mean, one for
// all that vary as counts do.
func (l *columnLosses) decideCounts(c *settings.Config, s *data.Set, counts []int) error {
	switch word := c.Loss.By.Counts(); word {
	case settings.AutoLoss:
	case model.Multinomial:
		l.multinomial = true
		for _, j := range counts {
			l.kinds[j], l.counts[j] = backend.SoftmaxColumns, true
		}
		if n := len(counts); counts[n-1]-counts[0] != n-1 {
			return badLoss(c, "the columns of counts in %s do not lie side by side: expected them so, or another loss", s.Name)
		}
		return nil
	default:
		for k := backend.PoissonColumn; k <= backend.ZeroInflatedColumn; k++ {
			if k.String() == word {
				for _, j := range counts {
					l.kinds[j] = k
				}
			}
		}
		return nil
	}
	mean, variance := 0.0, 0.0
	for _, j := range counts {
		if u := l.usual[j]; kindOf(s, j) == data.Count && u.variance > tooEven*u.mean {
			mean, variance = mean+u.mean, variance+u.variance
		}
	}
	kind := backend.PoissonColumn
	if variance > poisson*mean {
		kind = backend.NegativeBinomialColumn
	}
	for _, j := range counts {
		if u := l.usual[j]; kindOf(s, j) == data.Count && u.variance > tooEven*u.mean {
			l.kinds[j] = kind
		}
	}
	if mean > 0 {
		l.varies = fmt.Sprintf("counts vary %.3g times as much as independent events: %v", variance/mean, kind)
	}
	return nil
}

// asLogarithms makes ln(1+x) of counts real columns, where nothing is asked of them and the code is not drawn: a likelihood of counts takes their rates to be exponentials of what a decoder makes, by which what is a copy of the
// input becomes a power of it, and a row with more counts than the others had comes out far too large. What is drawn, and
// what is made up, is counts all the same.
func (l *columnLosses) asLogarithms(c *settings.Config) error {
	code, err := c.DrawsCode()
	if err != nil {
		return err
	}
	asked := c.SizeFactor == settings.TotalSize || c.Loss.By.Counts() != settings.AutoLoss || slices.ContainsFunc(slices.Collect(maps.Values(c.Loss.By.Columns())), backend.ColumnKind.Sized)
	if !slices.Contains(l.counts, true) || code || asked {
		if l.varies != "" {
			l.said = append(l.said, l.varies)
		}
		return nil
	}
	l.logs = true
	for j, count := range l.counts {
		if count {
			l.kinds[j] = backend.GaussianColumn
		}
	}
	l.said = append(l.said, "counts are made by way of ln(1+x), as real columns are (--loss negative-binomial, or poisson, takes them for counts, of rows that may be compositions)")
	return nil
}

// override gives columns the likelihoods that were asked for.
func (l *columnLosses) override(c *settings.Config, s *data.Set) error {
	asked := c.Loss.By.Columns()
	for _, name := range slices.Sorted(maps.Keys(asked)) { // the same error each time
		j, err := columnNamed(c, s, name)
		if err != nil {
			return err
		}
		has, kind := kindOf(s, j), asked[name]
		switch {
		case (has == data.Category) != (kind == backend.SoftmaxColumns), has != data.YesNo && kind == backend.BernoulliColumn:
			return badLoss(c, "%q is a column of kind %v, which %v does not fit (--types COLUMN=KIND says otherwise)", name, has, kind)
		case l.multinomial && l.counts[j]:
			return badLoss(c, "%q is one of the counts of the %s: expected others alone", name, model.Multinomial)
		case kind.Sized() && !l.usual[j].whole:
			return badLoss(c, "%q holds other numbers than whole ones from 0 on: expected counts for %v", name, kind)
		}
		l.kinds[j] = kind
	}
	return nil
}

// columnNamed finds a column by its name or number.
func columnNamed(c *settings.Config, s *data.Set, name string) (int, error) {
	names := make([]string, len(s.Columns))
	for j := range s.Columns {
		if names[j] = s.Columns[j].Name; names[j] == name {
			return j, nil
		}
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= s.Cols && len(strings.Join(names, "")) == 0 {
		return n - 1, nil
	}
	if len(strings.Join(names, "")) == 0 {
		return 0, badLoss(c, "names a column %q, and those of %s have no names: expected a number from 1 to %d", name, s.Name, s.Cols)
	}
	return 0, badLoss(c, "names a column %q: expected one of %s", name, data.Listed(names))
}

// usual is what is in a column, as far as some thousand rows tell.
type usual struct {
	mean, variance float64 // of the cells that are there
	whole          bool    // all are whole numbers from 0 on
}

// usualRows is how many rows are looked at, at equal distances.
const usualRows = 10000

// eachUsual calls see with rows at equal distances, bytes as the numbers that they are.
func eachUsual(s *data.Set, see func(row []float32)) {
	row, unit := make([]float32, s.Cols), float32(1)
	if s.IsBytes() {
		unit = 255
	}
	for i := 0; i < s.Rows; i += max(1, s.Rows/usualRows) {
		s.Row(row, i)
		for j := range row {
			row[j] *= unit
			if unit != 1 {
				row[j] = float32(math.Round(float64(row[j])))
			}
		}
		see(row)
	}
}

func usuals(s *data.Set) []usual {
	all, n, square := make([]usual, s.Cols), make([]float64, s.Cols), make([]float64, s.Cols)
	for j := range all {
		all[j].whole = true
	}
	eachUsual(s, func(row []float32) {
		for j, x := range row {
			v := float64(x)
			if v != v {
				continue
			}
			all[j].whole = all[j].whole && v >= 0 && v == math.Trunc(v)
			n[j]++ // Welford's sums
			d := v - all[j].mean
			all[j].mean += d / n[j]
			square[j] += d * (v - all[j].mean)
		}
	})
	for j := range all {
		all[j].variance = square[j] / max(n[j], 1)
	}
	return all
}
