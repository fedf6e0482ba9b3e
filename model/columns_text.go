package model

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aegpu/aegpu/backend"
)

// columnsName begins the text of Columns.
const columnsName = "columns:"

// Multinomial is the kind of a group of counts in texts.
const Multinomial = "multinomial"

// parseColumns returns the columns of a text without its name, as in
// gaussian*3,softmax*4 or poisson*40:1200, whose rows have 1200 counts usually.
func parseColumns(text string) (l Columns, err error) {
	text, total, sized := strings.Cut(text, ":")
	if sized {
		if l.Total, err = number(total); err != nil {
			return l, err
		}
	}
	width := 0
	for word := range strings.SplitSeq(text, ",") {
		name, times, many := strings.Cut(word, "*")
		multinomial := name == Multinomial
		if multinomial {
			name = backend.SoftmaxColumns.String()
		}
		kind, err := columnKind(name)
		if err != nil {
			return Columns{}, err
		}
		n := 1
		if many {
			if n, err = strconv.Atoi(times); err != nil {
				return Columns{}, fmt.Errorf("%q columns: expected a whole number", times)
			}
		}
		if n < 1 || n > maxWidth-width {
			return Columns{}, fmt.Errorf("%d more columns after %d: expected 1 to %d in all", n, width, maxWidth)
		}
		if multinomial && l.multinomial() {
			return Columns{}, fmt.Errorf("two groups of %s columns: expected one", Multinomial)
		}
		width += n
		l = l.With(kind, n)
		if multinomial {
			l.Group = l.Runs[len(l.Runs)-1]
		}
	}
	return l, nil
}

// columnKind returns the kind of that name.
func columnKind(name string) (backend.ColumnKind, error) {
	kind := backend.GaussianColumn
	for ; kind <= backend.ZeroInflatedColumn; kind++ {
		if kind.String() == name {
			return kind, nil
		}
	}
	return 0, fmt.Errorf("%w kind of column %q: expected gaussian, bernoulli, softmax, poisson, negative-binomial or zero-inflated", ErrUnknown, name)
}

// With returns the columns and n more, joined to the last ones where these are of that
// kind and no group.
func (l Columns) With(kind backend.ColumnKind, n int) Columns {
	at := 0
	if len(l.Runs) > 0 {
		last := &l.Runs[len(l.Runs)-1]
		at = last.To
		if last.Kind == kind && kind != backend.SoftmaxColumns {
			last.To += n
			return l
		}
	}
	l.Runs = append(l.Runs, backend.LossColumns{Kind: kind, From: at, To: at + n})
	return l
}

// String returns the columns as in "columns:gaussian*3,bernoulli,softmax*4".
func (l Columns) String() string {
	var joined Columns
	for _, c := range l.Runs {
		joined = joined.With(c.Kind, c.To-c.From)
	}
	words := make([]string, len(joined.Runs))
	for i, c := range joined.Runs {
		words[i] = c.Kind.String()
		if c == l.Group {
			words[i] = Multinomial
		}
		if n := c.To - c.From; n != 1 {
			words[i] += "*" + strconv.Itoa(n)
		}
	}
	text := columnsName + strings.Join(words, ",")
	if l.Total > 0 {
		return worded(text, l.Total)
	}
	return text
}

// MarshalText returns what String does.
func (l Columns) MarshalText() ([]byte, error) { return []byte(l.String()), nil }
