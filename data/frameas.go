package data

import (
	"slices"
)

// inputsAs finds the columns of a preparation in a frame: by name where both have names, else by number.
func (f *frame) inputsAs(r *roles, p *Preparation, src *Source) ([]input, error) {
	at, err := f.fieldsAs(r, p, src)
	if err != nil {
		return nil, err
	}
	f.sayRoles(r, src)
	inputs := make([]input, len(at))
	for k, j := range at {
		c := p.column(k)
		if (c.Kind == Category || c.Kind == Date || c.Levels != nil) && f.fields[j].texts == nil && !f.fields[j].dates {
			f.toTexts(j)
		}
		if c.Kind == Date && !f.fields[j].dates {
			if c.Form, err = f.formAs(j, c, src); err != nil {
				return nil, err
			}
		}
		open := c
		open.Other = c.Other || p.opensLevels && c.Kind == Category
		if inputs[k], err = f.input(j, open); err != nil {
			return nil, err
		}
		inputs[k].Other = inputs[k].Other && c.Other
		f.sayAnswers(j, c, src)
	}
	return inputs, nil
}

// toTexts makes texts of a column of numbers.
func (f *frame) toTexts(j int) {
	t := f.newTexts()
	for _, text := range f.textsOf(j) {
		if text == "NaN" {
			text = ""
		}
		t.add(text)
	}
	f.fields[j].texts, f.fields[j].at = t, -1
}

// fieldsAs are the fields of the preparation's columns, in its order.
func (f *frame) fieldsAs(r *roles, p *Preparation, src *Source) ([]int, error) {
	if byName, err := f.byName(r, p); err != nil {
		return nil, err
	} else if byName {
		return f.fieldsByName(r, p, src)
	}
	free := f.free(r)
	if len(free) == p.Cols+1 && r.id < 0 && !r.noID {
		f.findIDs(r, f.stats())
		free = f.free(r)
	}
	if haveNames(p.Columns) && len(free) != p.Cols { // those of a file without names that were left out have no name, but a number
		if at, ok := f.fieldsByNumber(p); ok {
			f.rolesByNumber(r, p, at)
			return at, nil
		}
	}
	if len(free) != p.Cols {
		hint := ""
		if len(free) > p.Cols {
			hint = " (--id, --label and --drop say which are others)"
		}
		return nil, wrong(f.path, "%d columns: expected %d, as the model was trained on%s", len(free), p.Cols, hint)
	}
	switch {
	case f.named:
		names := make([]string, len(free))
		for k, j := range free {
			names[k] = f.title(j)
		}
		p.inOrder(names, src)
	case haveNames(p.Columns):
		src.found("columns without names are taken in the order of the model's")
	}
	return free, nil
}

// byName says whether the columns of a preparation are found by name.
func (f *frame) byName(r *roles, p *Preparation) (bool, error) {
	if !f.named {
		return false, nil
	}
	var names []string
	for _, j := range f.free(r) {
		names = append(names, f.fields[j].name)
	}
	return p.byName(f.path, names)
}

func (f *frame) free(r *roles) []int {
	var free []int
	for j := range f.fields {
		if !r.has(j) && r.out[j] == "" {
			free = append(free, j)
		}
	}
	return free
}

// fieldsByNumber finds columns that are called "column 3".
func (f *frame) fieldsByNumber(p *Preparation) ([]int, bool) {
	var at []int
	for _, c := range p.Columns {
		j, ok := f.numbered(c.Name)
		if !ok {
			return nil, false
		}
		at = append(at, j)
	}
	return at, true
}

// numbered is the field of a name such as "column 3", false where there is none that was read.
func (f *frame) numbered(name string) (int, bool) {
	n, ok := columnNumber(name)
	return n - 1, ok && n <= len(f.fields) && (f.fields[n-1].texts != nil || f.fields[n-1].at >= 0)
}

// rolesByNumber finds the ids and labels of a table without names where the training's had them, beside the inputs at.
func (f *frame) rolesByNumber(r *roles, p *Preparation, at []int) {
	for _, a := range []struct {
		name string
		at   *int
		none bool
	}{{p.IDName, &r.id, r.noID}, {p.LabelName, &r.label, r.noLabel}} {
		j, ok := f.numbered(a.name)
		if ok && *a.at < 0 && !a.none && r.out[j] == "" && !slices.Contains(append(at, r.id, r.label, r.group, r.condition), j) {
			*a.at, f.fields[j].name = j, a.name
		}
	}
}

func (f *frame) fieldsByName(r *roles, p *Preparation, src *Source) ([]int, error) {
	byName := map[string][]int{}
	for _, j := range f.free(r) {
		byName[f.fields[j].name] = append(byName[f.fields[j].name], j)
	}
	var at []int
	var missing []string
	for k, c := range p.Columns {
		name := c.Name
		if len(byName[name]) == 0 {
			name = p.called(k)
		}
		js := byName[name]
		if len(js) == 0 {
			missing = append(missing, c.Name)
			continue
		}
		at, byName[name] = append(at, js[0]), js[1:]
	}
	if missing != nil {
		have := make([]string, 0, len(f.fields))
		for _, j := range f.free(r) {
			have = append(have, f.fields[j].name)
		}
		return nil, wrong(f.path, "lacks %d of the %d columns that the model was trained on: %s; it has %s", len(missing), p.Cols, Listed(missing), Listed(have))
	}
	var more []string
	for j := range f.fields {
		if js := byName[f.fields[j].name]; len(js) > 0 && js[0] == j {
			more = append(more, f.title(j))
			byName[f.fields[j].name] = js[1:]
		}
	}
	if more != nil {
		src.found("left out: %s, which the model does not know", some(more))
	}
	for k, j := range at {
		if k > 0 && j < at[k-1] {
			src.found("columns in another order than the model's are matched by name")
			break
		}
	}
	return at, nil
}
