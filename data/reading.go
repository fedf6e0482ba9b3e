package data

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Reading is how data are to be read where a file leaves a choice. The zero value leaves every choice to the data; what
// was chosen is said in [Source.Found]. A choice that a kind of file does not have is an [*Error] when it is read.
type Reading struct {
	Header    string // "" or auto, yes, no: whether the first line of a table holds names
	Delimiter string // what separates fields: a character, or comma, tab, semicolon, pipe, space; "" is found out
	Decimal   string // the decimal mark: ".", ","; "" is found out

	// Columns are named as the file does, or by number from 1.
	ID    string // names of the rows, no input of a model; "none" for no column
	Label string // classes, no input; "none" for no column
	Group string // rows of one group stay on one side of a split; no input
	// Condition is what encoder and decoder of a conditional model are told of every row, no input: a column, or
	// [LabelCondition] for the labels.
	Condition string
	Columns   []string // the inputs; empty for all that are left
	Drop      []string // columns that are left out
	Types     []string // COLUMN=KIND: real, count, yes/no, category, date, id, text

	// Target is what a decoder is to make of the rows where that is other data: columns of a table, which are no inputs
	// then, an array of an archive or a safetensors file, or a file of its own.
	Target []string

	Array  string // of an archive or a safetensors file
	Layout string // of an array: auto, rows, hwc, chw, or HEIGHTxWIDTH[xCHANNELS] of flat rows
	Resize string // WIDTHxHEIGHT that pictures are brought to

	TestData, ValData string // data for these parts, of which then no rows are held out; "" for none

	// As makes the rows those of a preparation: columns are taken by its names and kinds, in its order.
	As *Preparation
	// AsTarget is As for the targets; without it they are not read where As is there.
	AsTarget *Preparation

	// Seen says that another process looks at all of the data: nobody looks at them again for what is wrong or in doubt, and
	// numbers that lie in a file as they are used are mapped, where there is a [Disk], even if memory would hold them. So
	// opening reads no rows of such a file.
	Seen bool

	labelled bool     // labels without a name are the condition
	beside   []string // columns and arrays that are targets
	promised bool     // columns that were asked for are all there, or an error
	ofParts  bool     // Array is of the training part where its name says so, and others are of the other parts
	describe bool     // every column is reported on
}

// ReadingError says which choice of a [Reading] is none.
type ReadingError struct {
	Field string // of Reading
	Msg   string
}

func (e *ReadingError) Error() string { return e.Field + " " + e.Msg }

var delimiters = map[string]rune{"comma": ',', "tab": '\t', `\t`: '\t', "semicolon": ';', "pipe": '|', "space": ' '}

// comma is the delimiter that was asked for, 0 for none.
func (r *Reading) comma() (rune, error) {
	if c, ok := delimiters[r.Delimiter]; ok || r.Delimiter == "" {
		return c, nil
	}
	if c := []rune(r.Delimiter); len(c) == 1 && !strings.ContainsRune("\"\r\n\ufffd.0123456789+-", c[0]) {
		return c[0], nil
	}
	return 0, &ReadingError{"Delimiter", fmt.Sprintf("is %q: expected one character, or comma, tab, semicolon, pipe or space", clip(r.Delimiter))}
}

// types returns the kinds that were asked for, by column.
func (r *Reading) types() (map[string]string, error) {
	kinds := map[string]string{}
	for _, t := range r.Types {
		at := strings.LastIndexByte(t, '=')
		if at < 1 {
			return nil, &ReadingError{"Types", fmt.Sprintf("holds %q: expected COLUMN=KIND", clip(t))}
		}
		name, kind := t[:at], t[at+1:]
		if !slices.Contains(askedKinds, kind) {
			return nil, &ReadingError{"Types", fmt.Sprintf("asks for the kind %q of %q: expected %s", clip(kind), clip(name), strings.Join(askedKinds, ", "))}
		}
		if _, twice := kinds[name]; twice {
			return nil, &ReadingError{"Types", fmt.Sprintf("names %q twice: expected it once", clip(name))}
		}
		kinds[name] = kind
	}
	return kinds, nil
}

// askedKinds are what a column may be asked to be.
var askedKinds = []string{"real", "count", "yes/no", "category", "date", "id", "text"}

// sides returns the numbers of a text such as 28x28 or 32x32x3, false where it is none.
func sides(text string, counts ...int) ([]int, bool) {
	words := strings.Split(text, "x")
	if !slices.Contains(counts, len(words)) {
		return nil, false
	}
	n := make([]int, len(words))
	for i, w := range words {
		v, err := strconv.Atoi(w)
		if err != nil || v < 1 || v > 1<<16 {
			return nil, false
		}
		n[i] = v
	}
	return n, true
}

// Validate says which choice is none, as a [*ReadingError]; nil where all are.
func (r *Reading) Validate() error {
	if _, err := r.comma(); err != nil {
		return err
	}
	if _, err := r.types(); err != nil {
		return err
	}
	_, shape := sides(r.Layout, 2, 3)
	_, size := sides(r.Resize, 2)
	switch {
	case !slices.Contains([]string{"", "auto", "yes", "no"}, r.Header):
		return &ReadingError{"Header", fmt.Sprintf("is %q: expected auto, yes or no", clip(r.Header))}
	case !slices.Contains([]string{"", ".", ","}, r.Decimal):
		return &ReadingError{"Decimal", fmt.Sprintf("is %q: expected . or ,", clip(r.Decimal))}
	case r.Decimal == "," && (r.Delimiter == "," || r.Delimiter == "comma"):
		return &ReadingError{"Decimal", "is , as the delimiter: expected another"}
	case !shape && !slices.Contains([]string{"", "auto", "rows", "hwc", "chw"}, r.Layout):
		return &ReadingError{"Layout", fmt.Sprintf("is %q: expected auto, rows, hwc, chw, or HEIGHTxWIDTH[xCHANNELS]", clip(r.Layout))}
	case !size && r.Resize != "":
		return &ReadingError{"Resize", fmt.Sprintf("is %q: expected WIDTHxHEIGHT", clip(r.Resize))}
	}
	return nil
}
