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

// textLabels makes class labels of names: as numericLabels where every name is a number, else the names in sorted
// order.
func textLabels(path string, names []string) ([]int32, []string, error) {
	if values, ok := allNumbers(names); ok {
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

// attach gives the sets their labels, read from paths (one a set, same order).
func attach(sets []*Set, paths []string, values [][]float64) error {
	for i, s := range sets {
		if len(values[i]) != s.Rows {
			return &Error{Path: paths[i], Msg: fmt.Sprintf("%d labels: expected %d, one for each row of %s",
				len(values[i]), s.Rows, s.Name)}
		}
	}
	labels, classes, err := numericLabels(paths, values)
	if err != nil {
		return err
	}
	for i, s := range sets {
		s.Labels, s.Classes = labels[i], classes
	}
	return nil
}
