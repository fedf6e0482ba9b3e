package data

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// mostWhole is the largest whole number below which float64 holds all. Columns with larger ones are kept as texts: as
// names of rows, groups and classes they are exact, and a model's inputs are rounded in the open.
const mostWhole = 1 << 53

// isLong says whether a text is a whole number that float64 may not hold.
func isLong(text string) bool {
	digits := strings.TrimLeft(text, "+-")
	if len(digits) < 16 || len(text)-len(digits) > 1 || strings.Trim(digits, "0123456789") != "" {
		return false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return err != nil || n > mostWhole
}

// areLong says whether the texts of a column are numbers that are kept as texts for the length of one of them.
func (f *frame) areLong(j int) bool {
	c := f.fields[j]
	if c.texts == nil || c.typed && !c.digits {
		return false
	}
	return slices.ContainsFunc(c.texts.levels, isLong) && !slices.ContainsFunc(c.texts.levels, func(l string) bool {
		kind := cellOf(l, f.decimal)
		return kind == cellText || kind == cellCode
	})
}

// areNanoseconds says whether long numbers are moments since 1970, which are whole microseconds as a rule.
func areNanoseconds(levels []string) bool {
	return !slices.ContainsFunc(levels, func(l string) bool {
		return len(l) != 19 || l[0] != '1' || !strings.HasSuffix(l, "000") || !isLong(l)
	})
}

// errLong says that columns were found out to be better read as texts, see longColumns.
var errLong = errors.New("numbers of too many digits")

// losesDigits says whether a text is a whole number that is not given back as it is written: one with leading zeros, or one
// that float64 may not hold.
func losesDigits(text string) bool { return isCode(text) || isLong(text) }

// longColumns are the columns of a table of text with whole numbers of which some, behind the rows that settled what is
// text, lose digits.
func (t *tableReader) longColumns() []int {
	var at []int
	for j, c := range t.fields {
		if c.at >= 0 && t.plain[j] && t.lossy[j] && t.stats()[c.at].whole {
			at = append(at, j)
		}
	}
	return at
}

// doubtDigits names inputs that lose digits.
func (f *frame) doubtDigits(inputs []input, src *Source) {
	var all, ids []string
	for _, in := range inputs {
		if in.Kind != Real || !f.areLong(in.field) {
			continue
		}
		if levels := f.fields[in.field].texts.levels; f.rows >= fewRows && len(levels) == f.rows && !areNanoseconds(levels) && !hasDateName(f.fields[in.field].name) {
			ids = append(ids, f.title(in.field))
			continue
		}
		all = append(all, f.title(in.field))
	}
	if all != nil {
		src.doubt("whole numbers beyond 2^53, which lose their last digits as numbers: %s: --types COLUMN=category or --label keeps them, --drop leaves them out", some(all))
	}
	if ids != nil {
		src.doubt("whole numbers beyond 2^53 that differ in every row, as ids do, and lose their last digits as numbers: %s: --id takes one for names of rows, --drop leaves them out", some(ids))
	}
}
