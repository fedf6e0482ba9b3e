package data

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// bundled is what was read of a bundle.
type bundled struct {
	sets    map[*arrayInfo]*Set
	labels  map[*arrayInfo]labelList
	ids     []string
	classes []string
	columns []Column
}

// readBundle reads the arrays that the names, or the choices, say. What does not go together is refused before any
// element is read.
func readBundle(ctx context.Context, b bundle, how *Reading) (*Source, error) {
	if err := how.arraysHaveNo(b.where(), true); err != nil {
		return nil, err
	}
	c, err := choose(b.where(), b.arrays(), how)
	if err != nil {
		return nil, err
	}
	r := bundled{sets: map[*arrayInfo]*Set{}, labels: map[*arrayInfo]labelList{}}
	err = b.read(ctx, c.list(), func(a *arrayInfo, s *stream) (err error) {
		switch a {
		case c.ids:
			r.ids, err = readNames(s, a)
		case c.classes:
			r.classes, err = readNames(s, a)
		case c.column:
			var names []string
			names, err = readNames(s, a)
			r.columns = columnsNamed(names)
		case c.parts[0].values, c.parts[1].values, c.parts[2].values:
			r.sets[a], err = readArray(s, a, how)
		default:
			r.labels[a], err = readLabels(s, a)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.source(b, &c, how)
}

// source puts the parts together and says what was found.
func (r *bundled) source(b bundle, c *chosen, how *Reading) (*Source, error) {
	src := &Source{}
	if how.Label == "" {
		r.leaveTargets(c, src)
	}
	var labelled []*Set
	var lists []labelList
	for k, p := range c.parts {
		set := r.sets[p.values]
		if p.values == nil || set == nil {
			continue
		}
		*[]**Set{&src.Train, &src.Val, &src.Test}[k] = set
		set.Columns = r.columns
		if k == 0 && r.ids != nil {
			set.IDs, set.IDName = r.ids, c.ids.name
		}
		if p.labels != nil {
			list := r.labels[p.labels]
			if err := list.checkCount(); err != nil {
				return nil, err
			}
			labelled, lists = append(labelled, set), append(lists, list)
		}
		src.doubtRounded(set, p.values.descr)
	}
	if err := attachLists(labelled, lists, uniqueNames(r.classes)); err != nil {
		return nil, err
	}
	r.found(src, b, c, how)
	src.foundShape(c.parts[0].values.shape, how)
	return src, nil
}

// leaveTargets leaves out labels that nobody asked for and that are numbers to predict, in all parts.
func (r *bundled) leaveTargets(c *chosen, src *Source) {
	targets := func(p chosenPart) bool {
		list, ok := r.labels[p.labels]
		return ok && list.fractions()
	}
	if !slices.ContainsFunc(c.parts[:], targets) {
		return
	}
	var out []*arrayInfo
	for k := range c.parts {
		if l := c.parts[k].labels; l != nil {
			out, c.parts[k].labels = append(out, l), nil
		}
	}
	src.found("left out: %s: not whole, as numbers to predict are: --label %s takes them for classes", listArrays(out), clip(out[0].name))
}

// found says which array was taken for what.
func (r *bundled) found(src *Source, b bundle, c *chosen, how *Reading) {
	for k, p := range c.parts {
		if p.values == nil {
			continue
		}
		line := []string{"array ", "validation part ", "test part "}[k] + p.values.String()
		if set := r.sets[p.values]; p.labels != nil {
			line += fmt.Sprintf(", labels %q (%d classes)", clip(p.labels.name), len(set.Classes))
			src.doubtClasses(set, p.labels.name)
		}
		switch {
		case k > 0:
		case p.labels != nil:
			line += ": --array NAME, --label none"
		default:
			line += ", no labels: --array NAME, --label NAME"
		}
		src.found("%s", line)
	}
	if c.ids != nil {
		src.found("array %q names the rows: --id none", clip(c.ids.name))
	}
	used := c.list()
	rest := slices.DeleteFunc(slices.Clone(b.arrays()), func(a *arrayInfo) bool {
		_, read := r.labels[a]
		return read || slices.Contains(used, a) || how.isBeside(a.name)
	})
	if len(rest) > 0 {
		src.found("left out: %s: --array NAME", listArrays(rest))
	}
}

// doubtClasses says where labels look like numbers to predict rather than classes.
func (s *Source) doubtClasses(set *Set, name string) {
	used := map[int32]bool{}
	for _, l := range set.Labels {
		used[l] = true
	}
	if set.Rows >= 20 && len(used)*2 > set.Rows {
		s.doubt("labels %q hold %d classes in %d rows, as numbers to predict do: --label none leaves them out", clip(name), len(used), set.Rows)
	}
}

// uniqueNames returns names of classes, nil where they cannot be because one is empty or there twice.
func uniqueNames(names []string) []string {
	seen := map[string]bool{}
	for _, n := range names {
		if seen[n] || strings.TrimSpace(n) == "" {
			return nil
		}
		seen[n] = true
	}
	return names
}
