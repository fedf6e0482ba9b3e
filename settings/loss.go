package settings

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/model"
)

// Loss is the likelihood of the data: one of all columns alike, as [model.ParseLoss] reads
// it, or one of every column's own. The zero value stands for the squared error.
type Loss struct {
	model.Likelihood          // of all columns alike
	By               ByColumn // of every column's own; "" where all are alike
}

// AutoLoss is the loss that looks at the data: Bernoulli of images, and of tables a
// likelihood by the kind of each column.
const AutoLoss = "auto"

// countLosses are those that say what becomes of counts, and leave other columns to their
// kinds.
var countLosses = []string{backend.PoissonColumn.String(), backend.NegativeBinomialColumn.String(), backend.ZeroInflatedColumn.String(), model.Multinomial}

// columnLosses are those of a single column, in the order of [backend.ColumnKind].
var columnLosses = []string{backend.GaussianColumn.String(), backend.BernoulliColumn.String(), backend.SoftmaxColumns.String(),
	backend.PoissonColumn.String(), backend.NegativeBinomialColumn.String(), backend.ZeroInflatedColumn.String()}

// Losses returns how losses are written, for people.
func Losses() string {
	return AutoLoss + " (by the kind of each column; images as bernoulli), " + model.Likelihoods() + " of all columns alike, or of counts " +
		strings.Join(countLosses[:len(countLosses)-1], ", ") + " or " + model.Multinomial
}

// Kind returns the likelihood of all columns alike; of a loss by column that of images.
func (l Loss) Kind() model.Likelihood {
	switch {
	case l.By != "":
		return model.Bernoulli{}
	case l.Likelihood == nil:
		return model.Squared{}
	}
	return l.Likelihood
}

// String returns the loss's text.
func (l Loss) String() string {
	if l.By != "" {
		return string(l.By)
	}
	return l.Kind().String()
}

// MarshalText returns what String does.
func (l Loss) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads what String returns.
func (l *Loss) UnmarshalText(text []byte) error {
	if by, ok, err := parseByColumn(string(text)); ok {
		if err == nil {
			*l = Loss{By: by}
		}
		return err
	}
	v, err := model.ParseLoss(string(text))
	if errors.Is(err, model.ErrUnknown) {
		return fmt.Errorf("%w loss %q: expected %s", model.ErrUnknown, text, Losses())
	}
	if err == nil {
		*l = Loss{Likelihood: v}
	}
	return err
}

// ByColumn is a loss of every column's own as it is written: what counts are under, or
// auto, and columns with a likelihood that is not that of their kind, as in
// auto,visits=poisson. It is a line of CSV, as a [List].
type ByColumn string

// parseByColumn reads one; ok is false of the text of another loss.
func parseByColumn(text string) (by ByColumn, ok bool, err error) {
	var words List
	if err := words.UnmarshalText([]byte(text)); err != nil || len(words) == 0 {
		return "", false, nil
	}
	first := words[0]
	if !strings.Contains(first, "=") {
		if ok = first == AutoLoss || slices.Contains(countLosses, first); !ok {
			return "", false, nil
		}
		words = words[1:]
	} else {
		first = AutoLoss
	}
	seen := map[string]bool{}
	for _, w := range words {
		at := strings.LastIndex(w, "=")
		if at < 1 || !slices.Contains(columnLosses, w[at+1:]) {
			return "", true, fmt.Errorf("loss %q: expected COLUMN=KIND, KIND one of %s", w, strings.Join(columnLosses, ", "))
		}
		if seen[w[:at]] {
			return "", true, fmt.Errorf("loss %q: another one of that column stands before it: expected one of each", w)
		}
		seen[w[:at]] = true
	}
	return ByColumn(append(List{first}, words...).String()), true, nil
}

// Counts returns what counts are under: auto, poisson, negative-binomial, zero-inflated or
// multinomial.
func (b ByColumn) Counts() string {
	first, _, _ := strings.Cut(string(b), ",")
	return first
}

// Columns returns the columns that have a likelihood of their own choice, by name or
// number, each with its kind.
func (b ByColumn) Columns() map[string]backend.ColumnKind {
	var words List
	if words.UnmarshalText([]byte(b)) != nil || len(words) == 0 {
		return nil
	}
	all := map[string]backend.ColumnKind{}
	for _, w := range words[1:] {
		at := strings.LastIndex(w, "=")
		all[w[:at]] = backend.ColumnKind(slices.Index(columnLosses, w[at+1:]))
	}
	return all
}
