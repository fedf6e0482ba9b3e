package data

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
)

// maxDirect bounds the integer labels that are used as they are. Larger ones are codes rather than counts, and a list
// of class names up to them would be mostly holes.
const maxDirect = 1 << 10

// numericLabels makes class labels of the numbers in parts, which share one list of classes. Integers from 0 to
// maxDirect are their own labels, with a class for each number up to the largest; other numbers become the classes, in
// rising order. A NaN is an Error about the part's path.
func numericLabels(paths []string, parts [][]float64) (labels [][]int32, classes []string, err error) {
	seen := map[float64]int32{}
	top, direct := 0.0, true
	for p, values := range parts {
		for i, v := range values {
			if math.IsNaN(v) {
				return nil, nil, &Error{Path: paths[p], Row: i + 1, Msg: "the label is NaN: expected a class"}
			}
			direct = direct && v >= 0 && v <= maxDirect && v == math.Trunc(v)
			top = max(top, v)
			seen[v] = 0
		}
	}
	if direct {
		for k := range int(top) + 1 {
			seen[float64(k)] = 0
		}
	}
	for k, v := range slices.Sorted(maps.Keys(seen)) {
		seen[v] = int32(k)
		classes = append(classes, strconv.FormatFloat(v, 'g', -1, 64))
	}
	for _, values := range parts {
		labels = append(labels, lookUp(values, seen))
	}
	return labels, classes, nil
}

// textLabels makes class labels of names: as numericLabels where every name is a number that float64 holds, else the
// names in sorted order.
func textLabels(path string, names []string) ([]int32, []string, error) {
	if values, ok := allNumbers(names); ok && !slices.ContainsFunc(names, isLong) {
		labels, classes, err := numericLabels([]string{path}, [][]float64{values})
		if err != nil {
			return nil, nil, err
		}
		return labels[0], classes, nil
	}
	seen := map[string]int32{}
	for _, n := range names {
		seen[n] = 0
	}
	classes := slices.Sorted(maps.Keys(seen))
	for k, n := range classes {
		seen[n] = int32(k)
	}
	return lookUp(names, seen), classes, nil
}

// allNumbers parses every name, false where one is not a number.
func allNumbers(names []string) ([]float64, bool) {
	values := make([]float64, len(names))
	for i, n := range names {
		v, err := strconv.ParseFloat(n, 64)
		if err != nil || math.IsNaN(v) {
			return nil, false
		}
		values[i] = v
	}
	return values, true
}

// lookUp maps keys to labels.
func lookUp[K comparable](keys []K, label map[K]int32) []int32 {
	out := make([]int32, len(keys))
	for i, k := range keys {
		out[i] = label[k]
	}
	return out
}

// labelList is the labels of one set as they were read: numbers, or names where names is set.
type labelList struct {
	path    string
	numbers []float64
	names   []string
}

func (l *labelList) len() int { return max(len(l.numbers), len(l.names)) }

// text returns the labels as names.
func (l *labelList) text() []string {
	if l.names != nil {
		return l.names
	}
	names := make([]string, len(l.numbers))
	for i, v := range l.numbers {
		names[i] = strconv.FormatFloat(v, 'g', -1, 64)
	}
	return names
}

// attach gives the sets their labels, read from paths (one a set, same order).
func attach(sets []*Set, paths []string, values [][]float64) error {
	lists := make([]labelList, len(values))
	for i := range lists {
		lists[i] = labelList{path: paths[i], numbers: values[i]}
	}
	return attachLists(sets, lists, nil)
}

// attachLists gives the sets their labels, one list a set. A class means the same in all of them. Numbers that are
// indices into names of classes, where there are any, are those classes.
func attachLists(sets []*Set, lists []labelList, classes []string) error {
	if len(sets) == 0 {
		return nil
	}
	named, indices := false, len(classes) > 0
	for i, s := range sets {
		if n := lists[i].len(); n != s.Rows {
			return &Error{Path: lists[i].path, Msg: fmt.Sprintf("%d labels: expected %d, one for each row of %s", n, s.Rows, s.Name)}
		}
		named = named || lists[i].names != nil
		for _, v := range lists[i].numbers {
			indices = indices && v >= 0 && v < float64(len(classes)) && v == math.Trunc(v)
		}
	}
	var labels [][]int32
	var err error
	switch {
	case named:
		labels, classes, err = namedLabels(lists)
	case indices:
		for _, l := range lists {
			part := make([]int32, len(l.numbers))
			for i, v := range l.numbers {
				part[i] = int32(v)
			}
			labels = append(labels, part)
		}
	default:
		var paths []string
		var values [][]float64
		for _, l := range lists {
			paths, values = append(paths, l.path), append(values, l.numbers)
		}
		labels, classes, err = numericLabels(paths, values)
	}
	if err != nil {
		return err
	}
	for i, s := range sets {
		s.Labels, s.Classes = labels[i], classes
	}
	return nil
}

// namedLabels makes class labels of names, all lists together.
func namedLabels(lists []labelList) (labels [][]int32, classes []string, err error) {
	var all []string
	for _, l := range lists {
		all = append(all, l.text()...)
	}
	joint, classes, err := textLabels(lists[0].path, all)
	if err != nil {
		return nil, nil, err
	}
	for _, l := range lists {
		labels = append(labels, joint[:l.len():l.len()])
		joint = joint[l.len():]
	}
	return labels, classes, nil
}
