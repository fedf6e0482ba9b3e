package data

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strconv"
)

// LabelCondition is the condition that is the labels of the rows, whatever they are called.
const LabelCondition = "label"

// Condition is what the rows of a conditional model are told apart by: a column of few levels, or the labels. It is no
// input. It is fitted once, to the rows that a model is trained on, and travels with the model.
type Condition struct {
	Name   string   `json:"name"`   // of the column; [LabelCondition] of labels without a name
	Levels []string `json:"levels"` // by number
	Rows   []int    `json:"rows"`   // how many of the training rows had each

	Labels bool `json:"labels,omitempty"` // the training rows had no other labels, so that those of a file which does not name them are it
}

// Reading returns how data are read with the condition of each row.
func (c *Condition) Reading(how Reading) Reading {
	how.Condition, how.labelled = c.Name, c.Labels
	return how
}

// maxLevels is how many levels a condition may have: each is an input of the encoder's and of the decoder's first layer.
const maxLevels = 4096

// conditioned takes the labels for the condition where that was asked for and is no column.
func (s *Source) conditioned(how *Reading) error {
	if how.Condition == "" {
		return nil
	}
	for _, set := range []**Set{&s.Train, &s.Val, &s.Test} {
		if *set == nil {
			continue
		}
		name := how.Condition
		if how.As != nil && ownName(name) == "" && (*set).columnOf(unnamedCondition) >= 0 {
			name = unnamedCondition
		}
		if how.labelled && (*set).LabelName == "" && (*set).columnOf(name) < 0 { // of a file that does not name its labels
			name = LabelCondition
		}
		own, err := (*set).Conditioned(name)
		switch bad := (*Error)(nil); {
		case err == nil:
		case how.As != nil && errors.As(err, &bad) && bad.Row == 0:
			return wrong((*set).Name, "lacks %q, which the model is conditioned on: expected it beside each row (decode and others take --condition LEVEL for all)", clip(how.Condition))
		default:
			return err
		}
		*set = own
	}
	return nil
}

// Conditioned returns s with the condition of that name, where it has none yet: its labels, for [LabelCondition] or what
// they are called, or a column, which is none of its columns then.
func (s *Set) Conditioned(name string) (*Set, error) {
	switch {
	case s.Conditions != nil:
		return s, nil
	case s.Labels != nil && (name == LabelCondition || name == s.LabelName):
		own := *s
		own.Conditions, own.ConditionLevels, own.ConditionName = s.Labels, s.Classes, cmp.Or(s.LabelName, LabelCondition)
		return &own, nil
	case s.columnOf(name) >= 0:
		return s.conditionedBy(s.columnOf(name))
	case s.Labels != nil:
		return nil, wrong(s.Name, "no column %q for a condition: expected %s, for its labels", clip(name), LabelCondition)
	case name == LabelCondition:
		return nil, wrong(s.Name, "no labels, which the condition is to be: expected the name of a column, or labels (--label)")
	}
	return nil, wrong(s.Name, "no column %q for a condition, and no labels: expected a table with that column", clip(name))
}

// columnOf is the column of that name, -1 for none.
func (s *Set) columnOf(name string) int {
	return slices.IndexFunc(s.Columns, func(c Column) bool { return c.Name == name && name != "" })
}

// conditionedBy returns s with column j for the condition.
func (s *Set) conditionedBy(j int) (*Set, error) {
	c, texts := s.Columns[j], make([]string, s.Rows)
	for i := range texts {
		switch v := s.At(i, j); {
		case v != v:
			return nil, &Error{Path: s.Name, Row: i + 1, Column: j + 1, Field: c.Name, Msg: "empty: expected a level of the condition"}
		case c.Kind == Category:
			texts[i] = c.Levels[int(v)]
		default:
			texts[i] = strconv.FormatFloat(v, 'f', -1, 64)
		}
	}
	order := make([]int, 0, s.Cols-1)
	for k := range s.Cols {
		if k != j {
			order = append(order, k)
		}
	}
	own, err := s.rearranged(order)
	if err != nil {
		return nil, err
	}
	own.ConditionName = c.Name
	own.Conditions, own.ConditionLevels = textLabels(texts)
	return own, nil
}

// onlyCondition says whether there are no labels but what rows are conditioned on.
func (s *Set) onlyCondition() bool { return s.Labels == nil || s.conditionIsLabel(s.ConditionName) }

// conditionIsLabel says whether the labels are what rows are conditioned on.
func (s *Set) conditionIsLabel(name string) bool {
	return s.Labels != nil && (s.LabelName == name || s.LabelName == "" && name == LabelCondition)
}

// attachCondition gives a set of the frame's rows their levels of the condition.
func (f *frame) attachCondition(s *Set, r *roles) error {
	if r.condition < 0 {
		return nil
	}
	texts := f.textsOf(r.condition)
	if at := slices.IndexFunc(texts, isMissing); at >= 0 {
		return &Error{Path: f.path, Row: at + 1, Column: r.condition + 1, Field: f.fields[r.condition].name, Msg: "empty: expected a level of the condition"}
	}
	if s.ConditionName = f.fields[r.condition].name; !f.named {
		s.ConditionName = numberName(r.condition)
	}
	s.Conditions, s.ConditionLevels = textLabels(texts)
	return nil
}

// addCondition adds the levels by their names: how they are numbered has no say.
func (s *Set) addCondition(h hash.Hash) {
	if s.Conditions == nil {
		return
	}
	texts := make([]uint64, len(s.ConditionLevels))
	for k, l := range s.ConditionLevels {
		texts[k] = sipText(0, levelKey, l)
	}
	fmt.Fprintf(h, "condition %q\n", s.ConditionName)
	addValues(h, s.Conditions, 8, func(b []byte, v int32) { binary.LittleEndian.PutUint64(b, texts[v]) })
}

// FitCondition returns the condition of the rows of a training: the levels that some of them have. It is nil where rows
// have none. One level, or so many that hardly two rows share one, are an [*Error].
func FitCondition(s *Set) (*Condition, error) {
	if s.Conditions == nil {
		return nil, nil
	}
	count := make([]int, len(s.ConditionLevels))
	for _, l := range s.Conditions {
		count[l]++
	}
	c := &Condition{Name: s.ConditionName, Labels: s.onlyCondition()}
	for k, n := range count {
		if n > 0 {
			c.Levels, c.Rows = append(c.Levels, s.ConditionLevels[k]), append(c.Rows, n)
		}
	}
	switch n := len(c.Levels); {
	case n < 2:
		return nil, wrong(s.Name, "the condition %q is %q in every row: expected two levels or more", clip(c.Name), clip(c.Levels[0]))
	case n > maxLevels, 2*n > s.Rows && n > 2:
		return nil, wrong(s.Name, "the condition %q has %d different values in %d rows: expected a column of few levels, %d at most, that rows share", clip(c.Name), n, s.Rows, maxLevels)
	}
	return c, nil
}

// Validate says what is wrong with a condition that was read from a file, as an [*Error]; nil where nothing is.
func (c *Condition) Validate() error {
	const name = "condition"
	switch {
	case len(c.Levels) < 2 || len(c.Levels) > maxLevels:
		return wrong(name, "%d levels: expected 2 to %d", len(c.Levels), maxLevels)
	case len(c.Rows) != len(c.Levels):
		return wrong(name, "%d counts of rows: expected one for each of %d levels", len(c.Rows), len(c.Levels))
	case slices.ContainsFunc(c.Rows, func(n int) bool { return n < 1 }):
		return wrong(name, "a level without rows: expected one or more of each")
	}
	seen := map[string]bool{}
	for _, l := range c.Levels {
		if seen[l] {
			return wrong(name, "level %q stands there twice", clip(l))
		}
		seen[l] = true
	}
	return nil
}

// Level returns the number of a level by its name; the [*Error] names those there are.
func (c *Condition) Level(name string) (int32, error) {
	if k := ClassFinder(c.Levels)(name); k >= 0 {
		return k, nil
	}
	return 0, &Error{Msg: fmt.Sprintf("%q is no level of the condition %q: expected one of %s", clip(name), clip(c.Name), Listed(c.Levels))}
}

// Match returns s, whose rows say what they are conditioned on, with the levels numbered as in the training. Labels serve
// where the condition was the labels. An [*Error] says that rows do not say it, or names a level that was not there.
func (c *Condition) Match(s *Set) (*Set, error) {
	own := *s
	if s.Conditions == nil && s.conditionIsLabel(c.Name) {
		own.Conditions, own.ConditionLevels = s.Labels, s.Classes
	}
	if own.Conditions == nil {
		return nil, wrong(s.Name, "rows without %q, which the model is conditioned on: expected one of %s beside each row", clip(c.Name), Listed(c.Levels))
	}
	find, to := ClassFinder(c.Levels), slices.Repeat([]int32{-2}, len(own.ConditionLevels))
	levels := make([]int32, s.Rows)
	for i, l := range own.Conditions {
		if to[l] == -2 {
			to[l] = find(own.ConditionLevels[l])
		}
		if levels[i] = to[l]; to[l] < 0 {
			return nil, &Error{Path: s.Name, Row: i + 1, Field: c.Name, Msg: fmt.Sprintf("level %q of the condition was not there in the training: expected one of %s",
				clip(own.ConditionLevels[l]), Listed(c.Levels))}
		}
	}
	return c.Put(s, levels), nil
}

// Put returns s with those levels of the condition, one for each row.
func (c *Condition) Put(s *Set, levels []int32) *Set {
	own := *s
	own.Conditions, own.ConditionLevels, own.ConditionName = levels, c.Levels, c.Name
	return &own
}

// All returns s with every row at one level, which labels say too where they are the condition.
func (c *Condition) All(s *Set, level int32) *Set {
	own := c.Put(s, slices.Repeat([]int32{level}, s.Rows))
	if s.conditionIsLabel(c.Name) {
		own.Labels, own.Classes = own.Conditions, c.Levels
	}
	return own
}

// Shown returns s as a file that [Write] makes under that name holds it with its condition: labels that are it, the
// condition as labels where there are none, or as a column beside the others where the format has such columns. It also
// says whether the file holds it.
func (s *Set) Shown(path string) (shown *Set, held bool) {
	kind := format(path)
	held = kind != "npy" && kind != "idx"
	if s.Conditions == nil || s.conditionIsLabel(s.ConditionName) {
		return s, held
	}
	own := *s
	if s.Labels == nil {
		own.Labels, own.Classes, own.LabelName = s.Conditions, s.ConditionLevels, shownName(s.ConditionName)
		return &own, held
	}
	if !slices.Contains([]string{"csv", "tsv", "parquet", "arrow", "safetensors"}, kind) || s.IsBytes() || !haveNames(s.Columns) {
		return s, false
	}
	own.Cols++
	own.Columns = append(slices.Clone(s.Columns), Column{Name: shownName(s.ConditionName), Kind: Category, Levels: s.ConditionLevels})
	own.setImages(nil)
	own.F32, own.F64 = widened(s.F32, s.Cols, s.Conditions), widened(s.F64, s.Cols, s.Conditions)
	return &own, true
}

// unnamedCondition is what files call a condition that was a column without a name.
const unnamedCondition = "condition"

func shownName(name string) string { return cmp.Or(ownName(name), unnamedCondition) }

// widened is rows of so many values with a level behind each; nil of nil.
func widened[T float32 | float64](v []T, cols int, levels []int32) []T {
	if v == nil {
		return nil
	}
	wide := make([]T, 0, len(v)+len(levels))
	for i, l := range levels {
		wide = append(append(wide, v[i*cols:(i+1)*cols]...), T(l))
	}
	return wide
}
