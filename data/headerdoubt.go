package data

import (
	"slices"
	"strings"
)

// doubtHeader says where a first line may be a header or may not.
func (t *tableReader) doubtHeader(how *Reading, src *Source) {
	if how.Header == "yes" || how.Header == "no" || len(t.sample) == 0 {
		return
	}
	if t.header == nil {
		if isSeries(t.sample[0]) && len(t.sample) > 1 && !isSeries(t.sample[1]) {
			src.doubt("the first line, %s, may be a header, as it counts up: --header yes takes it for one", someFields(t.sample[0]))
		} else if t.allTexts() {
			src.doubt("the first line, %s, is taken for a row, but may be a header, as all is text: --header yes takes it for one", someFields(t.sample[0]))
		}
		return
	}
	if t.why != "" || !t.dialect.names {
		return
	}
	numbers := slices.DeleteFunc(slices.Clone(t.header), func(name string) bool { return !isNumberText(name) })
	switch {
	case len(numbers) > 0:
		src.doubt("the first line is taken for a header, but has numbers in it (%s): --header no takes it for a row", some(numbers))
	case t.allTexts():
		src.doubt("the first line, %s, is taken for a header, as none of it comes again, but all is text: --header no takes it for a row", someFields(t.header))
	}
}

// allTexts says whether no cell of the first rows is a number.
func (t *tableReader) allTexts() bool {
	return !slices.ContainsFunc(t.sample, func(r []string) bool {
		return slices.ContainsFunc(r, func(cell string) bool { return cellOf(cell, t.decimal) == cellNumber })
	})
}

// isSeries says whether there are three or more whole numbers, each one above the one before it.
func isSeries(record []string) bool { return len(record) > 2 && isRun(record) }

// someFields lists the first few fields of a line.
func someFields(fields []string) string {
	short := make([]string, len(fields))
	for i, f := range fields {
		short[i] = clip(f)
	}
	if len(short) > 4 {
		short = append(short[:4], "...")
	}
	return strings.Join(short, " ")
}
