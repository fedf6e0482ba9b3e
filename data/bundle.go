package data

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// bundle is a file of several arrays that have names.
type bundle interface {
	where() string        // the file
	arrays() []*arrayInfo // what its headers say, before any element is read
	// read hands the elements of each of the arrays to use, in whatever order. Use reads them to the end.
	read(ctx context.Context, want []*arrayInfo, use func(a *arrayInfo, s *stream) error) error
}

// roleNames are the names under which files keep the arrays of a part; the first that is there is taken.
type roleNames struct{ values, labels []string }

// bundleRoles are the parts of a bundle: to train on, to validate, to test.
var bundleRoles = [3]roleNames{
	{
		values: append(ofPart([]string{"train"}, true), "X", "x", "data", "images", "train"),
		labels: append(ofPart([]string{"train"}, false), "y", "Y", "labels", "label", "target", "targets"),
	},
	{values: append(ofPart(validationWords, true), validationWords...), labels: ofPart(validationWords, false)},
	{values: append(ofPart([]string{"test"}, true), "test"), labels: ofPart([]string{"test"}, false)},
}

var validationWords = []string{"val", "valid", "validation"}

// ofPart returns the names of the arrays of a part: X_train, train_images and so on, or those of its labels.
func ofPart(parts []string, values bool) []string {
	var names []string
	for _, p := range parts {
		if values {
			names = append(names, "X_"+p, "x_"+p, p+"_images", p+"_data", p+"_x", p+"_X", "data_"+p, "images_"+p)
		} else {
			names = append(names, "Y_"+p, "y_"+p, p+"_labels", p+"_label", p+"_y", p+"_Y", p+"_target", p+"_targets", "labels_"+p,
				"target_"+p)
		}
	}
	return names
}

// The arrays that go with the rows of a file, as NPZ files of ours have them.
const (
	idArray      = "ids"
	classArray   = "classes"
	columnsArray = "columns"
)

// chosenPart is the arrays of one part; a part without values is not there.
type chosenPart struct{ values, labels *arrayInfo }

// chosen is what a bundle is read as.
type chosen struct {
	parts                [3]chosenPart
	ids, classes, column *arrayInfo
}

// find returns the first array that has one of the names, nil where none has.
func find(arrays []*arrayInfo, names ...string) *arrayInfo {
	for _, n := range names {
		for _, a := range arrays {
			if a.name == n {
				return a
			}
		}
	}
	return nil
}

// choose finds out which array is what, from names and headers alone.
func choose(path string, arrays []*arrayInfo, how *Reading) (c chosen, err error) {
	if how.Array != "" {
		c.parts[0].values = find(arrays, how.Array)
		if how.ofParts {
			c.parts[1].values = find(arrays, otherParts(how.Array, validationWords)...)
			c.parts[2].values = find(arrays, otherParts(how.Array, []string{"test"})...)
		}
		if c.parts[0].values == nil {
			return c, wrong(path, "no array %q: expected --array with one of %s", clip(how.Array), listArrays(arrays))
		}
	} else {
		for k, r := range bundleRoles {
			c.parts[k].values = find(arrays, r.values...)
		}
		if c.parts[0].values == nil {
			c.parts[0].values = onlyValues(arrays)
		}
		switch {
		case len(arrays) == 0:
			return c, wrong(path, "no array in it: expected X, and perhaps y")
		case c.parts[0].values == nil:
			return c, wrong(path, "no array named X or data: expected --array with one of %s", listArrays(arrays))
		}
	}
	if err := c.check(path, how); err != nil {
		return c, err
	}
	if err := c.chooseLabels(path, arrays, how); err != nil {
		return c, err
	}
	return c, c.chooseNames(path, arrays, how)
}

// otherParts are the names that an array of the training part has in other parts, where its own says that it is of that one.
func otherParts(name string, parts []string) (names []string) {
	for _, p := range parts {
		if other := strings.Replace(name, "train", p, 1); other != name {
			names = append(names, other)
		}
	}
	return names
}

// isBeside says whether an array is of targets, of whatever part.
func (r *Reading) isBeside(name string) bool {
	return slices.ContainsFunc(r.beside, func(b string) bool {
		return b == name || slices.Contains(otherParts(b, append([]string{"test"}, validationWords...)), name)
	})
}

// onlyValues returns the one array of numbers that is not named as labels or names are, nil where there are more.
func onlyValues(arrays []*arrayInfo) *arrayInfo {
	if len(arrays) == 1 {
		return arrays[0]
	}
	var only *arrayInfo
	for _, a := range arrays {
		beside := slices.Contains([]string{idArray, classArray, columnsArray}, a.name)
		for _, r := range bundleRoles {
			beside = beside || slices.Contains(r.labels, a.name)
		}
		if beside || a.err == nil && !a.numeric() {
			continue
		}
		if only != nil {
			return nil
		}
		only = a
	}
	return only
}

// check compares the shapes of the parts.
func (c *chosen) check(path string, how *Reading) error {
	var first *arrayInfo
	for _, p := range c.parts {
		if p.values == nil {
			continue
		}
		name := path + "/" + p.values.name
		if err := p.values.checkExamples(name); err != nil {
			return err
		}
		_, row := how.rowsOf(p.values.shape)
		if first == nil {
			first = p.values
		} else if _, want := how.rowsOf(first.shape); product(row) != product(want) {
			return wrong(name, "%d columns: expected %d as in %s", product(row), product(want), path+"/"+first.name)
		}
	}
	return nil
}

// chooseLabels finds the labels of each part and compares their number with that of the rows.
func (c *chosen) chooseLabels(path string, arrays []*arrayInfo, how *Reading) error {
	if how.Label == "none" {
		return nil
	}
	for k := range c.parts {
		p := &c.parts[k]
		if p.values == nil {
			continue
		}
		rows, _ := how.rowsOf(p.values.shape)
		names := bundleRoles[k].labels
		if k == 0 && how.Label != "" {
			names = []string{how.Label}
		} else if how.Array != "" { // it may be the array of another part
			for _, r := range bundleRoles {
				if slices.Contains(r.values, how.Array) {
					names = r.labels
				}
			}
		}
		others := slices.DeleteFunc(slices.Clone(arrays), func(a *arrayInfo) bool { return a == p.values || how.isBeside(a.name) })
		p.labels = find(others, names...)
		fits := slices.DeleteFunc(slices.Clone(others), func(a *arrayInfo) bool { return product(a.shape) != rows })
		if l := find(fits, names...); l != nil {
			p.labels = l
		}
		switch {
		case p.labels == nil && k == 0 && how.Label != "":
			return wrong(path, "no array %q for labels: expected --label none, or --label with one of %s", clip(how.Label), listArrays(others))
		case p.labels == nil:
		case product(p.labels.shape) != rows && how.Array != "" && how.Label == "":
			p.labels = nil // those of another array
		default:
			if err := p.checkLabels(path, rows); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkLabels says why an array cannot be the labels of the part, which has so many rows.
func (p *chosenPart) checkLabels(path string, rows int) error {
	l, name := p.labels, path+"/"+p.labels.name
	switch {
	case l.err != nil:
		return l.err
	case !l.numeric() && !l.text():
		return notNumbers(name, l.descr)
	case product(l.shape) != rows && len(l.shape) == 2 && l.shape[0] == rows:
		return wrong(name, "labels of shape %s: expected one for each of the %d rows of %s, or --label none", times(l.shape), rows, path+"/"+p.values.name)
	case product(l.shape) != rows:
		return wrong(name, "%d labels: expected %d, one for each row of %s", product(l.shape), rows, path+"/"+p.values.name)
	}
	return nil
}

// chooseNames finds the names of rows, classes and columns.
func (c *chosen) chooseNames(path string, arrays []*arrayInfo, how *Reading) error {
	values := c.parts[0].values
	rows, row := how.rowsOf(values.shape)
	beside := func(name string, n int, texts bool) *arrayInfo {
		a := find(arrays, name)
		if a == nil || a == values || a == c.parts[0].labels || len(a.shape) != 1 || n >= 0 && a.shape[0] != n || !a.text() && (texts || !a.numeric()) {
			return nil
		}
		if _, ok := a.textSize(); a.text() && !ok {
			return nil
		}
		return a
	}
	if c.column = beside(columnsArray, product(row), true); len(row) > 1 {
		c.column = nil
	}
	if c.parts[0].labels != nil {
		c.classes = beside(classArray, -1, true)
	}
	if c.classes != nil && c.classes.shape[0] > maxClasses {
		c.classes = nil
	}
	switch how.ID {
	case "none":
	case "":
		c.ids = beside(idArray, rows, false)
	default:
		if c.ids = beside(how.ID, rows, false); c.ids == nil {
			return wrong(path, "no array %q of %d names or numbers: expected --id none, or --id with one of %s", clip(how.ID), rows, listArrays(arrays))
		}
	}
	return nil
}

// list returns the arrays that are read, each once.
func (c *chosen) list() []*arrayInfo {
	var list []*arrayInfo
	for _, p := range c.parts {
		list = append(list, p.values, p.labels)
	}
	list = append(list, c.ids, c.classes, c.column)
	return slices.DeleteFunc(list, func(a *arrayInfo) bool { return a == nil })
}

// listArrays names arrays for a message of one line.
func listArrays(arrays []*arrayInfo) string {
	const most = 12
	if len(arrays) == 0 {
		return "none"
	}
	words := make([]string, 0, most+1)
	for _, a := range arrays[:min(len(arrays), most)] {
		words = append(words, a.String())
	}
	if more := len(arrays) - most; more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, ", ")
}
