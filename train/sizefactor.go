package train

import (
	"fmt"
	"slices"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// Rows of counts are taken for compositions, whose totals are of the measurement and not of what was measured, where so
// many columns are counts and their total varies so many times as much as that of independent columns would.
const (
	fewestParts = 10
	commonDepth = 2
)

// settleTotal decides whether means of counts are in proportion to the total of their row (the size factor of scVI, Lopez
// et al. 2018: the observed total, here over the median of all).
func (l *columnLosses) settleTotal(c *settings.Config, s *data.Set) error {
	parts, apart := 0, 0.0
	for j, is := range l.counts {
		if is {
			parts, apart = parts+1, apart+l.usual[j].variance
		}
	}
	if parts == 0 {
		if c.SizeFactor == settings.TotalSize {
			return &RequestError{&settings.Error{Field: "SizeFactor", Msg: "is total, and no column is under a likelihood of counts ({Loss})"}}
		}
		return nil
	}
	total, varies, gaps := l.totals(s)
	gaps = gaps && (c.Missing == data.MissingAuto || c.Missing == data.MissingMask)
	switch {
	case l.multinomial && c.SizeFactor == settings.NoSize:
		return &RequestError{&settings.Error{Field: "SizeFactor", Msg: "is none, and a multinomial is of the total of its row: expected auto or total"}}
	case l.multinomial:
		l.total = total
	case c.SizeFactor == settings.NoSize, total <= 0:
	case c.SizeFactor == settings.TotalSize:
		l.total = total
	case !(parts >= fewestParts && 2*parts > s.Cols && varies > commonDepth*apart):
	case gaps: // a total without them is too small by a share that differs from row to row, and so would all be that is filled in
		l.said = append(l.said, "rows of counts look like compositions, and are not taken for such, as cells are missing, which their totals lack: --size-factor total does")
	default:
		l.total = total
		l.said = append(l.said, fmt.Sprintf("rows of counts are taken for compositions, whose means are in proportion to their totals (%g in the middle): --size-factor none takes them as they are", total))
	}
	return nil
}

// totals returns the middle one of the rows' totals of counts, their variance, and whether some of the counts are missing.
func (l *columnLosses) totals(s *data.Set) (middle float32, variance float64, gaps bool) {
	var all []float64
	mean := 0.0
	eachUsual(s, func(row []float32) {
		sum := 0.0
		for j, x := range row {
			if l.counts[j] && x == x {
				sum += float64(x)
			}
			gaps = gaps || l.counts[j] && x != x
		}
		all = append(all, sum)
		d := sum - mean
		mean += d / float64(len(all))
		variance += d * (sum - mean)
	})
	variance /= float64(len(all))
	slices.Sort(all)
	return float32(all[len(all)/2]), variance, gaps
}

// likelihood returns the model's, of columns as the preparation of what the decoder makes has them.
func (l *columnLosses) likelihood(p *data.Preparation) model.Columns {
	var all model.Columns
	for j := 0; j < p.Cols; {
		kind, n, raw := l.kinds[j], 1, 1
		switch {
		case l.multinomial && l.counts[j]:
			for j+raw < p.Cols && l.counts[j+raw] {
				raw++
			}
			n = raw
		case kind == backend.SoftmaxColumns:
			n = p.InputsOf(j)
		}
		all = all.With(kind, n)
		if l.multinomial && l.counts[j] {
			all.Group = all.Runs[len(all.Runs)-1]
		}
		j += raw
	}
	all.Total = l.total
	return all
}

// sayKinds says which columns have which likelihood.
func (l *columnLosses) sayKinds(s *data.Set) {
	names := map[string][]string{}
	var order []string
	for j, k := range l.kinds {
		word := k.String()
		switch {
		case l.multinomial && l.counts[j]:
			word = model.Multinomial
		case l.logs && l.counts[j]:
			word += " of ln(1+x)"
		}
		name := fmt.Sprintf("column %d", j+1)
		if s.Columns != nil && s.Columns[j].Name != "" {
			name = s.Columns[j].Name
		}
		if names[word] == nil {
			order = append(order, word)
		}
		names[word] = append(names[word], name)
	}
	text := "loss by column:"
	for i, word := range order {
		if i > 0 {
			text += ","
		}
		if n := len(names[word]); n == s.Cols {
			text += fmt.Sprintf(" %s for all %d", word, n)
		} else {
			text += fmt.Sprintf(" %s for %s", word, data.Listed(names[word]))
		}
	}
	l.said = append(l.said, text+" (--loss auto,COLUMN=KIND)")
}
