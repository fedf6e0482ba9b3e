package data

import (
	"slices"
	"strconv"
	"strings"
)

// codePrefix begins the names of the columns of codes, with the number from 0 behind it: no other table has them by chance.
const codePrefix = "code_"

// Codes is the preparation of codes of so many numbers, of a model whose rows p prepares. It leaves them as they are: columns
// code_0, code_1 and so on, which are found by name among others; columns of a table that has none of these names are taken
// in order, unless they are those of the model's rows. Names of rows and labels are called as in p.
func (p *Preparation) Codes(size int) *Preparation {
	c := IdentityPreparation(size)
	c.rows, c.HasIDs = p, p.HasIDs
	for j := range size {
		c.Columns = append(c.Columns, Column{Name: codePrefix + strconv.Itoa(j)})
	}
	c.IDName, c.LabelName = c.Beside(p.IDName), c.Beside(p.LabelName)
	return c
}

// Beside is what a column of names of rows or labels is called in a table of the preparation's columns: name, or "" where one
// of them has it.
func (p *Preparation) Beside(name string) string {
	if slices.ContainsFunc(p.Columns, func(c Column) bool { return c.Name == name }) {
		return ""
	}
	return name
}

// called is the name that files have for column k: its own, or where it has none that which such a column is written by, so
// that a model takes the files that were written with it.
func (p *Preparation) called(k int) string {
	name := blankName(k)
	if p.Columns[k].Name != "" || p.Beside(name) == "" {
		return p.Columns[k].Name
	}
	return name
}

// unnamedIDs says whether names of rows may be called id, as formats that want a name for them do.
func (p *Preparation) unnamedIDs() bool { return p.IDName == "" && (p.HasIDs || p.rows != nil) }

// byName says whether a table's columns are found by their names, and refuses names that say that they are others.
func (p *Preparation) byName(path string, names []string) (bool, error) {
	if p.rows == nil || !haveNames(p.Columns) {
		return haveNames(p.Columns), nil
	}
	count := map[string]int{}
	var beyond []string // of longer codes
	for _, n := range names {
		count[n]++
		if k, ok := atoi(strings.TrimPrefix(n, codePrefix)); ok && k >= p.Cols && n == codePrefix+strconv.Itoa(k) {
			beyond = append(beyond, n)
		}
	}
	var missing []string
	for _, c := range p.Columns {
		switch count[c.Name] {
		case 0:
			missing = append(missing, c.Name)
		case 1:
		default:
			return false, wrong(path, "%d columns named %q: expected one", count[c.Name], c.Name)
		}
	}
	switch {
	case beyond != nil:
		return false, wrong(path, "codes of another model: it has %s: expected %d columns, %s", Listed(beyond), p.Cols, p.span())
	case missing == nil:
		return true, nil
	case len(missing) < p.Cols:
		return false, wrong(path, "lacks %d of the %d columns of the model's codes: %s; it has %s", len(missing), p.Cols, Listed(missing), Listed(names))
	}
	known := namesOf(p.rows.Columns)
	if data := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == "" || !slices.Contains(known, n) }); len(data) > 0 {
		return false, wrong(path, "these are data, not codes: %s are columns that the model was trained on: expected %s, as encode writes them", Listed(data), p.span())
	}
	return false, nil
}

// span is what columns of codes are called.
func (p *Preparation) span() string {
	if first, last := p.Columns[0].Name, p.Columns[p.Cols-1].Name; first != last {
		return first + " to " + last
	}
	return p.Columns[0].Name
}

// inOrder says that columns of these names are taken for codes in their order.
func (p *Preparation) inOrder(names []string, src *Source) {
	if p.rows != nil && haveNames(p.Columns) {
		src.found("%s are taken in this order for the code: none is called %s, as encode names them", some(names), p.Columns[0].Name)
	}
}

// codes finds the columns of the codes in sets that were read as they are.
func (s *Source) codes(p *Preparation) error {
	for _, set := range []**Set{&s.Train, &s.Val, &s.Test} {
		was := *set
		if was == nil {
			continue
		}
		var err error
		if *set, err = p.Match(was); err != nil {
			return err
		}
		names := namesOf(was.Columns)
		if byName, _ := p.byName(was.Name, names); haveNames(was.Columns) && !byName {
			p.inOrder(names, s)
		}
		if more := was.Cols - (*set).Cols; more > 0 {
			s.found("left out: %s, which the model does not know", some(slices.DeleteFunc(names, func(n string) bool { return slices.Contains(namesOf(p.Columns), n) })))
		}
	}
	return nil
}
