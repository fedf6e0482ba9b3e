package data

import (
	"slices"
	"strings"
)

// labelNames are the names, in any case, that make a column of a table class labels, the first of those that are there.
var labelNames = []string{"label", "class", "target"}

// roles are the columns that are not inputs, and those that may be.
type roles struct {
	id, label, group int // -1 for none
	condition        int // likewise; it may be the label
	labelGuessed     bool
	noID, noLabel    bool           // none was asked for
	idWhy            string         // what makes the column ids, "" where it was asked for
	asked            map[int]string // kinds that were asked for
	out              map[int]string // why a column is left out
}

// has reports whether a column has one.
func (r *roles) has(j int) bool { return j == r.id || j == r.label || j == r.group || j == r.condition }

// use is what a column is kept for.
type use uint8

const (
	unused use = iota
	usedAsNumber
	usedAsText
	usedAsEither
)

// roles finds by the names alone who is who.
func (f *frame) roles(how *Reading) (*roles, error) {
	r := &roles{id: -1, label: -1, group: -1, condition: -1, noID: how.ID != "", noLabel: how.Label != "", asked: map[int]string{}, out: map[int]string{}}
	if err := f.askedRoles(r, how); err != nil {
		return nil, err
	}
	if err := f.askedColumns(r, how); err != nil {
		return nil, err
	}
	for j, c := range f.fields {
		if c.out != "" && r.out[j] == "" {
			r.out[j] = c.out
		}
	}
	if how.As != nil && f.named {
		f.rolesAs(r, how)
		return r, nil
	}
	free := func(j int) bool { return j >= 0 && r.asked[j] == "" && r.out[j] == "" && j != r.group }
	if how.ID == "" && r.id < 0 && free(f.index) && f.index != r.condition {
		r.id, r.idWhy = f.index, "it is the data frame's index"
	}
	if how.ID == "" && r.id < 0 && f.named && len(f.fields) > 1 && f.fields[0].name == "" && free(0) && r.condition != 0 {
		r.id, r.idWhy = 0, "it has no name"
	}
	for j, c := range f.fields {
		if (c.level || j == f.index && how.ID != "none") && !r.has(j) && free(j) {
			r.out[j] = "of the data frame's index; --types COLUMN=category or real trains on it"
		}
	}
	if how.Label == "" && f.named {
		for _, name := range labelNames {
			at := slices.IndexFunc(f.fields, func(c rawColumn) bool { return strings.EqualFold(c.name, name) })
			if at >= 0 && free(at) && at != r.id && !slices.Contains(how.Columns, f.fields[at].name) {
				r.label, r.labelGuessed = at, true
				break
			}
		}
	}
	if r.label >= 0 {
		f.leaveOtherLabels(r)
	}
	return r, nil
}

// leaveOtherLabels leaves out what is named as labels are beside the labels: it would give them away.
func (f *frame) leaveOtherLabels(r *roles) {
	for j, c := range f.fields {
		name := c.name
		if slices.Contains(f.renamed, name) {
			name = name[:strings.LastIndexByte(name, '.')]
		}
		named := slices.ContainsFunc(labelNames, func(n string) bool { return strings.EqualFold(name, n) })
		if f.named && named && !r.has(j) && r.asked[j] == "" && r.out[j] == "" {
			r.out[j] = "named as labels are; --types COLUMN=category or real trains on it"
		}
	}
}

// askedRoles finds the columns that were asked for as ids, labels, groups and kinds.
func (f *frame) askedRoles(r *roles, how *Reading) (err error) {
	for _, a := range []struct {
		name string
		at   *int
	}{{how.ID, &r.id}, {how.Label, &r.label}, {how.Group, &r.group}} {
		if a.name == "" || a.name == "none" {
			continue
		}
		if *a.at, err = f.find(a.name); err != nil {
			return err
		}
	}
	if err = f.askedCondition(r, how); err != nil {
		return err
	}
	types, err := how.types()
	if err != nil {
		return err
	}
	for name, kind := range types {
		j, err := f.find(name)
		if err != nil {
			return err
		}
		if r.asked[j] = kind; kind == "id" {
			if r.id >= 0 && r.id != j {
				return wrong(f.path, "two columns of names of rows, %s and %s: expected one", f.title(r.id), f.title(j))
			}
			r.id = j
		}
	}
	switch { // ids may be groups
	case r.condition >= 0 && r.condition == r.id:
		return wrong(f.path, "%s is asked for as the condition and as names of rows: expected one of both", f.title(r.condition))
	case r.label < 0:
	case r.label == r.id:
		return wrong(f.path, "%s is asked for as labels and as names of rows: expected one of both", f.title(r.label))
	case r.label == r.group:
		return wrong(f.path, "%s is asked for as labels and as groups: expected one of both", f.title(r.label))
	}
	return nil
}

// askedCondition finds the column that was asked for as the condition: none where the labels are, whatever they are called.
func (f *frame) askedCondition(r *roles, how *Reading) (err error) {
	if how.Condition == "" {
		return nil
	}
	at, err := f.find(how.Condition)
	if n, number := columnNumber(how.Condition); number && !f.named && n <= len(f.fields) {
		at, err = n-1, nil
	} else if number && err != nil {
		at, err = f.find(unnamedCondition)
	}
	switch {
	case err == nil:
		r.condition = at
	case how.Condition == LabelCondition:
		return nil // see Source.conditioned
	case how.As != nil:
		return wrong(f.path, "lacks the column %q, which the model is conditioned on; it has %s", clip(how.Condition), Listed(f.names()))
	}
	return err
}

// askedColumns leaves out what was dropped or is a target, and what was not among those asked for.
func (f *frame) askedColumns(r *roles, how *Reading) error {
	for _, name := range how.beside {
		j, err := f.find(name)
		if err != nil && how.As != nil {
			continue
		}
		switch {
		case err != nil:
			return err
		case how.As == nil && r.has(j):
			return wrong(f.path, "%s is a target and asked for as something else: expected one of both", f.title(j))
		}
		r.out[j] = "a target"
	}
	for _, name := range how.Drop {
		j, err := f.find(name)
		if err == nil && r.out[j] != "" {
			err = wrong(f.path, "%s is a target and dropped: expected one of both", f.title(j))
		}
		if err != nil {
			return err
		}
		r.out[j] = "--drop"
		for _, at := range []*int{&r.id, &r.label, &r.group, &r.condition} {
			if *at == j {
				return wrong(f.path, "%s is dropped and asked for: expected one of both", f.title(j))
			}
		}
	}
	if len(how.Columns) == 0 {
		return nil
	}
	wanted := map[int]bool{r.id: true, r.label: true, r.group: true, r.condition: true}
	for _, name := range how.Columns {
		j, err := f.find(name)
		if err != nil {
			return err
		}
		if r.out[j] == "a target" {
			return wrong(f.path, "%s is a target and among the columns to train on: expected one of both", f.title(j))
		}
		if r.out[j] != "" {
			return wrong(f.path, "%s is dropped and asked for: expected one of both", f.title(j))
		}
		wanted[j] = true
		if r.asked[j] == "" {
			r.asked[j] = "any"
		}
	}
	for j := range f.fields {
		if !wanted[j] && (len(f.fields) == 1 || r.out[j] == "") && !((j == 0 && f.named && f.fields[0].name == "" || j == f.index) && how.ID == "") {
			r.out[j] = "not in --columns"
		}
	}
	return nil
}

// rolesAs finds the ids and labels that a preparation's tables had.
func (f *frame) rolesAs(r *roles, how *Reading) {
	p := how.As
	inputs := map[string]bool{}
	for _, c := range p.Columns {
		inputs[c.Name] = true
	}
	own := slices.IndexFunc(f.fields, func(c rawColumn) bool { return p.HasIDs && p.IDName != "" && c.name == p.IDName })
	if own >= 0 && how.ID == "" && r.id < 0 && !inputs[p.IDName] {
		r.id, r.idWhy = own, "it was in the training"
	}
	for j, c := range f.fields {
		switch {
		case inputs[c.name], j == r.condition && how.Condition != p.LabelName:
		case how.ID == "" && r.id < 0 && (p.HasIDs && c.name == p.IDName || p.unnamedIDs() && c.name == "id" || j == 0 && c.name == "" || j == f.index):
			r.id, r.idWhy = j, "it was in the training"
		case how.Label == "" && r.label < 0 && (p.LabelName != "" && c.name == p.LabelName || p.LabelName == "" && slices.ContainsFunc(labelNames, func(n string) bool { return strings.EqualFold(n, c.name) })):
			r.label, r.labelGuessed = j, true
		}
	}
}

// uses says for every column what it is kept for, by the names alone.
func (f *frame) uses(how *Reading) ([]use, error) {
	r, err := f.roles(how)
	if err != nil {
		return nil, err
	}
	uses := make([]use, len(f.fields))
	byName, kinds := false, map[string]Column{}
	if how.As != nil {
		if byName, err = f.byName(r, how.As); err != nil {
			return nil, err
		}
	}
	if byName {
		for k, c := range how.As.Columns {
			kinds[c.Name], kinds[how.As.called(k)] = c, c
		}
	}
	for j, c := range f.fields {
		kind, known := kinds[c.name]
		switch {
		case r.has(j):
			uses[j] = usedAsText
		case r.out[j] != "", byName && !known:
		case byName && (kind.Kind == Category || kind.Kind == Date || kind.Kind == YesNo):
			uses[j] = usedAsText
		case byName:
			uses[j] = usedAsNumber
		case slices.Contains([]string{"category", "date", "text"}, r.asked[j]):
			uses[j] = usedAsText
		case slices.Contains([]string{"real", "count"}, r.asked[j]):
			uses[j] = usedAsNumber
		default:
			uses[j] = usedAsEither
		}
	}
	return uses, nil
}
