package data

import (
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"strings"
)

// input is a column of a frame that a model is to see, and how its cells become numbers.
type input struct {
	Column
	field int       // of the frame
	at    int       // among the numbers; -1 for texts
	value []float64 // of each text, NaN where it is missing
}

// source makes a set of a frame and says what it took for what.
func (f *frame) source(how *Reading, written string) (*Source, error) {
	src := &Source{table: true}
	src.found("%s: %s", f.path, written)
	if f.renamed != nil {
		src.found("columns of a name that came before are called %s", some(f.renamed))
	}
	r, err := f.roles(how)
	if err != nil {
		return nil, err
	}
	var inputs []input
	if f.rows == 0 {
		return nil, wrong(f.path, "0 rows of %d columns found: expected at least one of each", len(f.fields))
	}
	if how.As != nil {
		inputs, err = f.inputsAs(r, how.As, src)
	} else {
		inputs, err = f.inputs(r, how, src)
	}
	if err != nil {
		return nil, err
	}
	if len(inputs) == 0 {
		return nil, wrong(f.path, "%d rows of %d columns of use found: expected at least one of each%s%s", f.rows, len(inputs), f.leftOut(r), f.oneColumn())
	}
	src.Train, err = f.assemble(inputs, r)
	return src, err
}

// oneColumn says in an error about a table of one column how there could be more.
func (f *frame) oneColumn() string {
	if len(f.fields) > 1 {
		return ""
	}
	return "; --delimiter says what separates fields"
}

// leftOut says in an error that nothing is left what became of the columns.
func (f *frame) leftOut(r *roles) string {
	var words []string
	for _, j := range sortedKeys(r.out) {
		words = append(words, f.title(j)+" ("+r.out[j]+")")
	}
	if words == nil {
		return ""
	}
	return "; left out: " + strings.Join(words[:min(len(words), 8)], ", ")
}

// inputs decides what all columns are.
func (f *frame) inputs(r *roles, how *Reading, src *Source) ([]input, error) {
	plans, err := f.decide(r)
	if err != nil {
		return nil, err
	}
	if a, b, ok := f.events(r); ok && how.describe {
		src.doubt("%s and %s look like the ids of a list of events: train refuses it until --columns or --drop says what to train on", f.title(a), f.title(b))
	} else if ok {
		return nil, wrong(f.path, "%s and %s look like the ids of a list of events, which mean nothing as numbers: expected a row for each of one and a column for each of "+
			"the other; --columns or --drop says what to train on all the same", f.title(a), f.title(b))
	}
	f.checkLabel(r, plans)
	var inputs []input
	for j, p := range plans {
		switch {
		case p.out != "" && how.promised && r.asked[j] != "" && r.out[j] == "":
			return nil, &Error{Path: f.path, Column: j + 1, Field: f.fields[j].name, Msg: "it cannot be a target: " + p.out}
		case p.out != "":
			r.out[j] = p.out
		case !r.has(j):
			f.doubtDate(j, p.Form, src)
			in, err := f.input(j, p.Column)
			if err != nil {
				return nil, err
			}
			f.sayAnswers(j, p.Column, src)
			inputs = append(inputs, in)
		}
	}
	f.sayRoles(r, src)
	f.sayColumns(plans, r, src)
	f.doubtDigits(inputs, src)
	if how.describe {
		src.Columns = f.describe(plans, r)
	}
	if !f.named && len(inputs) < len(f.fields) { // another file has to be matched with the columns that are left
		for k := range inputs {
			inputs[k].Name = numberName(inputs[k].field)
		}
		for _, j := range []int{r.id, r.label} {
			if j >= 0 {
				f.fields[j].name = numberName(j)
			}
		}
	}
	return inputs, nil
}

// checkLabel leaves out a column that is named as labels are but holds measurements.
func (f *frame) checkLabel(r *roles, plans []columnPlan) {
	if !r.labelGuessed {
		return
	}
	t := f.fields[r.label].texts
	if t == nil {
		return
	}
	levels := presentLevels(t)
	values, numbers := allNumbers(levels)
	fractions := slices.ContainsFunc(values, func(v float64) bool { return v != math.Trunc(v) })
	if t.many || numbers && fractions && len(levels) > max(20, f.rows/4) {
		plans[r.label].out = "named as labels are, but with " + atLeast(t, len(levels)) + " different values; --label COLUMN takes them as classes"
		if numbers {
			plans[r.label].out += ", --types COLUMN=real trains on them"
		}
		r.label = -1
	}
}

// input makes a column of the frame one of that description.
func (f *frame) input(j int, c Column) (input, error) {
	in := input{Column: c, field: j, at: f.fields[j].at}
	t := f.fields[j].texts
	if t == nil {
		return in, nil
	}
	find := ClassFinder(c.Levels)
	in.value = make([]float64, len(t.levels))
	for k, text := range t.levels {
		level := find(text)
		switch {
		case level >= 0:
			in.value[k] = float64(level)
		case isMissing(text), c.Levels == nil && c.Kind != Date && isMissingNumber(text):
			in.value[k] = math.NaN()
		case c.Kind == YesNo:
			answer, _ := answerOf(text)
			if answer < 0 {
				return in, f.cellError(j, k, c, fmt.Sprintf("%q: expected %s", clip(text), wantedAnswers))
			}
			in.value[k] = float64(answer)
		case c.Kind == Date:
			in.value[k] = days(c.Form, text)
		case c.Levels == nil:
			v, err := parseCell(text, f.decimal)
			if err != nil {
				return in, f.cellError(j, k, c, fmt.Sprintf("%q: expected a number", clip(text)))
			}
			in.value[k] = v
		case c.Other: // a level of the data's own, which Match takes as the last of the preparation's
			in.value[k] = float64(len(in.Levels))
			in.Levels, in.Other, in.Pooled = append(slices.Clip(in.Levels), text), false, nil
		default:
			return in, f.cellError(j, k, c, fmt.Sprintf("level %q was not there when the preparation was fitted: expected one of %s", clip(text), Listed(c.Levels)))
		}
		if v := in.value[k]; v != v && c.Kind == Date && !isMissing(text) {
			return in, f.cellError(j, k, c, fmt.Sprintf("%q: expected a date such as %s", clip(text), dateExample(c.Form)))
		}
	}
	return in, nil
}

// cellError is an error about the first cell of a column that has text k.
func (f *frame) cellError(j, k int, c Column, msg string) error {
	row := slices.Index(f.fields[j].texts.codes, uint32(k))
	return &Error{Path: f.path, Row: row + 1, Column: j + 1, Field: c.Name, Msg: msg}
}

// assemble makes the set. The frame's numbers are let go of on the way.
func (f *frame) assemble(inputs []input, r *roles) (*Set, error) {
	s := &Set{Name: f.path, Rows: f.rows, Cols: len(inputs), disk: f.disk}
	wide := f.describeInputs(s, inputs)
	size := 4
	if wide {
		size = 8
	}
	if err := f.prepareSet(len(inputs), size, r); err != nil {
		return nil, err
	}
	if err := f.attachRoles(s, r); err != nil {
		return nil, err
	}
	var err error
	if wide {
		s.F64, err = newArray[float64](f.disk, s.Rows*s.Cols)
	} else {
		s.F32, err = newArray[float32](f.disk, s.Rows*s.Cols)
	}
	if err != nil {
		return nil, err
	}
	row := make([]float64, len(inputs))
	take := func(i int, numbers []float64) {
		for k := range inputs {
			if in := &inputs[k]; in.at >= 0 {
				row[k] = numbers[in.at]
			} else {
				row[k] = in.value[f.fields[in.field].texts.codes[i]]
			}
			s.Gaps = s.Gaps || row[k] != row[k]
		}
		if wide {
			copy(s.F64[i*s.Cols:], row)
			return
		}
		to := s.F32[i*s.Cols:][:s.Cols]
		for k, v := range row {
			to[k] = float32(v)
		}
	}
	i := 0
	for k, b := range f.blocks {
		for ; len(b) > 0 && f.width > 0; b = b[f.width:] {
			take(i, b[:f.width])
			i++
		}
		if f.disk == nil {
			f.blocks[k] = nil
		}
	}
	for ; i < f.rows; i++ { // of texts alone
		take(i, nil)
	}
	f.letGo()
	return s, nil
}

// describeInputs gives the set its columns, and says whether a value of theirs is none of float32.
func (f *frame) describeInputs(s *Set, inputs []input) (wide bool) {
	plain := true
	for _, in := range inputs {
		s.Columns = append(s.Columns, in.Column)
		plain = plain && in.Name == "" && in.Kind == Real
		wide = wide || slices.ContainsFunc(in.value, func(v float64) bool { return !isSingle(v) })
		wide = wide || in.at >= 0 && f.stats()[in.at].wide
	}
	if plain && !f.named {
		s.Columns = nil
	}
	return wide
}

// attachRoles gives the set its names of rows, labels and groups.
func (f *frame) attachRoles(s *Set, r *roles) error {
	if r.id >= 0 {
		s.IDs, s.IDName = f.textsOf(r.id), f.fields[r.id].name
	}
	if r.group >= 0 {
		s.Groups = make([]uint64, f.rows)
		for i, text := range f.textsOf(r.group) {
			h := fnv.New64a()
			h.Write([]byte(text))
			s.Groups[i] = h.Sum64()
		}
	}
	if err := f.attachCondition(s, r); err != nil {
		return err
	}
	if r.label < 0 {
		return nil
	}
	names := f.textsOf(r.label)
	if at := slices.IndexFunc(names, isMissing); at >= 0 {
		return &Error{Path: f.path, Row: at + 1, Column: r.label + 1, Field: f.fields[r.label].name, Msg: "empty: expected a class"}
	}
	s.LabelName = f.fields[r.label].name
	s.Labels, s.Classes = textLabels(names)
	return nil
}

// textsOf are the cells of a column as texts.
func (f *frame) textsOf(j int) []string {
	c := f.fields[j]
	if c.texts != nil && c.texts.allDiffer() {
		return c.texts.levels
	}
	out := make([]string, 0, f.rows)
	if c.texts == nil {
		f.each(func(_ int, numbers []float64) { out = append(out, strconv.FormatFloat(numbers[c.at], 'f', -1, 64)) })
		return out
	}
	for i := range f.rows {
		out = append(out, c.texts.at(i))
	}
	return out
}
